//! A label template: what stands where on a label, read from TOML and checked. Knows no unit and no printer.

use serde::Deserialize;
use toml::Spanned;

use super::{
    error::{Source, TemplateError},
    text::{Pattern, Placeholder},
};

/// Largest label, in millimetres; printers at the line are 110 mm wide at most.
const LABEL_MM_MAX: f64 = 300.0;
/// Smallest label, in millimetres.
const LABEL_MM_MIN: f64 = 5.0;
/// Most elements of a label.
const ELEMENTS_MAX: usize = 64;
/// Smallest letters that people can read, in millimetres of type size.
pub(super) const TYPE_MM_MIN: f64 = 1.0;
/// Longest name of a template, in characters.
const NAME_MAX: usize = 64;
/// Millimetres per inch.
const INCH_MM: f64 = 25.4;

/// Dots per inch of the printers that there are; 203 and 300 are the usual ones.
const RESOLUTIONS: [u32; 4] = [152, 203, 300, 600];

/// A template that was checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template {
    /// What people call it.
    pub(crate) name: String,
    /// Width of the label, in millimetres.
    pub(crate) width_mm: f64,
    /// Its height.
    pub(crate) height_mm: f64,
    /// Dots per inch of the printer.
    pub(crate) dpi: u32,
    /// What is on it.
    pub(super) elements: Vec<Element>,
}

/// Something on a label. All lengths are in millimetres, from its upper left corner.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Element {
    Text(Text),
    Code(Code),
    Box(Frame),
}

/// One line of text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text {
    pub(super) x: f64,
    pub(super) y: f64,
    /// What it may take at most; it is set smaller when it is longer.
    pub(super) width: f64,
    /// Type size.
    pub(super) size: f64,
    pub(super) align: Align,
    pub(super) pattern: Pattern,
}

/// Where a text stands within its width.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Align {
    #[default]
    Left,
    Center,
    Right,
}

/// A code for scanners.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Code {
    pub(super) kind: CodeKind,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) pattern: Pattern,
}

/// Which kind of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum CodeKind {
    Qr,
    Datamatrix,
    Code128,
}

