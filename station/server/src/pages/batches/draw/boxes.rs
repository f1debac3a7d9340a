//! Distributions as box plots, one below the other on one scale: the box holds the middle half, the whiskers eight of
//! ten, the bar in the box is the median.

use maud::{Markup, html};

use super::{Scale, WIDTH, chart, cut, n, seconds};
use crate::figures::{axis, spread::Spread};

const ROW: f64 = 26.0;
const TOP: f64 = 20.0;
const LEFT: f64 = 118.0;
/// Half the height of a box.
const HALF: f64 = 7.0;

/// One distribution with its name.
pub(crate) struct Row {
    /// What is in front of it.
    pub(crate) name: String,
    /// The distribution, in seconds.
    pub(crate) spread: Spread,
}

/// The chart; `None` when there is no distribution.
pub(crate) fn draw(of: &str, rows: &[Row]) -> Option<Markup> {
    let slowest = rows.iter().max_by(|one, other| one.spread.median.total_cmp(&other.spread.median))?;
    let most = rows.iter().map(|row| row.spread.whiskers.1).fold(0.0, f64::max);
    let least = rows.iter().map(|row| row.spread.whiskers.0).fold(most, f64::min);
    // What lies close together is told apart better without the way from 0.
    let ticks = axis::ticks_between(if least > most / 2.0 { least } else { 0.0 }, most);
    let ends = (ticks.first().copied().unwrap_or(0.0), ticks.last().copied().unwrap_or(1.0));
    let scale = Scale { least: ends.0, most: ends.1, start: LEFT, end: WIDTH - 62.0 };
    let height = TOP + ROW * rows.len() as f64 + 6.0;
    let says = format!("{of}: {} is the slowest with a median of {}.", slowest.name, seconds(slowest.spread.median));
    let drawing = html! {
        (grid(scale, &ticks, height))
        @for (row, at) in rows.iter().zip(0_u16..) { (draw_row(row, TOP + ROW * f64::from(at) + ROW / 2.0, scale)) }
    };
    Some(chart(height, &says, &drawing))
}

fn grid(scale: Scale, ticks: &[f64], height: f64) -> Markup {
    let step = axis::step_of(ticks);
    html! {
        @for tick in ticks {
            @let x = n(scale.at(*tick));
            line.rule x1=(x) x2=(x) y1=(n(TOP - 4.0)) y2=(n(height - 4.0)) {}
            text.tick.middle x=(x) y="11" { (axis::label(*tick, step)) " s" }
        }
    }
}

fn draw_row(row: &Row, y: f64, scale: Scale) -> Markup {
    let Spread { count, whiskers, quartiles, median } = row.spread;
    let [low, first, middle, third, high] =
        [whiskers.0, quartiles.0, median, quartiles.1, whiskers.1].map(|value| scale.at(value));
    html! {
        g {
            title {
                (row.name) ": median " (seconds(median)) ", half between " (seconds(quartiles.0)) " and "
                (seconds(quartiles.1)) ", eight of ten between " (seconds(whiskers.0)) " and " (seconds(whiskers.1))
                ", " (count) " in all"
            }
            text.name.end x=(n(LEFT - 10.0)) y=(n(y + 4.0)) { (cut(&row.name, 16)) }
            line.whisker x1=(n(low)) x2=(n(high)) y1=(n(y)) y2=(n(y)) {}
            @for x in [low, high] { line.whisker x1=(n(x)) x2=(n(x)) y1=(n(y - 4.0)) y2=(n(y + 4.0)) {} }
            rect.box x=(n(first)) y=(n(y - HALF)) width=(n((third - first).max(1.0))) height=(n(2.0 * HALF)) {}
            line.median x1=(n(middle)) x2=(n(middle)) y1=(n(y - HALF)) y2=(n(y + HALF)) {}
            text.value x=(n(scale.end + 8.0)) y=(n(y + 4.0)) { (seconds(median)) }
        }
    }
}
