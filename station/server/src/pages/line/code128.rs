//! Code 128 as bars of an SVG: what a line scanner reads.

use maud::{Markup, html};

use crate::labels::code128::modules;

/// Light modules that must stand at either side. Source: ISO/IEC 15417.
const QUIET: usize = 10;

/// The text as an SVG image, one unit to a module; `None` when it is empty or holds what Code 128 does not.
pub(super) fn svg(text: &str) -> Option<Markup> {
    let modules = modules(text).ok().filter(|_| !text.is_empty())?;
    let mut bars: Vec<(usize, usize)> = Vec::new();
    for at in modules.iter().enumerate().filter_map(|(at, dark)| dark.then_some(at + QUIET)) {
        match bars.last_mut() {
            Some((began, width)) if *began + *width == at => *width += 1,
            Some(_) | None => bars.push((at, 1)),
        }
    }
    let width = modules.len() + 2 * QUIET;
    Some(html! {
        svg.code128 viewBox={ "0 0 " (width) " 40" } preserveAspectRatio="none" role="img" aria-label={ "Code 128: " (text) } {
            rect width="100%" height="100%" fill="#fff" {}
            @for (x, width) in bars { rect x=(x) y="0" width=(width) height="40" fill="#000" {} }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_where_the_symbols_put_them() {
        let drawn = svg("A").unwrap().into_string();
        // Start B is 211214: a bar of two modules after the quiet zone, one of one after a space of one.
        assert!(drawn.contains(r#"x="10" y="0" width="2""#) && drawn.contains(r#"x="13" y="0" width="1""#), "{drawn}");
        // Start, A, check and stop, and ten light modules at either side.
        assert!(drawn.contains(r#"viewBox="0 0 66 40""#), "{drawn}");
    }

    #[test]
    fn what_code_128_does_not_hold_makes_no_code() {
        assert!(svg("\u{5de5}\u{5355}").is_none() && svg("").is_none() && svg("a\tb").is_none());
    }
}
