//! A unit beside the slots: how it stands and what can be done with it now. Everything else is on the unit's own page.

use axum::{extract::State, response::Html};
use firstpass_domain::{Action, Language, Mac, Problem, Run, RunState};
use firstpass_store::{Standing, UnitDetail};
use http::StatusCode;
use maud::{Markup, html};

use super::slot::failure;
use crate::{
    AppState,
    access::Principal,
    extract::Path,
    problem::{Answer, HttpProblem},
    words::{LineWords, fill, line},
};

/// `GET /line/unit/{mac}`
pub(super) async fn unit(State(app): State<AppState>, person: Principal, Path(mac): Path<Mac>) -> Answer<Html<String>> {
    let words = line(person.language);
    let unit = app.services.store.unit(mac).await?.ok_or_else(|| unknown(mac, words))?;
    let slot = app.line.slot_of(mac);
    let body = html! {
        div.unit-card data-mac=(mac) {
            h2 #drawer-title { (words.unit) " " span.mono { (name(&unit)) } }
            p { (standing(&unit, words)) @if let Some(slot) = slot { " " span.badge.info { (fill(words.on_slot, &[slot.as_str()])) } } }
            (facts(&unit, words))
            @if let Some(run) = unit.runs.iter().max_by_key(|run| run.began) { (last(run, person.language)) }
            .toolbar { (acts(&unit, &person, words)) }
        }
    };
    Ok(Html(body.into_string()))
}

fn unknown(mac: Mac, words: &LineWords) -> HttpProblem {
    let what = fill(words.unknown_unit, &[&mac.to_string()]);
    HttpProblem::new(StatusCode::NOT_FOUND, "not_found", what, words.unknown_unit_why, words.unknown_unit_do)
}

fn name(unit: &UnitDetail) -> String {
    let summary = &unit.summary;
    summary.serial.as_ref().map_or_else(|| summary.mac.to_string(), ToString::to_string)
}

fn standing(unit: &UnitDetail, words: &LineWords) -> Markup {
    let (tone, word) = match unit.summary.standing {
        Some(Standing::Passed) => ("ok", words.passed),
        Some(Standing::Failed) => ("bad", words.failed),
        Some(Standing::Quarantined) => ("warn", words.in_quarantine),
        Some(Standing::Scrapped) => ("bad", words.scrapped),
        None => ("idle", words.not_tried),
    };
    html! { span.badge.(tone) { (word) } }
}

fn facts(unit: &UnitDetail, words: &LineWords) -> Markup {
    let device = unit.sessions.last().map(|session| &session.session.device_id);
    html! {
        dl.facts {
            dt { "MAC" } dd.mono { (unit.summary.mac) }
            @if let Some(serial) = &unit.summary.serial { dt { (words.serial) } dd.mono { (serial) } }
            @if let Some(device) = device { dt { "Device id" } dd.mono { (device) } }
            dt { (words.attempts) } dd { (unit.summary.attempts) }
            @if let Some(hold) = &unit.hold {
                dt { (words.hold_reason) } dd { (hold.reason) }
                dt { (words.hold_by) } dd { (hold.actor) }
            }
        }
    }
}

/// How the newest run came out.
fn last(run: &Run, language: Language) -> Markup {
    let words = line(language);
    html! {
        h3 { (words.last_run) " · " (run.slot) }
        @match run.state {
            RunState::Open => p { span.badge.info { (words.working) } },
            RunState::Passed => p { span.badge.ok { (words.passed) } },
            RunState::Failed { code } => {
                @let words = code.words(language);
                (failure(&Problem {
                    code: code.name().to_owned(),
                    what: words.what.to_owned(),
                    why: words.why.to_owned(),
                    remedy: words.remedy.to_owned(),
                }, language))
            }
        }
    }
}

fn acts(unit: &UnitDetail, person: &Principal, words: &LineWords) -> Markup {
    let mac = unit.summary.mac;
    let in_work = unit.runs.iter().any(|run| run.state == RunState::Open);
    let (held, scrapped) = match unit.summary.standing {
        Some(Standing::Quarantined) => (true, false),
        Some(Standing::Scrapped) => (false, true),
        Some(Standing::Passed | Standing::Failed) | None => (false, false),
    };
    html! {
        @if held && person.may(Action::ReleaseUnits) {
            button.primary type="button" data-act="release" data-mac=(mac) { (words.release) }
        }
        @if !held && !scrapped && !in_work && person.may(Action::QuarantineUnits) {
            button.danger type="button" data-act="quarantine" data-mac=(mac) { (words.quarantine) }
        }
        a.button href={ "/units/" (mac) } { (words.whole_story) }
    }
}
