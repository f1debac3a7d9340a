//! Letters as outlines, from a font in the program: Noto Sans Medium (SIL Open Font License 1.1, see `font/OFL.txt`), cut
//! down to Latin, Greek and Cyrillic. So a preview shows the same letters everywhere.

use std::sync::LazyLock;

use ttf_parser::{Face, GlyphId, OutlineBuilder};

use super::{drawing::Line, error::FillError};

static FONT: &[u8] = include_bytes!("font/NotoSans-Medium-subset.ttf");

static FACE: LazyLock<Face<'static>> =
    LazyLock::new(|| Face::parse(FONT, 0).expect("the font in the program is whole"));

/// Where letters stand, as a part of the type size below its upper end. Printers' own fonts have it there too.
const BASELINE: f64 = 0.75;

/// A part of an outline, in dots.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Stroke {
    Move(f64, f64),
    Line(f64, f64),
    /// Control point, then end.
    Quad(f64, f64, f64, f64),
    /// Two control points, then end.
    Cubic(f64, f64, f64, f64, f64, f64),
    Close,
}

/// Width of a text for each dot of type size; refuses a character that the font does not have.
pub(super) fn width(text: &str) -> Result<f64, FillError> {
    let advance = |character| {
        let glyph = FACE.glyph_index(character).ok_or(FillError::NoGlyph { character })?;
        Ok(f64::from(FACE.glyph_hor_advance(glyph).unwrap_or_default()))
    };
    let units: f64 = text.chars().map(advance).sum::<Result<_, FillError>>()?;
    Ok(units / f64::from(FACE.units_per_em()))
}

/// The outline of a line of text where it stands.
pub(super) fn outline(line: &Line) -> Vec<Stroke> {
    let size = f64::from(line.size);
    let scale = size / f64::from(FACE.units_per_em());
    let mut pen = Pen { x: line.x, y: f64::from(line.y) + size * BASELINE, scale, strokes: Vec::new() };
    for character in line.text.chars() {
        let glyph = FACE.glyph_index(character).unwrap_or(GlyphId(0));
        // A blank has no outline.
        let _ = FACE.outline_glyph(glyph, &mut pen);
        pen.x += f64::from(FACE.glyph_hor_advance(glyph).unwrap_or_default()) * scale;
    }
    pen.strokes
}

/// Takes outlines in the font's units, in which y counts upwards.
struct Pen {
    x: f64,
    y: f64,
    scale: f64,
    strokes: Vec<Stroke>,
}

impl Pen {
    fn at(&self, x: f32, y: f32) -> (f64, f64) {
        (self.x + f64::from(x) * self.scale, self.y - f64::from(y) * self.scale)
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.strokes.push(Stroke::Move(x, y));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.strokes.push(Stroke::Line(x, y));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.strokes.push(Stroke::Quad(x1, y1, x, y));
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.strokes.push(Stroke::Cubic(x1, y1, x2, y2, x, y));
    }

    fn close(&mut self) {
        self.strokes.push(Stroke::Close);
    }
}