/// A frame, a line or a filled area.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frame {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) line: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTemplate {
    name: Spanned<String>,
    width_mm: Spanned<f64>,
    height_mm: Spanned<f64>,
    dpi: Spanned<u32>,
    #[serde(default)]
    text: Vec<RawText>,
    #[serde(default)]
    code: Vec<RawCode>,
    #[serde(default, rename = "box")]
    frame: Vec<RawFrame>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawText {
    x_mm: Spanned<f64>,
    y_mm: Spanned<f64>,
    size_mm: Spanned<f64>,
    width_mm: Option<Spanned<f64>>,
    #[serde(default)]
    align: Align,
    text: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCode {
    kind: Spanned<CodeKind>,
    x_mm: Spanned<f64>,
    y_mm: Spanned<f64>,
    size_mm: Option<Spanned<f64>>,
    width_mm: Option<Spanned<f64>>,
    height_mm: Option<Spanned<f64>>,
    data: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFrame {
    x_mm: Spanned<f64>,
    y_mm: Spanned<f64>,
    width_mm: Spanned<f64>,
    height_mm: Spanned<f64>,
    line_mm: Spanned<f64>,
}

impl Template {
    /// Reads and checks the template in `text`.
    pub(super) fn parse(file: &str, text: &str) -> Result<Self, TemplateError> {
        let source = Source { file, text };
        let raw: RawTemplate = toml::from_str(text).map_err(|error| {
            let what = error.message().trim_end_matches('.').to_owned();
            source.error(error.span().unwrap_or(0..0), what, "Compare with docs/labels.md.")
        })?;
        check_name(source, &raw.name)?;
        let label = Label {
            source,
            width: within(source, &raw.width_mm, LABEL_MM_MIN, LABEL_MM_MAX)?,
            height: within(source, &raw.height_mm, LABEL_MM_MIN, LABEL_MM_MAX)?,
        };
        let (name, dpi) = (raw.name.get_ref().clone(), resolution(source, &raw.dpi)?);
        let elements = label.elements(&raw)?;
        Ok(Self { name, width_mm: label.width, height_mm: label.height, dpi, elements })
    }

    /// Dots that a length takes.
    pub(super) fn dots(&self, mm: f64) -> u32 {
        // Lengths are checked to be small and not negative.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 300 mm at 600 dpi fit")]
        let dots = (mm * f64::from(self.dpi) / INCH_MM).round() as u32;
        dots
    }

    /// What a unit must have for this label.
    pub(crate) fn placeholders(&self) -> Vec<Placeholder> {
        let patterns = self.elements.iter().filter_map(|element| match element {
            Element::Text(text) => Some(&text.pattern),
            Element::Code(code) => Some(&code.pattern),
            Element::Box(_) => None,
        });
        let used: Vec<Placeholder> = patterns.flat_map(Pattern::values).collect();
        Placeholder::ALL.iter().copied().filter(|known| used.contains(known)).collect()
    }
}

/// A label's size, against which its elements are checked.
struct Label<'a> {
    source: Source<'a>,
    width: f64,
    height: f64,
}

impl Label<'_> {
    fn elements(&self, raw: &RawTemplate) -> Result<Vec<Element>, TemplateError> {
        let boxes = raw.frame.iter().map(|frame| self.frame(frame).map(Element::Box));
        let texts = raw.text.iter().map(|text| self.text(text).map(Element::Text));
        let codes = raw.code.iter().map(|code| self.code(code).map(Element::Code));
        let elements: Vec<Element> = boxes.chain(texts).chain(codes).collect::<Result<_, _>>()?;
        if (1..=ELEMENTS_MAX).contains(&elements.len()) {
            return Ok(elements);
        }
        let what = format!("the label has {} elements", elements.len());
        let remedy = format!("Give it 1 to {ELEMENTS_MAX} of [[text]], [[code]] and [[box]].");
        Err(self.source.error(raw.name.span(), what, remedy))
    }

    fn text(&self, raw: &RawText) -> Result<Text, TemplateError> {
        let (x, y) = (self.across(&raw.x_mm)?, self.down(&raw.y_mm)?);
        let size = within(self.source, &raw.size_mm, TYPE_MM_MIN, self.height - y)?;
        let width = match &raw.width_mm {
            Some(width) => within(self.source, width, TYPE_MM_MIN, self.width - x)?,
            None => self.width - x,
        };
        let pattern = Pattern::parse(self.source, raw.text.get_ref(), raw.text.span())?;
        Ok(Text { x, y, width, size, align: raw.align, pattern })
    }

    fn code(&self, raw: &RawCode) -> Result<Code, TemplateError> {
        let (x, y) = (self.across(&raw.x_mm)?, self.down(&raw.y_mm)?);
        let kind = *raw.kind.get_ref();
        let wrong = |remedy| Err(self.source.error(raw.kind.span(), "the code has no size that fits its kind", remedy));
        let (width, height) = match (kind, &raw.size_mm, &raw.width_mm, &raw.height_mm) {
            (CodeKind::Qr | CodeKind::Datamatrix, Some(size), None, None) => (size, size),
            (CodeKind::Code128, None, Some(width), Some(height)) => (width, height),
            (CodeKind::Qr | CodeKind::Datamatrix, ..) => return wrong("Give it size_mm, and no other size."),
            (CodeKind::Code128, ..) => return wrong("Give it width_mm and height_mm, and no size_mm."),
        };
        let width = within(self.source, width, 1.0, self.width - x)?;
        let height = within(self.source, height, 1.0, self.height - y)?;
        let pattern = Pattern::parse(self.source, raw.data.get_ref(), raw.data.span())?;
        if raw.data.get_ref().is_empty() {
            return Err(self.source.error(raw.data.span(), "the code is empty", "Write data = \"{serial}\", say."));
        }
        Ok(Code { kind, x, y, width, height, pattern })
    }

    fn frame(&self, raw: &RawFrame) -> Result<Frame, TemplateError> {
        let (x, y) = (self.across(&raw.x_mm)?, self.down(&raw.y_mm)?);
        let width = within(self.source, &raw.width_mm, 0.1, self.width - x)?;
        let height = within(self.source, &raw.height_mm, 0.1, self.height - y)?;
        Ok(Frame { x, y, width, height, line: within(self.source, &raw.line_mm, 0.1, width.max(height))? })
    }

    fn across(&self, x: &Spanned<f64>) -> Result<f64, TemplateError> {
        within(self.source, x, 0.0, self.width - TYPE_MM_MIN)
    }

    fn down(&self, y: &Spanned<f64>) -> Result<f64, TemplateError> {
        within(self.source, y, 0.0, self.height - TYPE_MM_MIN)
    }
}

fn within(source: Source<'_>, value: &Spanned<f64>, min: f64, max: f64) -> Result<f64, TemplateError> {
    let mm = *value.get_ref();
    // A tenth of a micrometre for what arithmetic with decimals leaves.
    if mm >= min - 1e-4 && mm <= max + 1e-4 {
        return Ok(mm);
    }
    let remedy = format!("Write {min:.1} to {:.1} millimetres, so that it lies on the label.", max.max(min));
    Err(source.error(value.span(), format!("{mm} mm is outside of the label or too small to see"), remedy))
}

fn resolution(source: Source<'_>, dpi: &Spanned<u32>) -> Result<u32, TemplateError> {
    if RESOLUTIONS.contains(dpi.get_ref()) {
        return Ok(*dpi.get_ref());
    }
    let what = format!("there is no label printer with {} dots per inch", dpi.get_ref());
    Err(source.error(dpi.span(), what, "Write 152, 203, 300 or 600; it stands on the printer's type plate."))
}

fn check_name(source: Source<'_>, name: &Spanned<String>) -> Result<(), TemplateError> {
    let len = name.get_ref().chars().count();
    if (1..=NAME_MAX).contains(&len) && !name.get_ref().chars().any(char::is_control) {
        return Ok(());
    }
    let what = format!("the name has {len} characters");
    Err(source.error(name.span(), what, format!("Give a name of 1 to {NAME_MAX} printable characters.")))
}
