//! What the agent is told at its start: session, firmware, and how that firmware is built.

use firstpass_agent::{Agent, Boot, EspError, SessionInNvs, Setup};
use firstpass_contract::Secret;
use firstpass_contract::logline::Level;

use crate::{DeviceNvs, Firmware, OtaData, PartitionTable, Platform, State, image};

/// Starts the agent of this boot. Returns the provisioning URL, too, which also tells the time.
pub(crate) fn agent<P: Platform>(
    platform: &P,
    firmware: &Firmware,
    table: &PartitionTable,
    nvs: &mut Result<DeviceNvs<'_, P::Flash>, EspError>,
) -> (Agent, alloc::string::String) {
    let mut session = nvs.as_mut().map_err(|error| *error).and_then(SessionInNvs::load);
    if let (Ok(session), false) = (&mut session, firmware.provisions) {
        session.auth_code = Secret::default();
    }
    let compiled_in = &firmware.compiled_in;
    let service = match (&session, compiled_in.prov_url.is_empty()) {
        (Ok(session), true) => session.prov_url.clone(),
        (Ok(_) | Err(_), _) => compiled_in.prov_url.clone(),
    };
    let hash = image::sha256(&mut *platform.flash().borrow_mut(), firmware.running_at, || platform.alive());
    let app_sha256 = hash.unwrap_or_else(|error| {
        platform.log(Level::Error, "app", format_args!("the running image cannot be read: {error}"));
        alloc::string::String::new()
    });
    let boot = Boot {
        mac: firmware.mac,
        session,
        app_version: firmware.version.into(),
        app_sha256,
        seed: platform.random(),
        setup: Setup {
            now_ms: platform.now_ms(),
            compiled_in: compiled_in.clone(),
            own_key: firmware.own_key,
            on_trial: on_trial(platform, firmware, table),
            ..Setup::default()
        },
    };
    (Agent::boot(boot), service)
}

/// Whether the running image is the one that was selected, and has not said yet that it works. A boot loader that is built
/// without roll-back leaves a new image new; the trial is the same.
fn on_trial<P: Platform>(platform: &P, firmware: &Firmware, table: &PartitionTable) -> bool {
    OtaData::read(platform.flash(), table).is_ok_and(|data| {
        let runs = data.chosen(&table.slots()).is_some_and(|slot| slot.offset == firmware.running_at);
        runs && matches!(data.state(), Some(State::New | State::Pending))
    })
}
