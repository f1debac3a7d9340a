//! What the agent is told at its start: session, firmware, and how that firmware is built.

use std::hash::{BuildHasher, Hasher, RandomState};

use firstpass_agent::{Agent, Boot, CompiledIn, EspError, Mac, SessionInNvs, Setup};
use firstpass_contract::Secret;

use crate::AppContext;
use crate::image::CompiledCode;
use crate::otadata::{OtaData, State};

use super::nvs::DeviceNvs;
use super::{misbehaviour, mischief};

/// Starts the agent of this boot.
pub(super) fn agent(context: &AppContext, nvs: &mut Result<DeviceNvs, EspError>) -> Agent {
    let session = nvs.as_mut().map_err(|error| *error).and_then(SessionInNvs::load);
    let mut session = misbehaviour::read(session, &context.faults);
    let compiled_in = compiled_in(context);
    if let (Ok(session), Some(_)) = (&mut session, &context.image.compiled_code) {
        // Firmware with its code compiled in looks for it nowhere else.
        session.auth_code = compiled_in.auth_code.clone();
    }
    if let Ok(session) = &session {
        mischief::at_start(context, &session.auth_code, nvs.as_mut().ok());
    }
    let boot = Boot {
        mac: Mac(context.mac.0),
        session,
        app_version: context.image.version.clone(),
        app_sha256: context.image.sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
        // Each `RandomState` has random keys from the system.
        seed: RandomState::new().build_hasher().finish(),
        setup: Setup {
            now_ms: context.clock.millis(),
            compiled_in,
            own_key: context.surroundings.own_key,
            on_trial: on_trial(context),
            quirks: misbehaviour::quirks(&context.faults),
        },
    };
    Agent::boot(misbehaviour::name_itself(boot, &context.faults))
}

fn compiled_in(context: &AppContext) -> CompiledIn {
    let auth_code = match &context.image.compiled_code {
        Some(CompiledCode::Code(code)) if !context.faults.is_on(&crate::Fault::NoCode) => Secret::new(code.as_str()),
        Some(CompiledCode::Code(_) | CompiledCode::Empty) | None => Secret::default(),
    };
    CompiledIn { auth_code, ..CompiledIn::default() }
}

fn on_trial(context: &AppContext) -> bool {
    let data = OtaData::read(&context.flash, &context.partitions).ok();
    data.and_then(|data| data.newest()).is_some_and(|entry| entry.state == State::Pending)
}
