//! Slots side by side: how often each fails because of unit or fixture, how sure that is, and where all of them lie.

use maud::{Markup, html};

use super::{MARK, Scale, WIDTH, chart, count, cut, n, percent, triangle};
use crate::figures::{
    axis,
    binomial::Share,
    slots::{Finding, Health},
};

const ROW: f64 = 24.0;
const TOP: f64 = 34.0;
const LEFT: f64 = 118.0;

/// The chart; `None` when nothing ran.
pub(crate) fn draw(slots: &[Health<String>]) -> Option<Markup> {
    let ran: Vec<&Health<String>> = slots.iter().filter(|slot| slot.usual.here.whole > 0).collect();
    let first = ran.first()?;
    let all =
        Share::of(first.usual.here.part + first.usual.others.part, first.usual.here.whole + first.usual.others.whole);
    let pooled = all.ratio().unwrap_or_default();
    let ends = ran.iter().filter_map(|slot| slot.usual.here.interval()).map(|(_, high)| high);
    let ticks = axis::ticks(ends.fold(pooled, f64::max) * 100.0);
    let scale = Scale::up_to(ticks.last().copied().unwrap_or(1.0) / 100.0, LEFT, WIDTH - 132.0);
    let height = TOP + ROW * ran.len() as f64 + 6.0;
    let drawing = html! {
        (grid(scale, &ticks, height))
        (pooled_line(scale, pooled, height))
        @for (slot, at) in ran.iter().zip(0_u16..) { (row(slot, TOP + ROW * f64::from(at) + ROW / 2.0, scale)) }
    };
    Some(chart(height, &says(&ran), &drawing))
}

fn says(slots: &[&Health<String>]) -> String {
    let found: Vec<&str> =
        slots.iter().filter(|slot| slot.finding != Finding::Even).map(|slot| slot.slot.as_str()).collect();
    if found.is_empty() {
        format!("Failures on {} slots: none differs from the others.", slots.len())
    } else {
        format!("Failures on {} slots: {} differs from the others.", slots.len(), found.join(", "))
    }
}

fn grid(scale: Scale, ticks: &[f64], height: f64) -> Markup {
    let step = axis::step_of(ticks);
    html! {
        @for tick in ticks {
            @let x = n(scale.at(tick / 100.0));
            line.rule x1=(x) x2=(x) y1=(n(TOP - 4.0)) y2=(n(height - 4.0)) {}
            text.tick.middle x=(x) y=(n(TOP - 10.0)) { (axis::label(*tick, step)) " %" }
        }
    }
}

fn pooled_line(scale: Scale, pooled: f64, height: f64) -> Markup {
    let x = n(scale.at(pooled));
    html! {
        line.mean x1=(x) x2=(x) y1=(n(TOP - 4.0)) y2=(n(height - 4.0)) {}
        text.tick.middle.halo x=(x) y="10" { "all slots " (percent(pooled)) }
    }
}

fn row(slot: &Health<String>, y: f64, scale: Scale) -> Markup {
    let (low, high) = slot.usual.here.interval().unwrap_or_default();
    let x = scale.at(slot.usual.here.ratio().unwrap_or_default());
    let stands_out = slot.finding != Finding::Even;
    html! {
        g.out[stands_out] {
            title {
                (slot.slot) ": " (slot.usual.here.part) " of " (slot.usual.here.whole) " failed; between " (percent(low)) " and "
                (percent(high)) " with 95 % confidence"
            }
            text.name.end x=(n(LEFT - 10.0)) y=(n(y + 4.0)) { (cut(&slot.slot, 16)) }
            line.whisker x1=(n(scale.at(low))) x2=(n(scale.at(high))) y1=(n(y)) y2=(n(y)) {}
            @if stands_out {
                polygon.mark points=(triangle(x, y, MARK + 2.0)) {}
            } @else {
                circle.point cx=(n(x)) cy=(n(y)) r=(n(MARK)) {}
            }
            text.value x=(n(scale.end + 10.0)) y=(n(y + 4.0)) { (count(slot.usual.here.part)) "/" (count(slot.usual.here.whole)) (times(slot)) }
        }
    }
}

fn times(slot: &Health<String>) -> String {
    match (slot.finding, slot.found.times()) {
        (Finding::Fixture | Finding::Units, Some(times)) => format!(" {times:.1} ×"),
        (Finding::Fixture | Finding::Units, None) => " only here".to_owned(),
        (Finding::Elsewhere, _) => " others".to_owned(),
        (Finding::Even, _) => String::new(),
    }
}
