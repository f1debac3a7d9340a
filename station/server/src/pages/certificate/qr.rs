//! A QR code as a drawing in the page: vectors, so that it prints sharp, and no style.

use std::fmt::Write as _;

use maud::{Markup, html};
use qrcode::{Color, EcLevel, QrCode};

/// Modules of white around the code, as readers want it (ISO/IEC 18004).
const QUIET: usize = 4;

/// The code of a text; nothing when the text is too long for one.
pub(super) fn svg(text: &str) -> Markup {
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::M) else { return html! {} };
    let size = code.width() + 2 * QUIET;
    html! {
        svg.qr viewBox={ "0 0 " (size) " " (size) } role="img" aria-label="QR code of this certificate" data-text=(text)
            shape-rendering="crispEdges" {
            rect width=(size) height=(size) fill="#fff" {}
            path d=(path(&code)) fill="#000" {}
        }
    }
}

/// One stroke for each row of dark modules side by side.
fn path(code: &QrCode) -> String {
    let width = code.width();
    let colors = code.to_colors();
    let mut path = String::new();
    for (y, row) in colors.chunks(width).enumerate() {
        let mut x = 0;
        while x < width {
            let dark = row[x..].iter().take_while(|color| **color == Color::Dark).count();
            if dark > 0 {
                write!(path, "M{} {}h{dark}v1h-{dark}z", x + QUIET, y + QUIET)
                    .expect("writing to a string does not fail");
            }
            x += dark.max(1);
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The modules that a path draws, each as a square of `scale` dots.
    fn dots(path: &str, size: usize, scale: usize) -> Vec<Vec<bool>> {
        let mut dots = vec![vec![false; size * scale]; size * scale];
        for stroke in path.split('M').filter(|stroke| !stroke.is_empty()) {
            let (place, rest) = stroke.split_once('h').unwrap();
            let (x, y) = place.split_once(' ').unwrap();
            let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
            let len: usize = rest.split_once('v').unwrap().0.parse().unwrap();
            dots[y * scale..(y + 1) * scale].iter_mut().for_each(|row| row[x * scale..(x + len) * scale].fill(true));
        }
        dots
    }

    #[test]
    fn what_is_drawn_is_read_by_another_reader() {
        const SCALE: usize = 4;
        let text = "firstpass-certificate-1 unit=60:55:f9:00:00:0a run=00000000-0000-7000-8000-000000000001 audit=17 \
                    sha256=e11b06b6b430796d1c8f97b98be42338cbefe336ecc417653fdd359e310aeb6b";
        let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
        let size = code.width() + 2 * QUIET;
        let dots = dots(&path(&code), size, SCALE);
        let dark = |x: usize, y: usize| if dots[y][x] { 0 } else { 255 };
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(size * SCALE, size * SCALE, dark);
        let found = image.detect_grids();
        assert_eq!(found[0].decode().unwrap().1, text);
    }
}
