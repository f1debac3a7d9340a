//! What the chip says it is: chip id, magic number, and where its registers stand. Knows no protocol.
//!
//! Numbers after espflash 4.7 (`target`, MIT/Apache-2.0) and the technical reference manuals.

use crate::faults::{Fault, Faults, ForeignChip};

/// The marks by which tools recognise a chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// `chip_id` of GET_SECURITY_INFO, and of image headers.
    pub(crate) chip_id: u32,
    /// The word at 0x4000_1000, by which older tools recognise a chip.
    pub(crate) magic: u32,
    /// Base address of the eFuse controller.
    pub(crate) efuse: u32,
    /// Base address of the SPI controller of the flash.
    pub(crate) spi: u32,
}

/// The chip id of an ESP32-C3 in image headers and in GET_SECURITY_INFO.
pub(crate) const ESP32C3: u32 = 5;

const C3: Identity = Identity { chip_id: ESP32C3, magic: 0x1b31_506f, efuse: 0x6000_8800, spi: 0x6000_2000 };

impl Identity {
    /// An ESP32-C3, or the chip that the fault names.
    pub(crate) fn under(faults: &Faults) -> Self {
        let foreign =
            faults.find(|fault: &Fault| if let Fault::WrongChip { chip } = fault { Some(*chip) } else { None });
        match foreign {
            None => C3,
            Some(ForeignChip::Esp32s3) => Self { chip_id: 9, magic: 0x0000_0009, efuse: 0x6000_7000, spi: 0x6000_2000 },
            Some(ForeignChip::Esp32c6) => {
                Self { chip_id: 13, magic: 0x2ce0_806f, efuse: 0x600b_0800, spi: 0x6000_3000 }
            }
            Some(ForeignChip::Esp32h2) => {
                Self { chip_id: 16, magic: 0xd7b7_3e80, efuse: 0x600b_0800, spi: 0x6000_3000 }
            }
        }
    }
}
