//! The pareto of diagnoses: a bar for each, and the share of all up to it as a line. Both have one scale, so that the
//! first bar ends where the line begins.

use firstpass_domain::{Language, diagnosis::Owner};
use maud::{Markup, html};

use super::{LINE, MARK, Scale, WIDTH, chart, count, cut, n, percent};
use crate::figures::{binomial::Share, pareto::Bar};

/// Most bars that are drawn; the table has the rest.
pub(crate) const BARS_MAX: usize = 10;
const ROW: f64 = 38.0;
const TOP: f64 = 22.0;
const LEFT: f64 = 286.0;
/// A bar that has room for its number.
const WIDE_BAR: f64 = 60.0;

/// The chart; `None` without failures.
pub(crate) fn draw(bars: &[Bar]) -> Option<Markup> {
    let first = bars.first()?;
    let shown = &bars[..bars.len().min(BARS_MAX)];
    let scale = Scale::up_to(1.0, LEFT, WIDTH - 46.0);
    let height = TOP + ROW * shown.len() as f64 + 8.0;
    let says = format!(
        "Pareto of {} failures: {} makes {} of them.",
        first.share.whole,
        first.code.name(),
        percent(ratio(first.share))
    );
    let rows = || shown.iter().zip(0_u8..).map(|(bar, at)| (bar, TOP + ROW * f64::from(at)));
    let line: Vec<String> =
        rows().map(|(bar, y)| format!("{},{}", n(scale.at(ratio(bar.cumulated))), n(y + ROW / 2.0))).collect();
    let drawing = html! {
        (grid(scale, height))
        @for (bar, y) in rows() { (row(bar, y, scale)) }
        polyline.sum points=(line.join(" ")) {}
        @for (bar, y) in rows() { (sum_mark(bar, y + ROW / 2.0, scale)) }
    };
    Some(chart(height, &says, &drawing))
}

fn ratio(share: Share) -> f64 {
    share.ratio().unwrap_or_default()
}

fn grid(scale: Scale, height: f64) -> Markup {
    html! {
        @for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
            @let x = n(scale.at(share));
            line.rule x1=(x) x2=(x) y1=(n(TOP - 4.0)) y2=(n(height - 6.0)) {}
            text.tick.middle x=(x) y="12" { (share * 100.0) " %" }
        }
    }
}

fn row(bar: &Bar, y: f64, scale: Scale) -> Markup {
    let (start, end) = (scale.at(0.0), scale.at(ratio(bar.share)));
    let words = bar.code.words(Language::English);
    html! {
        g {
            title { (bar.code.name()) ": " (words.what) }
            text.name x="0" y=(n(y + LINE)) { (cut(bar.code.name(), 30)) }
            text.small x="0" y=(n(y + 2.0 * LINE)) { (owner(bar.code.owner())) ": " (cut(words.what, 44)) }
            rect.bar x=(n(start)) y=(n(y + 7.0)) width=(n((end - start).max(1.0))) height=(n(ROW - 14.0)) {}
            // The line begins at the end of the first bar.
            @if end - start > WIDE_BAR {
                text.inside.end x=(n(end - 8.0)) y=(n(y + ROW / 2.0 + 4.0)) { (count(bar.share.part)) }
            } @else {
                text.value.halo x=(n(end + 6.0)) y=(n(y + ROW / 2.0 + 4.0)) { (count(bar.share.part)) }
            }
        }
    }
}

fn sum_mark(bar: &Bar, y: f64, scale: Scale) -> Markup {
    let x = scale.at(ratio(bar.cumulated));
    let sum = percent(ratio(bar.cumulated));
    html! {
        circle.sum cx=(n(x)) cy=(n(y)) r=(n(MARK - 1.0)) { title { (sum) " up to here" } }
        @if bar.cumulated.part > bar.share.part { text.tick.halo x=(n(x + 7.0)) y=(n(y - 5.0)) { (sum) } }
    }
}

/// Whose fault it is, in a word.
pub(crate) const fn owner(owner: Owner) -> &'static str {
    match owner {
        Owner::Unit => "unit",
        Owner::Fixture => "fixture",
        Owner::Recipe => "recipe",
        Owner::Network => "network",
        Owner::Service => "service",
        Owner::Station => "station",
        Owner::Person => "person",
    }
}
