//! The eFuse words of an ESP32-C3: MAC, revision, and what security is burned. Knows no bus.
//!
//! Field positions after the eFuse table of ESP-IDF (`esp_efuse_table.csv`): in block 1, MAC at bits 0 to 47, wafer
//! version minor at 114 (3 bits) and 183 (1 bit), major at 184 (2 bits). In block 0, SPI_BOOT_CRYPT_CNT at 0x34 bit 18
//! (3 bits), KEY_PURPOSE_0 at 0x34 bit 24, SECURE_BOOT_EN at 0x38 bit 20, ENABLE_SECURITY_DOWNLOAD at 0x3c bit 5.
//! Flags of GET_SECURITY_INFO after the public `esptool` (`SECURITY_INFO_FLAG_MAP`) and its list of key purposes.

use crate::faults::{Fault, Faults};
use crate::mac::Mac;

/// Major and minor number of the chip revision: v0.3, as in the boot logs.
const REVISION: (u32, u32) = (0, 3);
/// The revision of a chip that is too old for what is built today.
const OLD_REVISION: (u32, u32) = (0, 1);

/// Offset of block 1 from the base of the eFuse controller.
const BLOCK_1: u32 = 0x44;
/// Purposes of a key: XTS-AES-128 for flash encryption, and the digest of a secure boot key.
const XTS_AES_128: u8 = 4;
const SECURE_BOOT_DIGEST_0: u8 = 9;
/// What the ROM says of the seventh block, which is not for keys.
const NO_KEY: u8 = 12;
/// Bits of the security flags: secure boot, secure download mode.
const FLAG_SECURE_BOOT: u32 = 1;
const FLAG_SECURE_DOWNLOAD: u32 = 1 << 2;

/// What is burned into a chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fuses {
    /// Major and minor number of the revision.
    pub(crate) revision: (u32, u32),
    secure_boot: bool,
    encryption: bool,
    secure_download: bool,
}

impl Fuses {
    /// A virgin chip, with what the faults say of it.
    pub(crate) fn under(faults: &Faults) -> Self {
        Self {
            revision: if faults.is_on(&Fault::OldRevision) { OLD_REVISION } else { REVISION },
            secure_boot: faults.is_on(&Fault::SecureBoot),
            encryption: faults.is_on(&Fault::FlashEncryption),
            secure_download: faults.is_on(&Fault::SecureDownload),
        }
    }

    /// The word at `offset` from the base of the eFuse controller.
    pub(crate) fn word(self, offset: u32, mac: Mac) -> u32 {
        let [a, b, c, d, e, f] = mac.0;
        let (major, minor) = self.revision;
        let [purpose, ..] = self.key_purposes();
        match offset {
            0x34 => u32::from(self.crypt_count()) << 18 | u32::from(purpose) << 24,
            0x38 => u32::from(self.secure_boot) << 20,
            0x3c => u32::from(self.secure_download) << 5,
            _ => match offset.wrapping_sub(BLOCK_1) {
                0x00 => u32::from_be_bytes([c, d, e, f]),
                0x04 => u32::from_be_bytes([0, 0, a, b]),
                0x0c => (minor & 0b111) << 18,
                0x14 => (minor >> 3) << 23 | major << 24,
                _ => 0,
            },
        }
    }

    /// GET_SECURITY_INFO: flags (u32), flash encryption count (u8), key purposes (7 × u8), chip id (u32) and the version
    /// of the ROM (u32), which is that of the chip.
    pub(crate) fn security_info(self, chip_id: u32) -> Vec<u8> {
        let flag = |is_set: bool, flag: u32| if is_set { flag } else { 0 };
        let flags = flag(self.secure_boot, FLAG_SECURE_BOOT) | flag(self.secure_download, FLAG_SECURE_DOWNLOAD);
        let mut info = flags.to_le_bytes().to_vec();
        info.push(self.crypt_count());
        info.extend(self.key_purposes());
        info.extend(chip_id.to_le_bytes());
        info.extend(self.revision.1.to_le_bytes());
        info
    }

    /// An odd number of bits means that the flash is encrypted; a released product has all three.
    fn crypt_count(self) -> u8 {
        if self.encryption { 0b111 } else { 0 }
    }

    fn key_purposes(self) -> [u8; 7] {
        let used = [self.encryption.then_some(XTS_AES_128), self.secure_boot.then_some(SECURE_BOOT_DIGEST_0)];
        let mut purposes = [0, 0, 0, 0, 0, 0, NO_KEY];
        purposes.iter_mut().zip(used.into_iter().flatten()).for_each(|(purpose, used)| *purpose = used);
        purposes
    }
}
