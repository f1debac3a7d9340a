//! UUIDs of the Bluetooth service in any text. Source: device contract, section 6: they are compared as 128-bit values.

use alloc::vec::Vec;

/// `1d14d6ee-0000-4000-8024-b5a3c0ffee01`: all UUIDs of the contract, but for their second group.
const FAMILY: u128 = 0x1d14_d6ee_0000_4000_8024_b5a3_c0ff_ee01;
/// The same of old firmware, whose clock sequence has its octets swapped.
const OLD_FAMILY: u128 = 0x1d14_d6ee_0000_4000_2480_b5a3_c0ff_ee01;
/// The second group, which tells service and characteristics apart.
const MEMBER: u128 = 0xffff << 80;

/// How a text shows a UUID of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UuidForm {
    /// `1d14d6ee-0001-4000-8024-b5a3c0ffee01`.
    Canonical,
    /// The same value in another form: capital letters, without hyphens, or its octets from last to first.
    OtherText,
    /// Another value: the octets of the clock sequence are swapped, as old firmware has them.
    OldByteOrder,
}

/// The first UUID of the contract in `text`.
pub fn find(text: &str) -> Option<UuidForm> {
    text.split(|c: char| !c.is_ascii_hexdigit() && c != '-').find_map(form)
}

fn form(word: &str) -> Option<UuidForm> {
    let digits: Vec<u8> = word.bytes().filter(|byte| *byte != b'-').collect();
    let value = (digits.len() == 32).then(|| core::str::from_utf8(&digits).ok())??;
    let value = u128::from_str_radix(value, 16).ok()?;
    let family = |value: u128| value & !MEMBER;
    if family(value) == OLD_FAMILY || family(value.swap_bytes()) == OLD_FAMILY {
        return Some(UuidForm::OldByteOrder);
    }
    if family(value) == FAMILY {
        return Some(if is_canonical(word) { UuidForm::Canonical } else { UuidForm::OtherText });
    }
    (family(value.swap_bytes()) == FAMILY).then_some(UuidForm::OtherText)
}

/// Groups of 8, 4, 4, 4 and 12 small letters and digits. Source: RFC 9562, section 4.
fn is_canonical(word: &str) -> bool {
    word.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && !word.bytes().any(|byte| byte.is_ascii_uppercase())
}
