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

/// Width of a chart, in units of its own; the page scales it.
const WIDTH: f64 = 640.0;
/// Width of a chart that has a row of the page for itself.
const WIDE: f64 = 960.0;
/// Height of a line of text.
const LINE: f64 = 15.0;
/// Room for the names of levels.
const NAMES: f64 = 82.0;
/// Half the size of a mark.
const MARK: f64 = 4.5;

/// A chart with what it says in one sentence.
fn chart(height: f64, says: &str, drawing: &Markup) -> Markup {
    sized(WIDTH, height, says, drawing)
}

fn sized(width: f64, height: f64, says: &str, drawing: &Markup) -> Markup {
    let view_box = format!("0 0 {} {}", n(width), n(height));
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
    /// Smallest value.
    least: f64,
    /// Largest value.
    most: f64,
    /// Place of the smallest value.
    start: f64,
    /// Place of the largest value.
    end: f64,
}

impl Scale {
    /// From 0 to `most`.
    const fn up_to(most: f64, start: f64, end: f64) -> Self {
        Self { least: 0.0, most, start, end }
    }

    /// The place of a value; what is beyond an end lies on it.
    fn at(self, value: f64) -> f64 {
        let share = ((value - self.least) / (self.most - self.least)).clamp(0.0, 1.0);
        self.start + (self.end - self.start) * share
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
    /// For values from `least` to `most`, between two heights, in a chart of this width; names of levels stand on the
    /// right.
    fn new((least, most): (f64, f64), (top, bottom): (f64, f64), width: f64) -> Self {
        let ticks = axis::ticks_between(least, most);
        let (least, most) = (ticks.first().copied().unwrap_or(0.0), ticks.last().copied().unwrap_or(1.0));
        Self { left: 44.0, right: width - NAMES, y: Scale { least, most, start: bottom, end: top }, ticks }
    }

    /// The middle of the `at`th of `count` places from left to right.
    fn x(&self, at: usize, count: usize) -> f64 {
        let share = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
        self.left + (share(at) + 0.5) * (self.right - self.left) / share(count.max(1))
    }

    /// Lines and numbers of the axis; `unit` is added to the numbers by the caller's function.
    fn axis(&self, label: impl Fn(f64, f64) -> String) -> Markup {
        let step = axis::step_of(&self.ticks);
        html! {
            @for tick in &self.ticks {
                @let y = n(self.y.at(*tick));
                line.rule x1=(n(self.left)) x2=(n(self.right)) y1=(y) y2=(y) {}
                text.tick.end x=(n(self.left - 6.0)) y=(n(self.y.at(*tick) + 4.0)) { (label(*tick, step)) }
            }
        }
    }

    /// Levels over the whole width, each with class, value and name; the names stand on the right, apart from one another.
    fn levels(&self, levels: &[(&str, f64, String)]) -> Markup {
        let mut named: Vec<(f64, f64, &str, &str)> = levels
            .iter()
            .map(|(class, value, name)| (self.y.at(*value), self.y.at(*value), *class, name.as_str()))
            .collect();
        named.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut above = f64::NEG_INFINITY;
        for (_, place, _, _) in &mut named {
            *place = place.max(above + LINE - 2.0);
            above = *place;
        }
        html! {
            @for (y, place, class, name) in named {
                line class=(class) x1=(n(self.left)) x2=(n(self.right)) y1=(n(y)) y2=(n(y)) {}
                text.tick x=(n(self.right + 5.0)) y=(n(place + 4.0)) { (name) }
            }
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
    if percent == 0.0 || percent == 100.0 { format!("{percent:.0} %") } else { format!("{percent:.1} %") }
}

/// Seconds as people read them.
pub(super) fn seconds(seconds: f64) -> String {
    match seconds {
        under if under < 1.0 => format!("{seconds:.2} s"),
        under if under < 100.0 => format!("{seconds:.1} s"),
        _ => format!("{seconds:.0} s"),
    }
}

/// A number of things, in groups of three digits.
pub(super) fn count(number: u32) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
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
            [(0.0, "0 %"), (0.004, "0.4 %"), (0.5, "50.0 %"), (0.9996, "100.0 %"), (0.991, "99.1 %"), (1.0, "100 %")]
        {
            assert_eq!(percent(ratio), text);
        }
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"]);
        assert_eq!((seconds(0.25), seconds(12.34), seconds(250.4)), ("0.25 s".into(), "12.3 s".into(), "250 s".into()));
    }

    #[test]
    fn what_is_beyond_the_scale_lies_on_its_end() {
        let scale = Scale::up_to(10.0, 100.0, 0.0);
        assert_eq!((scale.at(0.0), scale.at(5.0), scale.at(20.0), scale.at(-1.0)), (100.0, 50.0, 0.0, 100.0));
    }
}
