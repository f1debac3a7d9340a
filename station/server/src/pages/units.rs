//! Units: found by any of their names, and shown with everything that is on record of them.
//!
//! Shows and hands on what people decide; judges again what was judged, and decides nothing.

mod acts;
mod list;
mod log;
pub(crate) mod proof;
pub(crate) mod query;
mod replayed;
mod run;
mod run_page;
mod session;
mod show;
pub(crate) mod words;

use firstpass_domain::{Action, AuditEntry, AuditKind, RunState, Verdict, judge};
use firstpass_store::{BatchId, RunDetail, Standing};
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

use crate::{access::Access, api::command::command, routes::Routes};

pub(crate) use log::path as log_path;
pub(crate) use replayed::{Replayed, checks};
pub(crate) use session::full_pem;

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get("/units", Access::May(Action::SeeUnits), list::list)
        .get("/units/{mac}", Access::May(Action::SeeUnits), show::show)
        .get("/units/{mac}/certificates/{serial}", Access::May(Action::SeeUnits), session::pem)
        .post("/units/{mac}/quarantine", Access::May(Action::QuarantineUnits), command(acts::quarantine))
        .post("/units/{mac}/release", Access::May(Action::ReleaseUnits), command(acts::release))
        .post("/units/{mac}/scrap", Access::May(Action::ScrapUnits), command(acts::scrap))
        .get("/runs/{run}", Access::May(Action::SeeUnits), run_page::show)
        .get("/runs/{run}/log", Access::May(Action::SeeUnits), run_page::log)
}

/// How a unit stands, with shape and word.
pub(crate) fn standing_badge(standing: Option<Standing>) -> Markup {
    let (tone, word) = match standing {
        Some(Standing::Passed) => ("ok", "passed"),
        Some(Standing::Failed) => ("bad", "failed"),
        Some(Standing::Quarantined) => ("warn", "quarantined"),
        Some(Standing::Scrapped) => ("bad", "scrapped"),
        None => ("idle", "not tested"),
    };
    html! { span class={ "badge " (tone) } { (word) } }
}

/// How a run stands, with shape and word.
pub(crate) fn state_badge(state: RunState) -> Markup {
    let (tone, word) = match state {
        RunState::Open => ("info", "in work"),
        RunState::Passed => ("ok", "passed"),
        RunState::Failed { .. } => ("bad", "failed"),
    };
    html! { span class={ "badge " (tone) } { (word) } }
}

/// The batch that a run counts for, as the entry of its beginning says.
pub(crate) fn batch_of(entries: &[AuditEntry]) -> Option<BatchId> {
    #[derive(Deserialize)]
    struct Began {
        batch: Uuid,
    }
    let began = entries.iter().find(|entry| entry.kind == AuditKind::RunBegan)?;
    serde_json::from_str::<Began>(&began.body).ok().map(|began| BatchId(began.batch))
}

/// Which piece of evidence made the run fail: with it the verdict is a failure, and without it and all after it none.
pub(crate) fn decisive(detail: &RunDetail) -> Option<usize> {
    let fails = |len: usize| matches!(judge(&detail.policy, &detail.evidence[..len]), Verdict::Fail(_));
    let len = detail.evidence.len();
    if !fails(len) {
        return None;
    }
    // A failure stays one whatever comes later, so the first can be found by halving.
    let (mut good, mut bad) = (0, len);
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        if fails(middle) { bad = middle } else { good = middle }
    }
    Some(bad - 1)
}
