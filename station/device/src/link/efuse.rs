//! What a chip's eFuses say: its MAC and its revision. Knows the fields through espflash, and reads them by itself.

use espflash::target::Chip;
use espflash::target::efuse::{self, EfuseField};
use firstpass_domain::{Mac, Revision};

use super::chip::read;
use super::error::WireError;
use super::wire::Wire;

/// A register of the ESP32 that holds one bit of its revision (ESP-IDF, `DR_REG_APB_CTRL_DATE`).
const ESP32_APB_DATE: u32 = 0x3ff6_607c;
const WORD_LEN: u32 = 4;
const WORD_BITS: u32 = 32;

/// The eFuse base MAC.
pub(super) fn mac(wire: &mut Wire, chip: Chip) -> Result<Mac, WireError> {
    let (low, high) = match chip {
        Chip::Esp32 => (efuse::esp32::MAC0, efuse::esp32::MAC1),
        Chip::Esp32c2 => (efuse::esp32c2::MAC0, efuse::esp32c2::MAC1),
        Chip::Esp32c5 => (efuse::esp32c5::MAC0, efuse::esp32c5::MAC1),
        Chip::Esp32c6 => (efuse::esp32c6::MAC0, efuse::esp32c6::MAC1),
        Chip::Esp32h2 => (efuse::esp32h2::MAC0, efuse::esp32h2::MAC1),
        Chip::Esp32p4 => (efuse::esp32p4::MAC0, efuse::esp32p4::MAC1),
        Chip::Esp32s2 => (efuse::esp32s2::MAC0, efuse::esp32s2::MAC1),
        Chip::Esp32s3 => (efuse::esp32s3::MAC0, efuse::esp32s3::MAC1),
        // The C3, and what came after these chips: all of them keep it in the first words of block 1.
        _ => (efuse::esp32c3::MAC0, efuse::esp32c3::MAC1),
    };
    let [b2, b3, b4, b5] = field(wire, chip, low)?.to_be_bytes();
    let [_, _, b0, b1] = field(wire, chip, high)?.to_be_bytes();
    Ok(Mac::new([b0, b1, b2, b3, b4, b5]))
}

/// The silicon revision; `None` for a chip whose fields are not known here.
pub(super) fn revision(wire: &mut Wire, chip: Chip) -> Result<Option<Revision>, WireError> {
    let Some((major, minor)) = wafer_version(chip) else {
        return if chip == Chip::Esp32 { revision_of_esp32(wire).map(Some) } else { Ok(None) };
    };
    let major = if is_mislabelled_s3(wire, chip)? { 0 } else { joined(wire, chip, major)? };
    Ok(Some(Revision { major, minor: joined(wire, chip, minor)? }))
}

/// A number whose upper bits may stand in a field of their own.
type Split = (Option<EfuseField>, EfuseField);

fn wafer_version(chip: Chip) -> Option<(Split, Split)> {
    use efuse::{esp32c2, esp32c3, esp32c5, esp32c6, esp32h2, esp32p4, esp32s2, esp32s3};
    Some(match chip {
        Chip::Esp32c2 => ((None, esp32c2::WAFER_VERSION_MAJOR), (None, esp32c2::WAFER_VERSION_MINOR)),
        Chip::Esp32c3 => (
            (None, esp32c3::WAFER_VERSION_MAJOR),
            (Some(esp32c3::WAFER_VERSION_MINOR_HI), esp32c3::WAFER_VERSION_MINOR_LO),
        ),
        Chip::Esp32c5 => ((None, esp32c5::WAFER_VERSION_MAJOR), (None, esp32c5::WAFER_VERSION_MINOR)),
        Chip::Esp32c6 => ((None, esp32c6::WAFER_VERSION_MAJOR), (None, esp32c6::WAFER_VERSION_MINOR)),
        Chip::Esp32h2 => ((None, esp32h2::WAFER_VERSION_MAJOR), (None, esp32h2::WAFER_VERSION_MINOR)),
        Chip::Esp32p4 => (
            (Some(esp32p4::WAFER_VERSION_MAJOR_HI), esp32p4::WAFER_VERSION_MAJOR_LO),
            (None, esp32p4::WAFER_VERSION_MINOR),
        ),
        Chip::Esp32s2 => (
            (None, esp32s2::WAFER_VERSION_MAJOR),
            (Some(esp32s2::WAFER_VERSION_MINOR_HI), esp32s2::WAFER_VERSION_MINOR_LO),
        ),
        Chip::Esp32s3 => (
            (None, esp32s3::WAFER_VERSION_MAJOR),
            (Some(esp32s3::WAFER_VERSION_MINOR_HI), esp32s3::WAFER_VERSION_MINOR_LO),
        ),
        // The ESP32 counts otherwise, and espflash may learn chips before we do.
        _ => return None,
    })
}

