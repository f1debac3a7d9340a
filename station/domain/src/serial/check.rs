//! Check digits, computed over the serial number before them.

/// A rule for a check digit. Both notice every single wrong character that they cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Check {
    /// `{luhn}`: over the digits; everything else is passed over. Source: ISO/IEC 7812-1, annex B.
    Luhn,
    /// `{mod36}`: over capital letters and digits; separators are passed over. Source: ISO/IEC 7064, MOD 37,36.
    Mod36,
}

impl Check {
    pub(super) fn digit(self, body: &str) -> char {
        match self {
            Self::Luhn => luhn(body),
            Self::Mod36 => mod_37_36(body),
        }
    }
}

fn luhn(body: &str) -> char {
    let digits = body.chars().rev().filter_map(|c| c.to_digit(10));
    let sum: u32 = digits.enumerate().map(|(index, digit)| if index % 2 == 0 { doubled(digit) } else { digit }).sum();
    symbol((10 - sum % 10) % 10)
}

const fn doubled(digit: u32) -> u32 {
    let twice = 2 * digit;
    if twice > 9 { twice - 9 } else { twice }
}

fn mod_37_36(body: &str) -> char {
    const M: u32 = 36;
    let values = body.chars().filter_map(|c| c.to_digit(M));
    let product = values.fold(M, |product, value| {
        let sum = (product + value) % M;
        (if sum == 0 { M } else { sum }) * 2 % (M + 1)
    });
    symbol((M + 1 - product) % M)
}

fn symbol(value: u32) -> char {
    char::from_digit(value, 36).expect("a remainder of 36 is a digit of base 36").to_ascii_uppercase()
}
