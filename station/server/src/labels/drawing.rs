//! What is on one label, in dots of its printer: the one thing that every form of it is written from.

use super::code::Modules;

/// A label that was filled.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Drawing {
    /// Width in dots.
    pub(super) width: u32,
    /// Height in dots.
    pub(super) height: u32,
    /// Width in millimetres.
    pub(super) width_mm: f64,
    /// Height in millimetres.
    pub(super) height_mm: f64,
    /// Dots per inch.
    pub(super) dpi: u32,
    /// What is on it; later marks lie over earlier ones.
    pub(super) marks: Vec<Mark>,
}

/// One thing on a label; positions are those of its upper left corner.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mark {
    /// A line of text.
    Text(Line),
    /// A QR code or a Data Matrix.
    Matrix(Matrix),
    /// A Code 128.
    Bars(Bars),
    /// A frame; filled when `line` is at least half of its smaller side.
    Frame(Rectangle),
    /// A black area with white text in it.
    Banner(Rectangle, Line),
}

/// A line of text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) text: String,
    /// Left end of the text as it is drawn here.
    pub(super) x: f64,
    /// Upper end of the type.
    pub(super) y: u32,
    /// Type size in dots.
    pub(super) size: u32,
    /// The field that it stands in, for printers that set it with a font of their own.
    pub(super) field: Field,
}

/// Where a printer sets a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) x: u32,
    pub(super) width: u32,
    /// `L`, `C` or `R`, as ZPL has it.
    pub(super) align: char,
}

/// A QR code or a Data Matrix.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Matrix {
    pub(super) kind: MatrixKind,
    pub(super) data: String,
    pub(super) modules: Modules,
    /// Dots per module.
    pub(super) scale: u32,
    pub(super) x: u32,
    pub(super) y: u32,
}

/// Which kind of matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MatrixKind {
    Qr,
    DataMatrix,
}

/// A Code 128.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bars {
    pub(super) data: String,
    pub(super) modules: Vec<bool>,
    /// Dots per module.
    pub(super) scale: u32,
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) height: u32,
}

/// A rectangle and the thickness of its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rectangle {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) line: u32,
}

/// A black area, in dots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Rectangle {
    /// Its lines as areas: one when it is filled, else four.
    pub(super) fn areas(self) -> Vec<Area> {
        let Self { x, y, width, height, line } = self;
        if line * 2 >= width.min(height) {
            return vec![Area { x, y, width, height }];
        }
        vec![
            Area { x, y, width, height: line },
            Area { x, y: y + height - line, width, height: line },
            Area { x, y: y + line, width: line, height: height - 2 * line },
            Area { x: x + width - line, y: y + line, width: line, height: height - 2 * line },
        ]
    }
}

impl Matrix {
    /// Its dark modules as areas, neighbours in a row joined.
    pub(super) fn areas(&self) -> Vec<Area> {
        let Self { modules, scale, x, y, .. } = self;
        let rows = modules.rows().zip(0_u32..);
        rows.flat_map(|(row, at)| {
            runs(row).map(move |(start, len)| Area {
                x: x + start * scale,
                y: y + at * scale,
                width: len * scale,
                height: *scale,
            })
        })
        .collect()
    }
}

impl Bars {
    /// Its bars as areas.
    pub(super) fn areas(&self) -> Vec<Area> {
        let Self { modules, scale, x, y, height, .. } = self;
        let area = |(start, len)| Area { x: x + start * scale, y: *y, width: len * scale, height: *height };
        runs(modules).map(area).collect()
    }
}

/// Dark modules in a row: where each run begins and how long it is.
fn runs(row: &[bool]) -> impl Iterator<Item = (u32, u32)> + '_ {
    let mut at = 0;
    row.chunk_by(|one, other| one == other).filter_map(move |run| {
        let (start, len) = (at, u32::try_from(run.len()).unwrap_or(u32::MAX));
        at += len;
        run[0].then_some((start, len))
    })
}
