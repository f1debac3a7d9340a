//! The XmR chart of cycle times: every run that passed in its order, and below it how far each lies from the one before.

use maud::{Markup, html};

use super::{MARK, Upright, WIDE, n, rhombus, seconds, sized, triangle};
use crate::figures::{
    axis,
    individuals::{Individuals, Signal},
};

const HEIGHT: f64 = 330.0;
/// The upper panel: single values.
const VALUES: (f64, f64) = (18.0, 200.0);
/// The lower panel: moving ranges.
const RANGES: (f64, f64) = (236.0, 318.0);

/// The chart of values in seconds, in the order in which they came.
pub(crate) fn draw(control: &Individuals, values: &[f64]) -> Markup {
    let out = control.signals.iter().filter(|signal| matches!(signal, Signal::Above | Signal::Below)).count();
    let says = format!(
        "Cycle times of the newest {} runs that passed, {} on average; {out} out of the limits.",
        values.len(),
        seconds(control.mean)
    );
    sized(WIDE, HEIGHT, &says, &html! { (singles(control, values)) (ranges(control)) })
}

fn singles(control: &Individuals, values: &[f64]) -> Markup {
    let most = values.iter().copied().fold(control.limits.1, f64::max);
    let least = values.iter().copied().fold(control.limits.0, f64::min);
    let plot = Upright::new((least, most), VALUES, WIDE);
    let count = values.len();
    html! {
        (plot.axis(|tick, step| axis::label(tick, step) + " s"))
        (plot.levels(&[
            ("limit", control.limits.1, format!("limit {}", seconds(control.limits.1))),
            ("mean", control.mean, format!("mean {}", seconds(control.mean))),
            ("limit", control.limits.0, format!("limit {}", seconds(control.limits.0))),
        ]))
        polyline.series points=(line(&plot, values)) {}
        @for (at, (value, signal)) in values.iter().zip(&control.signals).enumerate() {
            (point(*value, *signal, plot.x(at, count), plot.y.at(*value), count))
        }
    }
}

fn ranges(control: &Individuals) -> Markup {
    let most = control.ranges.iter().copied().fold(control.range_limit, f64::max);
    let plot = Upright::new((0.0, most), RANGES, WIDE);
    let count = control.ranges.len();
    let beyond = |range: &f64| *range > control.range_limit;
    html! {
        text.tick x=(n(plot.left)) y=(n(RANGES.0 - 8.0)) { "moving range: from each run to the next" }
        (plot.axis(|tick, step| axis::label(tick, step) + " s"))
        (plot.levels(&[("limit", control.range_limit, format!("limit {}", seconds(control.range_limit)))]))
        polyline.series points=(line(&plot, &control.ranges)) {}
        @for (at, range) in control.ranges.iter().enumerate().filter(|(_, range)| beyond(range)) {
            polygon.mark points=(rhombus(plot.x(at, count), plot.y.at(*range), MARK)) { title { (seconds(*range)) ": above the limit" } }
        }
    }
}

fn line(plot: &Upright, values: &[f64]) -> String {
    let place = |(at, value): (usize, &f64)| format!("{},{}", n(plot.x(at, values.len())), n(plot.y.at(*value)));
    values.iter().enumerate().map(place).collect::<Vec<_>>().join(" ")
}

/// Points that say nothing are drawn while there are few.
fn point(value: f64, signal: Signal, x: f64, y: f64, count: usize) -> Markup {
    const POINTS_MAX: usize = 80;
    html! {
        @match signal {
            Signal::Steady => @if count <= POINTS_MAX {
                circle.point cx=(n(x)) cy=(n(y)) r="2.5" { title { (seconds(value)) } }
            },
            Signal::Above | Signal::Below => {
                polygon.mark points=(rhombus(x, y, MARK + 1.5)) { title { (seconds(value)) ": " (signal.word().unwrap_or_default()) } }
            },
            Signal::Shifted => {
                polygon.unsure points=(triangle(x, y, MARK - 1.0)) { title { (seconds(value)) ": " (signal.word().unwrap_or_default()) } }
            },
        }
    }
}
