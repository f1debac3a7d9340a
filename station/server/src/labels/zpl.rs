//! A label in ZPL II. What comes from the record stands in field data only, and there with every byte escaped that is not
//! a letter, a digit or one of a few signs: so nothing in it can end its field or command the printer.
//!
//! Source: Zebra, ZPL II Programming Guide.

use std::fmt::Write as _;

use super::{
    code128,
    drawing::{Bars, Drawing, Line, Mark, Matrix, MatrixKind, Rectangle},
};

/// What `^BX` may take for its own escape character; one that is not in the data is chosen.
const MATRIX_ESCAPES: [char; 5] = ['|', '@', '#', '%', '!'];

/// How often a label is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Copies(u8);

impl Copies {
    /// Once.
    pub(crate) const ONE: Self = Self(1);
    /// A person who needs more has another reason than one unit.
    pub(crate) const MAX: u8 = 10;

    /// 1 to [`Self::MAX`].
    pub(crate) fn new(count: u8) -> Option<Self> {
        (1..=Self::MAX).contains(&count).then_some(Self(count))
    }

    /// How many.
    pub(crate) const fn count(self) -> u8 {
        self.0
    }
}

/// The whole format, from `^XA` to `^XZ`.
pub(crate) fn render(drawing: &Drawing, copies: Copies) -> String {
    let Drawing { width, height, .. } = drawing;
    // Unicode, size, and origin: whatever the printer was set to before.
    let mut zpl = format!("^XA\n^CI28\n^PW{width}\n^LL{height}\n^LH0,0\n^FWN\n");
    for mark in &drawing.marks {
        match mark {
            Mark::Text(line) => text(&mut zpl, line, ""),
            Mark::Matrix(code) => matrix(&mut zpl, code),
            Mark::Bars(code) => bars(&mut zpl, code),
            Mark::Frame(frame) => rectangle(&mut zpl, frame),
            Mark::Banner(band, line) => {
                rectangle(&mut zpl, band);
                text(&mut zpl, line, "^FR");
            }
        }
    }
    let _ = write!(zpl, "^PQ{}\n^XZ\n", copies.0);
    zpl
}

/// Font 0 is narrower than the letters by which the size was chosen, so that what fits there fits here.
fn text(zpl: &mut String, line: &Line, reverse: &str) {
    let Line { text, y, size, field, .. } = line;
    // A field block reads a backslash as a command of its own, unless there are two.
    let data = escaped(&text.replace('\\', "\\\\"));
    let _ = writeln!(
        zpl,
        "^FO{},{y}{reverse}^A0N,{size},{size}^FB{},1,0,{},0^FH\\^FD{data}^FS",
        field.x, field.width, field.align
    );
}

fn matrix(zpl: &mut String, matrix: &Matrix) {
    let Matrix { kind, data, scale, x, y, .. } = matrix;
    match kind {
        // Correction level M, the printer chooses the mode; both stand before the data.
        MatrixKind::Qr => {
            let _ = writeln!(zpl, "^FO{x},{y}^BQN,2,{scale}^FH\\^FDMA,{}^FS", escaped(data));
        }
        MatrixKind::DataMatrix => {
            let escape = MATRIX_ESCAPES.into_iter().find(|escape| !data.contains(*escape)).unwrap_or('~');
            let data = escaped(data);
            let _ = writeln!(zpl, "^FO{x},{y}^BXN,{scale},200,,,,{escape}^FH\\^FD{data}^FS");
        }
    }
}

fn bars(zpl: &mut String, bars: &Bars) {
    let Bars { data, scale, x, y, height, .. } = bars;
    // Start of subset B or C. In B, `>0` stands for `>`, which begins such codes.
    let (start, data) = if code128::is_pairs(data) { (">;", data.clone()) } else { (">:", data.replace('>', ">0")) };
    let _ = writeln!(zpl, "^FO{x},{y}^BY{scale}^BCN,{height},N,N,N,N^FH\\^FD{start}{}^FS", escaped(&data));
}

fn rectangle(zpl: &mut String, rectangle: &Rectangle) {
    let Rectangle { x, y, width, height, line } = rectangle;
    let line = if line * 2 >= *width.min(height) { width.min(height) } else { line };
    let _ = writeln!(zpl, "^FO{x},{y}^GB{width},{height},{line}^FS");
}

/// Field data for `^FH\`: every other byte than these as a backslash and two digits.
fn escaped(text: &str) -> String {
    let mut data = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b' ' | b'.' | b':' | b'-' | b'/' => data.push(char::from(byte)),
            _ => {
                let _ = write!(data, "\\{byte:02X}");
            }
        }
    }
    data
}
