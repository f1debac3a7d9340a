//! Units per clock hour beside the takt: what passed and, above it, what failed.

use firstpass_domain::Timestamp;
use maud::{Markup, html};

use super::{Upright, WIDTH, chart, n, tick_time};
use crate::figures::{
    axis,
    takt::{HOUR_MICROS, Hour, Takt},
};

const HEIGHT: f64 = 250.0;
const TOP: f64 = 18.0;
const BOTTOM: f64 = HEIGHT - 26.0;
/// Most times below the axis.
const TIMES_MAX: usize = 12;

/// The chart; `None` when nothing ended yet.
pub(crate) fn draw(hours: &[Hour], takt: Option<Takt>, now: Timestamp) -> Option<Markup> {
    let last = hours.last()?;
    let most = hours.iter().map(|hour| hour.passed + hour.failed).max().unwrap_or_default();
    let plot = Upright::new((0.0, f64::from(most).max(takt.map_or(0.0, Takt::per_hour))), (TOP, BOTTOM), WIDTH);
    let drawing = html! {
        (plot.axis(axis::label))
        @for (at, hour) in hours.iter().enumerate() { (bar(&plot, hour, at, hours.len(), now)) }
        @if let Some(takt) = takt { (plot.levels(&[("takt", takt.per_hour(), format!("takt {:.1}", takt.per_hour()))])) }
        (times(&plot, hours))
    };
    let says = format!("Units per hour over {} hours; {} passed in the last one.", hours.len(), last.passed);
    Some(chart(HEIGHT, &says, &drawing))
}

fn bar(plot: &Upright, hour: &Hour, at: usize, count: usize, now: Timestamp) -> Markup {
    let width = ((plot.right - plot.left) / count as f64 * 0.72).min(40.0);
    let x = n(plot.x(at, count) - width / 2.0);
    let (passed, all) = (plot.y.at(f64::from(hour.passed)), plot.y.at(f64::from(hour.passed + hour.failed)));
    let is_running = now.as_micros() < hour.began.as_micros() + HOUR_MICROS;
    html! {
        g.running[is_running] {
            title { (hour.passed) " passed, " (hour.failed) " failed" @if is_running { ", and the hour is not over" } }
            rect.passed x=(x) width=(n(width)) y=(n(passed)) height=(n(BOTTOM - passed)) {}
            rect.failed x=(x) width=(n(width)) y=(n(all)) height=(n(passed - all)) {}
        }
    }
}

fn times(plot: &Upright, hours: &[Hour]) -> Markup {
    let every = hours.len().div_ceil(TIMES_MAX).max(1);
    html! {
        @for (at, hour) in hours.iter().enumerate().step_by(every) {
            (tick_time(plot.x(at, hours.len()), HEIGHT - 8.0, hour.began, false))
        }
    }
}
