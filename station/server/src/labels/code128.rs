//! Code 128, subsets B and C. Source: ISO/IEC 15417.

use super::{code::check_characters, error::FillError};

const START_B: usize = 104;
const START_C: usize = 105;
const STOP: usize = 106;
/// Least digits that make subset C worth while; it takes pairs.
const DIGITS_FOR_C: usize = 4;

/// Widths of bars and spaces of each value, a bar first.
#[rustfmt::skip]
const WIDTHS: [&[u8]; 107] = [
    b"212222", b"222122", b"222221", b"121223", b"121322", b"131222", b"122213", b"122312", b"132212", b"221213",
    b"221312", b"231212", b"112232", b"122132", b"122231", b"113222", b"123122", b"123221", b"223211", b"221132",
    b"221231", b"213212", b"223112", b"312131", b"311222", b"321122", b"321221", b"312212", b"322112", b"322211",
    b"212123", b"212321", b"232121", b"111323", b"131123", b"131321", b"112313", b"132113", b"132311", b"211313",
    b"231113", b"231311", b"112133", b"112331", b"132131", b"113123", b"113321", b"133121", b"313121", b"211331",
    b"231131", b"213113", b"213311", b"213131", b"311123", b"311321", b"331121", b"312113", b"312311", b"332111",
    b"314111", b"221411", b"431111", b"111224", b"111422", b"121124", b"121421", b"141122", b"141221", b"112214",
    b"112412", b"122114", b"122411", b"142112", b"142211", b"241211", b"221114", b"413111", b"241112", b"134111",
    b"111242", b"121142", b"121241", b"114212", b"124112", b"124211", b"411212", b"421112", b"421211", b"212141",
    b"214121", b"412121", b"111143", b"111341", b"131141", b"114113", b"114311", b"411113", b"411311", b"113141",
    b"114131", b"311141", b"411131", b"211412", b"211214", b"211232", b"2331112",
];

/// Whether `data` is written in subset C, two digits to a symbol; else each character is one of subset B.
pub(super) fn is_pairs(data: &str) -> bool {
    data.len() >= DIGITS_FOR_C && data.len().is_multiple_of(2) && data.bytes().all(|byte| byte.is_ascii_digit())
}

/// The modules from the first bar to the last, without the quiet zones; `true` is a bar.
pub(crate) fn modules(data: &str) -> Result<Vec<bool>, FillError> {
    check_characters(data)?;
    let mut values = values(data);
    let weighted = values.iter().zip([1].into_iter().chain(1..)).map(|(value, weight)| value * weight);
    let check = weighted.sum::<usize>() % 103;
    values.extend([check, STOP]);
    Ok(values.iter().flat_map(|value| bars(WIDTHS[*value])).collect())
}

fn values(data: &str) -> Vec<usize> {
    let digit = |byte: &u8| usize::from(byte - b'0');
    if is_pairs(data) {
        let pairs = data.as_bytes().chunks_exact(2).map(|pair| digit(&pair[0]) * 10 + digit(&pair[1]));
        return [START_C].into_iter().chain(pairs).collect();
    }
    [START_B].into_iter().chain(data.bytes().map(|byte| usize::from(byte - b' '))).collect()
}

fn bars(widths: &[u8]) -> impl Iterator<Item = bool> + '_ {
    let is_bar = [true, false].into_iter().cycle();
    widths.iter().zip(is_bar).flat_map(|(width, bar)| std::iter::repeat_n(bar, usize::from(width - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_is_eleven_modules_wide_of_its_own_kind_and_the_stop_thirteen() {
        for (index, symbol) in WIDTHS.iter().enumerate() {
            let width: u32 = symbol.iter().map(|digit| u32::from(digit - b'0')).sum();
            assert_eq!(width, if index == STOP { 13 } else { 11 }, "symbol {index}");
            // Dark modules are even in number, which is how scanners find a misread symbol.
            let dark: u32 = symbol.iter().step_by(2).map(|digit| u32::from(digit - b'0')).sum();
            assert!(index == STOP || dark.is_multiple_of(2), "symbol {index}");
            assert_eq!(WIDTHS.iter().filter(|other| *other == symbol).count(), 1, "symbol {index}");
        }
    }

    #[test]
    fn the_check_symbol_is_the_weighted_sum_modulo_103() {
        // The literature's example begins with start A (103) and has 54; start B (104) makes it one more.
        let symbols = [104, 48, 42, 42, 17, 18, 19, 35, 55, 106];
        let drawn: Vec<bool> = symbols.iter().flat_map(|symbol| bars(WIDTHS[*symbol])).collect();
        assert_eq!(modules("PJJ123C").unwrap(), drawn);
    }
}
