//! Whether the share of failures is steady: the p-chart by hours, or by runs while there are few hours.

use firstpass_domain::{DiagnosisCode, RunState, Timestamp};
use firstpass_store::RunPoint;
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
/// Attempts of a group, while there are too few hours.
const RUNS_GROUPED: usize = 25;

/// Groups with the times at which they begin, oldest first.
type Groups = Vec<(Timestamp, Share)>;

/// The card.
pub(crate) fn card(hours: &[Hour], recent: &[RunPoint]) -> Markup {
    let by_hour = of_hours(hours);
    let is_by_hour = by_hour.len() >= GROUPS_MIN;
    let groups = if is_by_hour { by_hour } else { of_runs(recent) };
    let (began, shares): (Vec<Timestamp>, Vec<Share>) = groups.into_iter().unzip();
    let control = CountsChart::of(&shares).filter(|_| shares.len() >= GROUPS_MIN);
    let about = html! {
        @if is_by_hour { "Failed attempts of each hour’s attempts" } @else { "Failed attempts of every " (RUNS_GROUPED) " in a row" }
        " (p-chart). The limits lie three standard deviations of a binomial share from the mean, wider for fewer attempts. "
        "A rhombus is a group that chance does not make: look at what happened then. A triangle lies beyond a limit with "
        "too few attempts to say."
    };
    let chart = control.as_ref().map(|control| draw::failures::draw(control, &began));
    let table = control.as_ref().map(|control| table(control, &began)).unwrap_or_default();
    let (id, title) = ("failures", "Is the share of failures steady?");
    let empty = "This needs attempts in three hours, or three times 25 attempts.";
    Card { id, title, about, chart, empty, table, foot: Markup::default() }.render()
}

fn of_hours(hours: &[Hour]) -> Groups {
    let ended: Groups = hours
        .iter()
        .filter(|hour| hour.passed + hour.failed > 0)
        .map(|hour| (hour.began, Share::of(hour.failed, hour.passed + hour.failed)))
        .collect();
    ended[ended.len().saturating_sub(GROUPS_MAX)..].to_vec()
}

/// The newest attempts in groups of the same size, in the order in which they ended; a last group that is not full is
/// left out.
fn of_runs(recent: &[RunPoint]) -> Groups {
    let mut attempts: Vec<(Timestamp, bool)> = recent.iter().filter_map(attempt).collect();
    attempts.sort_by_key(|(ended, _)| *ended);
    let count = |group: &[(Timestamp, bool)]| {
        let failed = group.iter().filter(|(_, has_failed)| *has_failed).count();
        let share = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        (group[0].0, Share::of(share(failed), share(group.len())))
    };
    attempts.chunks_exact(RUNS_GROUPED).map(count).collect()
}

/// When an attempt ended, and whether it failed; `None` for a run that is none.
fn attempt(run: &RunPoint) -> Option<(Timestamp, bool)> {
    let ended = run.ended.filter(|_| run.admitted && !run.repair)?;
    match run.state {
        RunState::Passed => Some((ended, false)),
        RunState::Open | RunState::Failed { code: DiagnosisCode::Interrupted | DiagnosisCode::Cancelled } => None,
        RunState::Failed { .. } => Some((ended, true)),
    }
}

fn table(control: &CountsChart, began: &[Timestamp]) -> Markup {
    html! {
        table.data.dense {
            thead { tr {
                th scope="col" { "Began" } th.num scope="col" { "Failed" } th.num scope="col" { "Lower limit" }
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
