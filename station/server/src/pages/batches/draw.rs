//! Charts as SVG: drawn on the server, so that they are there without a script and on paper. What colours and strokes are
//! is the style sheet's. Every number in them stands in the table behind them as well. Knows no record.

pub(super) mod boxes;
pub(super) mod cycle;
pub(super) mod failures;
pub(super) mod hours;
pub(super) mod pareto;
pub(super) mod slots;

use firstpass_domain::Timestamp;
use maud::{Markup, html};

use crate::figures::axis;

/// Width of every chart, in units of its own; the page scales it.
const WIDTH: f64 = 640.0;
/// Height of a line of text.
const LINE: f64 = 15.0;
/// Half the size of a mark.
const MARK: f64 = 4.5;

/// A chart with what it says in one sentence.
fn chart(height: f64, says: &str, drawing: &Markup) -> Markup {
    let view_box = format!("0 0 {WIDTH} {}", n(height));
    html! { svg.plot viewBox=(view_box) role="img" aria-label=(says) { (drawing) } }
}

/// A number of an attribute, to a tenth of a unit.
fn n(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), ToOwned::to_owned)
}

/// From values to places.
#[derive(Debug, Clone, Copy)]
struct Scale {
    /// Largest value; the smallest is 0.
    most: f64,
    /// Place of 0.
    start: f64,
    /// Place of the largest value.
    end: f64,
}

impl Scale {
    /// The place of a value; what is beyond the largest lies on it.
    fn at(self, value: f64) -> f64 {
        self.start + (self.end - self.start) * (value / self.most).clamp(0.0, 1.0)
    }
}

/// A plot with a vertical axis on the left.
struct Upright {
    left: f64,
    right: f64,
    y: Scale,
    ticks: Vec<f64>,
}

impl Upright {
    /// For values from 0 to `most`, between two heights.
    fn new(most: f64, top: f64, bottom: f64) -> Self {
        let ticks = axis::ticks(most);
        let most = ticks.last().copied().unwrap_or(1.0);
        Self { left: 44.0, right: WIDTH - 8.0, y: Scale { most, start: bottom, end: top }, ticks }
    }

    /// The middle of the `at`th of `count` places from left to right.
    fn x(&self, at: usize, count: usize) -> f64 {
        let share = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
        self.left + (share(at) + 0.5) * (self.right - self.left) / share(count.max(1))
    }

    /// Lines and numbers of the axis; `unit` is added to the numbers by the caller's function.
    fn axis(&self, label: impl Fn(f64, f64) -> String) -> Markup {
        let step = self.ticks.get(1).copied().unwrap_or(1.0);
        html! {
            @for tick in &self.ticks {
                @let y = n(self.y.at(*tick));
                line.rule x1=(n(self.left)) x2=(n(self.right)) y1=(y) y2=(y) {}
                text.tick.end x=(n(self.left - 6.0)) y=(n(self.y.at(*tick) + 4.0)) { (label(*tick, step)) }
            }
        }
    }

    /// A limit over the whole width, with its name on the right.
    fn level(&self, class: &str, value: f64, name: &str) -> Markup {
        let y = self.y.at(value);
        html! {
            line class=(class) x1=(n(self.left)) x2=(n(self.right)) y1=(n(y)) y2=(n(y)) {}
            text.tick.end.halo x=(n(self.right)) y=(n(y - 4.0)) { (name) }
        }
    }
}

/// A rhombus: out of the limits.
fn rhombus(x: f64, y: f64, size: f64) -> String {
    format!("{},{} {},{} {},{} {},{}", n(x), n(y - size), n(x + size), n(y), n(x), n(y + size), n(x - size), n(y))
}

/// A triangle that stands on its base.
fn triangle(x: f64, y: f64, size: f64) -> String {
    format!("{},{} {},{} {},{}", n(x), n(y - size), n(x + size), n(y + size * 0.8), n(x - size), n(y + size * 0.8))
}

/// A time on an axis: in UTC, until a script says it in the browser's zone.
fn tick_time(x: f64, y: f64, at: Timestamp, with_day: bool) -> Markup {
    let (year, month, day) = {
        let date = at.date();
        (date.year, date.month, date.day)
    };
    let minutes = at.as_micros().div_euclid(60_000_000).rem_euclid(24 * 60);
    let clock = format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let iso = format!("{year:04}-{month:02}-{day:02}T{clock}:00Z");
    let shown = if with_day { format!("{month:02}-{day:02} {clock}") } else { clock };
    html! {
        text.tick.middle x=(n(x)) y=(n(y)) data-at=(iso) data-day[with_day] { (shown) }
    }
}

/// A share as people read it.
pub(super) fn percent(ratio: f64) -> String {
    let percent = ratio * 100.0;
    if percent > 0.0 && percent < 9.95 || percent > 99.0 && percent < 100.0 {
        format!("{percent:.1} %")
    } else {
        format!("{percent:.0} %")
    }
}

/// Seconds as people read them.
pub(super) fn seconds(seconds: f64) -> String {
    match seconds {
        under if under < 1.0 => format!("{seconds:.2} s"),
        under if under < 100.0 => format!("{seconds:.1} s"),
        _ => format!("{seconds:.0} s"),
    }
}

/// A text cut to so many characters.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most - 1).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_times_are_short_and_never_round_to_perfection() {
        for (ratio, text) in
            [(0.0, "0 %"), (0.004, "0.4 %"), (0.5, "50 %"), (0.9996, "100.0 %"), (0.991, "99.1 %"), (1.0, "100 %")]
        {
            assert_eq!(percent(ratio), text);
        }
        assert_eq!((seconds(0.25), seconds(12.34), seconds(250.4)), ("0.25 s".into(), "12.3 s".into(), "250 s".into()));
    }

    #[test]
    fn what_is_beyond_the_scale_lies_on_its_end() {
        let scale = Scale { most: 10.0, start: 100.0, end: 0.0 };
        assert_eq!((scale.at(0.0), scale.at(5.0), scale.at(20.0), scale.at(-1.0)), (100.0, 50.0, 0.0, 100.0));
    }
}