fn joined(wire: &mut Wire, chip: Chip, (high, low): Split) -> Result<u32, WireError> {
    let low_bits = low.bit_count;
    let high = high.map_or(Ok(0), |high| field(wire, chip, high))?;
    Ok(high << low_bits | field(wire, chip, low)?)
}

/// The first ESP32-S3 tell a major revision that they do not have; they are known by the version of their eFuse block
/// (ESP-IDF, `efuse_hal_get_major_chip_version` of the S3).
fn is_mislabelled_s3(wire: &mut Wire, chip: Chip) -> Result<bool, WireError> {
    if chip != Chip::Esp32s3 {
        return Ok(false);
    }
    let major = field(wire, chip, efuse::esp32s3::BLK_VERSION_MAJOR)?;
    Ok(major == 1 && field(wire, chip, efuse::esp32s3::BLK_VERSION_MINOR)? == 1)
}

/// The ESP32's major revision is told by three bits in three places (ESP-IDF, `efuse_hal_get_major_chip_version`).
fn revision_of_esp32(wire: &mut Wire) -> Result<Revision, WireError> {
    let [first, second] = [EfuseField::new(0, 3, 3 * 32 + 15, 1), EfuseField::new(0, 5, 5 * 32 + 20, 1)];
    let bits = [field(wire, Chip::Esp32, first)?, field(wire, Chip::Esp32, second)?, read(wire, ESP32_APB_DATE)? >> 31];
    let major = match bits {
        [1, 0, 0] => 1,
        [1, 1, 0] => 2,
        [1, 1, 1] => 3,
        _ => 0,
    };
    Ok(Revision { major, minor: field(wire, Chip::Esp32, efuse::esp32::WAFER_VERSION_MINOR)? })
}

/// The value of a field that lies within one word, as all do that are read here.
pub(super) fn field(wire: &mut Wire, chip: Chip, field: EfuseField) -> Result<u32, WireError> {
    let word = read(wire, address(chip, field.block) + field.bit_start / WORD_BITS * WORD_LEN)?;
    let mask = u32::MAX.checked_shr(WORD_BITS - field.bit_count).unwrap_or(0);
    Ok(word >> (field.bit_start % WORD_BITS) & mask)
}

/// Where the words of a block are read. The blocks follow each other but on the ESP32, of which only block 0 is read.
fn address(chip: Chip, block: u32) -> u32 {
    let before = (0..block as usize).map(|block| chip.block_size(block)).sum::<u32>();
    chip.efuse_reg() + chip.block0_offset() + before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_where_the_manuals_have_them() {
        for (chip, block, wanted) in [
            (Chip::Esp32, 0, 0x3ff5_a000),
            (Chip::Esp32c2, 2, 0x6000_8840),
            (Chip::Esp32c3, 1, 0x6000_8844),
            (Chip::Esp32c3, 2, 0x6000_885c),
            (Chip::Esp32c5, 1, 0x600b_4844),
            (Chip::Esp32c6, 1, 0x600b_0844),
            (Chip::Esp32h2, 2, 0x600b_085c),
            (Chip::Esp32p4, 1, 0x5012_d044),
            (Chip::Esp32s2, 2, 0x3f41_a05c),
            (Chip::Esp32s3, 2, 0x6000_705c),
        ] {
            assert_eq!(address(chip, block), wanted, "{chip}, block {block}");
        }
    }

    #[test]
    fn no_field_that_is_read_crosses_a_word() {
        let fits = |field: &EfuseField| field.bit_start % 32 + field.bit_count <= 32 && field.bit_count > 0;
        let chips = [
            Chip::Esp32c2,
            Chip::Esp32c3,
            Chip::Esp32c5,
            Chip::Esp32c6,
            Chip::Esp32h2,
            Chip::Esp32p4,
            Chip::Esp32s2,
            Chip::Esp32s3,
        ];
        for chip in chips {
            let (major, minor) = wafer_version(chip).unwrap();
            let fields = [major.0, Some(major.1), minor.0, Some(minor.1)];
            assert!(fields.iter().flatten().all(fits), "{chip}");
        }
    }
}
