//! A label in black and white, dot by dot as a thermal printer has it.

use super::{
    drawing::{Area, Drawing, Mark},
    glyphs::{Stroke, outline},
};

/// Straight parts that a curve is made of: letters are a few millimetres high.
const CURVE_PARTS: u32 = 8;

/// The dots of a label.
pub(crate) struct Raster {
    /// Dots in a row.
    pub(super) width: u32,
    /// Rows.
    pub(super) height: u32,
    /// Row by row; `true` is black.
    pub(super) dots: Vec<bool>,
}

/// Draws every mark.
pub(super) fn render(drawing: &Drawing) -> Raster {
    let Drawing { width, height, .. } = *drawing;
    let mut raster = Raster { width, height, dots: vec![false; (width * height) as usize] };
    for mark in &drawing.marks {
        match mark {
            Mark::Text(line) => raster.fill(&outline(line), true),
            Mark::Matrix(matrix) => raster.areas(&matrix.areas()),
            Mark::Bars(bars) => raster.areas(&bars.areas()),
            Mark::Frame(frame) => raster.areas(&frame.areas()),
            Mark::Banner(band, line) => {
                raster.areas(&band.areas());
                raster.fill(&outline(line), false);
            }
        }
    }
    raster
}

impl Raster {
    /// Paints areas black, as far as they lie on the label.
    fn areas(&mut self, areas: &[Area]) {
        for area in areas {
            for y in area.y..(area.y + area.height).min(self.height) {
                self.row(y, area.x, area.x + area.width, true);
            }
        }
    }

    /// Paints the dots whose middles lie inside of an outline, by the rule of the winding number.
    fn fill(&mut self, strokes: &[Stroke], black: bool) {
        let edges = edges(strokes);
        for y in 0..self.height {
            let mut winding = 0;
            let crossings = crossings(&edges, f64::from(y) + 0.5);
            for (crossing, next) in crossings.iter().zip(crossings.iter().skip(1)) {
                winding += crossing.1;
                if winding != 0 {
                    self.row(y, first_dot(crossing.0), first_dot(next.0), black);
                }
            }
        }
    }

    fn row(&mut self, y: u32, from: u32, to: u32, black: bool) {
        let (from, to) = (from.min(self.width), to.min(self.width));
        let start = (y * self.width) as usize;
        self.dots[start + from as usize..start + to.max(from) as usize].fill(black);
    }
}

/// A straight part of an outline.
struct Edge {
    from: Point,
    to: Point,
}

/// Where a row is crossed, from the left, and in which direction.
fn crossings(edges: &[Edge], y: f64) -> Vec<(f64, i32)> {
    let crossing = |Edge { from, to }: &Edge| {
        let direction = if from.1 <= y && y < to.1 {
            1
        } else if to.1 <= y && y < from.1 {
            -1
        } else {
            return None;
        };
        Some((from.0 + (y - from.1) / (to.1 - from.1) * (to.0 - from.0), direction))
    };
    let mut crossings: Vec<(f64, i32)> = edges.iter().filter_map(crossing).collect();
    crossings.sort_by(|one, other| one.0.total_cmp(&other.0));
    crossings
}

/// The first dot whose middle lies at `x` or right of it.
fn first_dot(x: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "labels have a few thousand dots")]
    let dot = (x - 0.5).ceil().max(0.0) as u32;
    dot
}

fn edges(strokes: &[Stroke]) -> Vec<Edge> {
    let (mut edges, mut start, mut at) = (Vec::new(), (0.0, 0.0), (0.0, 0.0));
    let mut to = |at: &mut Point, to: Point| {
        edges.push(Edge { from: *at, to });
        *at = to;
    };
    for stroke in strokes {
        match *stroke {
            Stroke::Move(x, y) => (start, at) = ((x, y), (x, y)),
            Stroke::Line(x, y) => to(&mut at, (x, y)),
            Stroke::Quad(x1, y1, x, y) => {
                let from = at;
                parts().for_each(|t| to(&mut at, quad(t, from, (x1, y1), (x, y))));
            }
            Stroke::Cubic(x1, y1, x2, y2, x, y) => {
                let from = at;
                parts().for_each(|t| to(&mut at, cubic(t, from, (x1, y1), (x2, y2), (x, y))));
            }
            Stroke::Close => to(&mut at, start),
        }
    }
    edges
}

fn parts() -> impl Iterator<Item = f64> {
    (1..=CURVE_PARTS).map(|part| f64::from(part) / f64::from(CURVE_PARTS))
}

type Point = (f64, f64);

/// A point on the line between two others.
fn between(t: f64, from: Point, to: Point) -> Point {
    (from.0 + (to.0 - from.0) * t, from.1 + (to.1 - from.1) * t)
}

/// A point on a quadratic curve, by de Casteljau.
fn quad(t: f64, from: Point, control: Point, to: Point) -> Point {
    between(t, between(t, from, control), between(t, control, to))
}

/// A point on a cubic curve.
fn cubic(t: f64, from: Point, one: Point, other: Point, to: Point) -> Point {
    between(t, quad(t, from, one, other), quad(t, one, other, to))
}
