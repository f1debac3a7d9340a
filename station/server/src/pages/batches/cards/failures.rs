//! Whether the share of failures is steady: the p-chart by hours.

use firstpass_domain::Timestamp;
use maud::{Markup, html};

use super::Card;
use crate::{
    figures::{
        binomial::Share,
        counts_chart::{CountsChart, Group, Signal},
        takt::Hour,
    },
    pages::batches::{
        draw::{self, percent},
        share, time,
    },
};

/// Groups of a chart: the newest hours in which anything ended.
const GROUPS_MAX: usize = 60;
/// Fewer groups have no limits worth drawing.
const GROUPS_MIN: usize = 3;

/// The card.
pub(crate) fn card(hours: &[Hour]) -> Markup {
    let ended: Vec<&Hour> = hours.iter().filter(|hour| hour.passed + hour.failed > 0).collect();
    let shown = &ended[ended.len().saturating_sub(GROUPS_MAX)..];
    let groups: Vec<Share> = shown.iter().map(|hour| Share::of(hour.failed, hour.passed + hour.failed)).collect();
    let began: Vec<Timestamp> = shown.iter().map(|hour| hour.began).collect();
    let control = CountsChart::of(&groups).filter(|_| groups.len() >= GROUPS_MIN);
    let about = html! {
        "Failed attempts of each hour’s attempts (p-chart). The limits lie three standard deviations of a binomial share "
        "from the mean, wider for fewer attempts. A rhombus is an hour that chance does not make: look at what happened "
        "then. A triangle lies beyond a limit with too few attempts to say."
    };
    let chart = control.as_ref().map(|control| draw::failures::draw(control, &began));
    let table = control.as_ref().map(|control| table(control, &began)).unwrap_or_default();
    let (id, title) = ("failures", "Is the share of failures steady?");
    Card {
        id,
        title,
        about,
        chart,
        empty: "This needs three hours in which attempts ended.",
        table,
        foot: Markup::default(),
    }
    .render()
}

fn table(control: &CountsChart, began: &[Timestamp]) -> Markup {
    html! {
        table.data.dense {
            thead { tr {
                th scope="col" { "Hour" } th.num scope="col" { "Failed" } th.num scope="col" { "Lower limit" }
                th.num scope="col" { "Upper limit" } th scope="col" { "Finding" }
            } }
            tbody { @for (group, began) in control.groups.iter().zip(began).rev() { (row(group, *began)) } }
        }
    }
}

fn row(group: &Group, began: Timestamp) -> Markup {
    html! {
        tr {
            th.nowrap scope="row" { (time(began, "minute")) }
            td.num { (share(group.failed)) }
            td.num { (percent(group.limits.0)) }
            td.num { (percent(group.limits.1)) }
            td {
                @match group.signal {
                    Signal::Steady => span.badge.idle { "steady" },
                    Signal::Above => span.badge.bad { (group.signal.word().unwrap_or_default()) },
                    Signal::Below => span.badge.info { (group.signal.word().unwrap_or_default()) },
                    Signal::TooFew => span.badge.idle { (group.signal.word().unwrap_or_default()) },
                }
            }
        }
    }
}
