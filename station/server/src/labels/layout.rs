//! From a template and a unit's values to a drawing: fills texts, fits them, encodes codes, and marks what has not passed.

use super::{
    code::Modules,
    code128,
    drawing::{Bars, Drawing, Field, Line, Mark, Matrix, MatrixKind, Rectangle},
    error::FillError,
    glyphs,
    template::{Align, Code, CodeKind, Element, Frame, TYPE_MM_MIN, Template, Text},
    text::Placeholder,
};

/// Least dots of a module: finer ones run together on thermal paper.
const MODULE_DOTS_MIN: u32 = 2;
/// Most dots of a module: printers' own codes go no further.
const MODULE_DOTS_MAX: u32 = 10;
/// What stands on the label of a unit that has not passed.
const NOT_PASSED: &str = "NOT PASSED";
/// Height of that mark, as parts of the label's height, and the part of it that its letters take.
const BANNER_PART: (u32, u32) = (1, 4);
const BANNER_TYPE_PERCENT: u32 = 70;

/// Whether a label may look like that of a good unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The record says that the unit passed.
    Passed,
    /// It does not: the label says so, across its middle.
    NotPassed,
}

/// Draws the label.
pub(crate) fn draw(
    template: &Template,
    value: &dyn Fn(Placeholder) -> Option<String>,
    claim: Claim,
) -> Result<Drawing, FillError> {
    let sheet = Sheet { template, value };
    let mut marks: Vec<Mark> = template.elements.iter().map(|element| sheet.mark(element)).collect::<Result<_, _>>()?;
    let (width, height) = (template.dots(template.width_mm), template.dots(template.height_mm));
    match claim {
        Claim::Passed => {}
        Claim::NotPassed => marks.push(banner(width, height)?),
    }
    let (width_mm, height_mm) = (template.width_mm, template.height_mm);
    Ok(Drawing { width, height, width_mm, height_mm, dpi: template.dpi, marks })
}

struct Sheet<'a> {
    template: &'a Template,
    value: &'a dyn Fn(Placeholder) -> Option<String>,
}

impl Sheet<'_> {
    fn mark(&self, element: &Element) -> Result<Mark, FillError> {
        match element {
            Element::Text(text) => self.text(text).map(Mark::Text),
            Element::Code(code) => self.code(code),
            Element::Box(frame) => Ok(Mark::Frame(self.frame(frame))),
        }
    }

    /// Sets a text at its size, or at the largest at which it fits.
    fn text(&self, text: &Text) -> Result<Line, FillError> {
        let filled = text.pattern.fill(self.value)?;
        let (per_dot, width) = (glyphs::width(&filled)?, self.dots(text.width));
        let too_long = || FillError::TextTooLong { text: filled.clone(), width_mm: text.width };
        let size = fitting(per_dot, width, self.dots(text.size));
        if size < self.dots(TYPE_MM_MIN) {
            return Err(too_long());
        }
        let field = Field { x: self.dots(text.x), width, align: letter(text.align) };
        let free = f64::from(width) - per_dot * f64::from(size);
        let x = f64::from(field.x) + free * share(text.align);
        Ok(Line { text: filled, x, y: self.dots(text.y), size, field })
    }

    fn code(&self, code: &Code) -> Result<Mark, FillError> {
        let data = code.pattern.fill(self.value)?;
        let (x, y) = (self.dots(code.x), self.dots(code.y));
        let matrix = |kind, data: String| {
            let modules = Modules::encode(kind, &data, code.width)?;
            let scale = self.scale(modules.side(), code, data.len())?;
            Ok(Mark::Matrix(Matrix { kind, data, modules, scale, x, y }))
        };
        match code.kind {
            CodeKind::Qr => matrix(MatrixKind::Qr, data),
            CodeKind::Datamatrix => matrix(MatrixKind::DataMatrix, data),
            CodeKind::Code128 => {
                let modules = code128::modules(&data)?;
                let scale = self.scale(u32::try_from(modules.len()).unwrap_or(u32::MAX), code, data.len())?;
                Ok(Mark::Bars(Bars { data, modules, scale, x, y, height: self.dots(code.height) }))
            }
        }
    }

    /// Whole dots for each module, as many as the code's width has room for.
    fn scale(&self, modules: u32, code: &Code, len: usize) -> Result<u32, FillError> {
        let scale = self.dots(code.width) / modules;
        if scale < MODULE_DOTS_MIN {
            Err(FillError::CodeTooDense { len, size_mm: code.width })
        } else {
            Ok(scale.min(MODULE_DOTS_MAX))
        }
    }

    fn frame(&self, frame: &Frame) -> Rectangle {
        let [x, y] = [frame.x, frame.y].map(|mm| self.dots(mm));
        let [width, height, line] = [frame.width, frame.height, frame.line].map(|mm| self.dots(mm).max(1));
        Rectangle { x, y, width, height, line: line.min(width).min(height) }
    }

    fn dots(&self, mm: f64) -> u32 {
        self.template.dots(mm)
    }
}

/// The largest size, `size` at most, at which a text of this width per dot fits.
fn fitting(per_dot: f64, width: u32, size: u32) -> u32 {
    if per_dot * f64::from(size) <= f64::from(width) {
        return size;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is less than `size`")]
    let fitting = (f64::from(width) / per_dot).floor() as u32;
    fitting
}

const fn letter(align: Align) -> char {
    match align {
        Align::Left => 'L',
        Align::Center => 'C',
        Align::Right => 'R',
    }
}

/// The part of the free room that lies before the text.
const fn share(align: Align) -> f64 {
    match align {
        Align::Left => 0.0,
        Align::Center => 0.5,
        Align::Right => 1.0,
    }
}

/// The mark of a unit that has not passed: it lies over everything else, from edge to edge.
fn banner(width: u32, height: u32) -> Result<Mark, FillError> {
    let tall = (height * BANNER_PART.0 / BANNER_PART.1).max(1);
    let top = (height - tall) / 2;
    let per_dot = glyphs::width(NOT_PASSED)?;
    let size = fitting(per_dot, width, tall * BANNER_TYPE_PERCENT / 100).max(1);
    let x = (f64::from(width) - per_dot * f64::from(size)) / 2.0;
    let field = Field { x: 0, width, align: 'C' };
    let line = Line { text: NOT_PASSED.to_owned(), x, y: top + (tall - size) / 2, size, field };
    Ok(Mark::Banner(Rectangle { x: 0, y: top, width, height: tall, line: tall }, line))
}
