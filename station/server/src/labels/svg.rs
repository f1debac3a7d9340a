//! A label as SVG: areas and outlines only, so that it looks the same wherever it is opened, and runs nothing.

use std::fmt::Write as _;

use super::{
    drawing::{Area, Drawing, Mark},
    glyphs::{Stroke, outline},
};

/// The whole document.
pub(crate) fn render(drawing: &Drawing) -> String {
    let Drawing { width, height, width_mm, height_mm, .. } = drawing;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width_mm}mm\" height=\"{height_mm}mm\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    for mark in &drawing.marks {
        match mark {
            Mark::Text(line) => path(&mut svg, "#000", &strokes(&outline(line))),
            Mark::Matrix(matrix) => path(&mut svg, "#000", &areas(&matrix.areas())),
            Mark::Bars(bars) => path(&mut svg, "#000", &areas(&bars.areas())),
            Mark::Frame(frame) => path(&mut svg, "#000", &areas(&frame.areas())),
            Mark::Banner(band, line) => {
                path(&mut svg, "#000", &areas(&band.areas()));
                path(&mut svg, "#fff", &strokes(&outline(line)));
            }
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn path(svg: &mut String, fill: &str, data: &str) {
    if !data.is_empty() {
        let _ = writeln!(svg, "<path fill=\"{fill}\" d=\"{data}\"/>");
    }
}

fn areas(areas: &[Area]) -> String {
    let area = |Area { x, y, width, height }: &Area| format!("M{x} {y}h{width}v{height}h-{width}z");
    areas.iter().map(area).collect()
}

fn strokes(strokes: &[Stroke]) -> String {
    let stroke = |stroke: &Stroke| match *stroke {
        Stroke::Move(x, y) => format!("M{x:.2} {y:.2}"),
        Stroke::Line(x, y) => format!("L{x:.2} {y:.2}"),
        Stroke::Quad(x1, y1, x, y) => format!("Q{x1:.2} {y1:.2} {x:.2} {y:.2}"),
        Stroke::Cubic(x1, y1, x2, y2, x, y) => format!("C{x1:.2} {y1:.2} {x2:.2} {y2:.2} {x:.2} {y:.2}"),
        Stroke::Close => "z".to_owned(),
    };
    strokes.iter().map(stroke).collect()
}
