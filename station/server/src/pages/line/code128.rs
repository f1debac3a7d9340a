//! Code 128, code set B, as bars of an SVG: what a line scanner reads. Source of the patterns: ISO/IEC 15417, annex A.

use maud::{Markup, html};

/// Widths of the six bars and spaces of every symbol, in modules; the stop symbol has a seventh bar.
const SYMBOLS: [&str; 107] = [
    "212222", "222122", "222221", "121223", "121322", "131222", "122213", "122312", "132212", "221213", "221312",
    "231212", "112232", "122132", "122231", "113222", "123122", "123221", "223211", "221132", "221231", "213212",
    "223112", "312131", "311222", "321122", "321221", "312212", "322112", "322211", "212123", "212321", "232121",
    "111323", "131123", "131321", "112313", "132113", "132311", "211313", "231113", "231311", "112133", "112331",
    "132131", "113123", "113321", "133121", "313121", "211331", "231131", "213113", "213311", "213131", "311123",
    "311321", "331121", "312113", "312311", "332111", "314111", "221411", "431111", "111224", "111422", "121124",
    "121421", "141122", "141221", "112214", "112412", "122114", "122411", "142112", "142211", "241211", "221114",
    "413111", "241112", "134111", "111242", "121142", "121241", "114212", "124112", "124211", "411212", "421112",
    "421211", "212141", "214121", "412121", "111143", "111341", "131141", "114113", "114311", "411113", "411311",
    "113141", "114131", "311141", "411131", "211412", "211214", "211232", "2331112",
];
const START_B: usize = 104;
const STOP: usize = 106;
/// The check symbol is a sum modulo this.
const MODULUS: usize = 103;
/// Light modules that must stand at either side.
const QUIET: u32 = 10;

/// The text as an SVG image, one unit to a module; `None` when it holds what code set B does not.
pub(super) fn svg(text: &str) -> Option<Markup> {
    let symbols = symbols(text)?;
    let widths = symbols.iter().flat_map(|symbol| SYMBOLS[*symbol].bytes()).map(|digit| u32::from(digit - b'0'));
    let mut bars = Vec::new();
    let mut at = QUIET;
    for (index, width) in widths.enumerate() {
        if index % 2 == 0 {
            bars.push((at, width));
        }
        at += width;
    }
    Some(html! {
        svg.code128 viewBox={ "0 0 " (at + QUIET) " 40" } preserveAspectRatio="none" role="img" aria-label={ "Code 128: " (text) } {
            rect width="100%" height="100%" fill="#fff" {}
            @for (x, width) in bars { rect x=(x) y="0" width=(width) height="40" fill="#000" {} }
        }
    })
}

/// Start, text, check symbol and stop.
fn symbols(text: &str) -> Option<Vec<usize>> {
    let text = text.bytes().map(|byte| (32..127).contains(&byte).then(|| usize::from(byte) - 32));
    let text: Vec<usize> = text.collect::<Option<_>>()?;
    if text.is_empty() {
        return None;
    }
    let sum: usize = text.iter().enumerate().map(|(index, symbol)| (index + 1) * symbol).sum();
    Some([&[START_B], text.as_slice(), &[(START_B + sum) % MODULUS, STOP]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_is_eleven_modules_wide_of_its_own_kind_and_the_stop_thirteen() {
        for (index, symbol) in SYMBOLS.iter().enumerate() {
            let width: u32 = symbol.bytes().map(|digit| u32::from(digit - b'0')).sum();
            assert_eq!(width, if index == STOP { 13 } else { 11 }, "symbol {index}");
            // Dark modules are even in number, which is how scanners find a misread symbol.
            let dark: u32 = symbol.bytes().step_by(2).map(|digit| u32::from(digit - b'0')).sum();
            assert!(index == STOP || dark.is_multiple_of(2), "symbol {index}");
            assert_eq!(SYMBOLS.iter().filter(|other| *other == symbol).count(), 1, "symbol {index}");
        }
    }

    #[test]
    fn the_check_symbol_is_the_weighted_sum_modulo_103() {
        // The literature's example begins with start A (103) and has 54; start B (104) makes it one more.
        assert_eq!(symbols("PJJ123C").unwrap(), [104, 48, 42, 42, 17, 18, 19, 35, 55, 106]);
    }

    #[test]
    fn what_code_set_b_does_not_hold_makes_no_code() {
        assert!(symbols("工单").is_none() && symbols("").is_none() && symbols("a\tb").is_none());
    }
}
