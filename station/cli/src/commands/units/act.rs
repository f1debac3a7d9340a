//! `station units quarantine|release|scrap`: what a person does about a unit, with reason and name on record. They work
//! on the record alone; a station that works cuts a scrapped unit's connection when it sees the entry.

use firstpass_domain::Mac;
use firstpass_store::{Store, UnitActError};
use serde::Serialize;

use crate::{
    args::ActArgs,
    data::DataFolder,
    exit::{Exit, Failure},
    output::Output,
    station::now,
};

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Deed {
    Quarantined,
    Released,
    Scrapped,
}

/// Does it.
pub(super) async fn run(
    data: &DataFolder,
    mac: Mac,
    deed: Deed,
    act: &ActArgs,
    output: Output,
) -> Result<Exit, Failure> {
    let act = act.checked()?;
    let store = data.open_record().await?;
    let done = match deed {
        Deed::Quarantined => store.quarantine_unit(mac, &act, now()).await,
        Deed::Released => store.release_unit(mac, &act, now()).await,
        Deed::Scrapped => store.scrap_unit(mac, &act, now()).await,
    };
    let ended = done.map_err(|error| refused(mac, error))?;
    store.close().await;
    #[derive(Serialize)]
    struct View {
        event: Deed,
        mac: Mac,
        by: String,
        reason: String,
        sessions_ended: usize,
    }
    let view = View { event: deed, mac, by: act.actor, reason: act.reason, sessions_ended: ended.len() };
    output.say(&view, || match deed {
        Deed::Quarantined => format!("unit {mac} is in quarantine; the line refuses it until it is released"),
        Deed::Released => format!("unit {mac} may run again"),
        Deed::Scrapped => {
            format!("unit {mac} is scrapped for ever; {} of its sessions ended", view.sessions_ended)
        }
    });
    Ok(Exit::Done)
}

fn refused(mac: Mac, error: UnitActError) -> Failure {
    let usage = |code, what: &str, remedy: &str| {
        Failure::usage(code, format!("Unit {mac} {what}."), format!("{error}."), remedy)
    };
    match error {
        UnitActError::Store(error) => error.into(),
        UnitActError::UnknownUnit => usage(
            "unit_unknown",
            "is not on record",
            "Compare with `station units list`; check that --data names the right station's folder.",
        ),
        UnitActError::InWork { .. } => {
            usage("unit_in_work", "is in work", "Wait for the end of its run, or take it off its slot.")
        }
        UnitActError::Quarantined => {
            usage("unit_quarantined", "is in quarantine already", "Look at the reason with `station units show`.")
        }
        UnitActError::NotQuarantined => {
            usage("unit_not_quarantined", "needs no release", "A unit that failed may run again without one.")
        }
        UnitActError::Scrapped => usage("unit_scrapped", "was scrapped", "Scrap is for ever; use another unit."),
        UnitActError::Unexplained => {
            usage("act_unexplained", "stays as it is", "Say with --reason and --by why, and who does it.")
        }
    }
}
