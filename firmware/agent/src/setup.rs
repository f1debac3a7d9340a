//! How a firmware is built and which boot of it this is. The default is the plain factory firmware of the line.

use alloc::string::String;

use firstpass_contract::Secret;

use crate::{Quirks, SessionInNvs};

/// What the driver says of firmware and boot beside the session.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// The driver's clock at this boot, in milliseconds.
    pub now_ms: u64,
    /// Parameters that stand in the image and not in NVS.
    pub compiled_in: CompiledIn,
    /// Whether the unit makes its own key: a provisioning then sends a certificate request and takes no key.
    pub own_key: bool,
    /// Whether the running image is on trial after an update (`ESP_OTA_IMG_PENDING_VERIFY`): it is confirmed when it has
    /// connected, and rolled back when it has not within [`TRIAL_MS`](crate::TRIAL_MS).
    pub on_trial: bool,
    /// What the firmware does wrong.
    pub quirks: Quirks,
}

/// Provisioning parameters compiled into the image, as the stock SDK has them; an empty one is taken from NVS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompiledIn {
    /// The factory auth code. With one, the unit provisions on every boot and does not send its MAC, as the stock SDK.
    pub auth_code: Secret,
    /// Provisioning base URL.
    pub prov_url: String,
    /// Workspace UUID.
    pub workspace_id: String,
}

impl CompiledIn {
    /// Whether the unit can provision although its NVS is empty.
    pub(crate) fn suffices(&self) -> bool {
        !self.auth_code.is_empty() && !self.prov_url.is_empty() && !self.workspace_id.is_empty()
    }

    /// Puts what the image holds in the place of what NVS holds.
    pub(crate) fn apply(&self, session: &mut SessionInNvs) {
        if !self.auth_code.is_empty() {
            session.auth_code = self.auth_code.clone();
        }
        for (compiled, stored) in
            [(&self.prov_url, &mut session.prov_url), (&self.workspace_id, &mut session.workspace_id)]
        {
            if !compiled.is_empty() {
                stored.clone_from(compiled);
            }
        }
    }
}
