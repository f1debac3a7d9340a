//! The p-chart: which share of the runs of each group failed, with the limits for as many runs as it had.

use firstpass_domain::Timestamp;
use maud::{Markup, html};

use super::{MARK, Upright, WIDTH, chart, n, percent, rhombus, tick_time, triangle};
use crate::figures::{
    axis,
    counts_chart::{CountsChart, Group, Signal},
};

const HEIGHT: f64 = 250.0;
const TOP: f64 = 18.0;
const BOTTOM: f64 = HEIGHT - 26.0;
/// Most times below the axis.
const TIMES_MAX: usize = 12;

/// The chart of groups with the times at which they began, one for each.
pub(crate) fn draw(control: &CountsChart, began: &[Timestamp]) -> Markup {
    let tops = control.groups.iter().map(|group| group.failed.ratio().unwrap_or_default().max(group.limits.1));
    let plot = Upright::new((0.0, (tops.fold(control.mean, f64::max) * 100.0).min(100.0)), (TOP, BOTTOM), WIDTH);
    let out = control.groups.iter().filter(|group| matches!(group.signal, Signal::Above | Signal::Below)).count();
    let says = format!(
        "Share of failures in {} groups, {} on average; {out} out of the limits.",
        control.groups.len(),
        percent(control.mean)
    );
    let count = control.groups.len();
    let drawing = html! {
        (plot.axis(|tick, step| axis::label(tick, step) + " %"))
        (limits(&plot, &control.groups))
        (plot.levels(&[("mean", control.mean * 100.0, format!("mean {}", percent(control.mean)))]))
        polyline.series points=(line(&plot, &control.groups)) {}
        @for (at, group) in control.groups.iter().enumerate() { (point(&plot, group, plot.x(at, count))) }
        (times(&plot, began))
    };
    chart(HEIGHT, &says, &drawing)
}

fn y(plot: &Upright, ratio: f64) -> f64 {
    plot.y.at(ratio * 100.0)
}

fn line(plot: &Upright, groups: &[Group]) -> String {
    let places = groups.iter().enumerate().map(|(at, group)| {
        format!("{},{}", n(plot.x(at, groups.len())), n(y(plot, group.failed.ratio().unwrap_or_default())))
    });
    places.collect::<Vec<_>>().join(" ")
}

/// The limits step with the size of each group.
fn limits(plot: &Upright, groups: &[Group]) -> Markup {
    let half = (plot.right - plot.left) / groups.len().max(1) as f64 / 2.0;
    let steps = |of: fn(&Group) -> f64| {
        let ends = groups.iter().enumerate().map(|(at, group)| {
            let (x, y) = (plot.x(at, groups.len()), n(y(plot, of(group))));
            format!("{},{y} {},{y}", n(x - half), n(x + half))
        });
        ends.collect::<Vec<_>>().join(" ")
    };
    html! {
        polyline.limit points=(steps(|group| group.limits.1)) {}
        polyline.limit points=(steps(|group| group.limits.0)) {}
    }
}

fn point(plot: &Upright, group: &Group, x: f64) -> Markup {
    let ratio = group.failed.ratio().unwrap_or_default();
    let y = y(plot, ratio);
    html! {
        g {
            title {
                (group.failed.part) " of " (group.failed.whole) " failed, " (percent(ratio))
                @if let Some(word) = group.signal.word() { ": " (word) }
            }
            @match group.signal {
                Signal::Steady => circle.point cx=(n(x)) cy=(n(y)) r=(n(MARK - 1.0)) {},
                Signal::Above | Signal::Below => {
                    polygon.mark points=(rhombus(x, y, MARK + 2.5)) {}
                    text.alarm.middle.halo x=(n(x)) y=(n(y - 10.0)) { @if group.signal == Signal::Above { "above" } @else { "below" } }
                }
                Signal::TooFew => polygon.unsure points=(triangle(x, y, MARK)) {},
            }
        }
    }
}

fn times(plot: &Upright, began: &[Timestamp]) -> Markup {
    let every = began.len().div_ceil(TIMES_MAX).max(1);
    html! {
        @for (at, began_at) in began.iter().enumerate().step_by(every) {
            (tick_time(plot.x(at, began.len()), HEIGHT - 8.0, *began_at, false))
        }
    }
}
