//! Provisioning messages as JSON: what is read can be flattened, checked, written and read again.
#![no_main]

use firstpass_contract::provision::{BindClaimRequest, BindClaimResponse, ProvisionRequest, ProvisionResponse};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = serde_json::from_slice::<ProvisionRequest>(bytes);
    let _ = serde_json::from_slice::<BindClaimRequest>(bytes);
    let _ = serde_json::from_slice::<BindClaimResponse>(bytes);
    let Ok(response) = serde_json::from_slice::<ProvisionResponse>(bytes) else { return };
    let _ = response.effective_mqtt_port();
    let flat = response.flatten();
    let fits = flat.check_limits().is_ok();
    let text = serde_json::to_vec(&flat).expect("what was read can be written");
    let again: ProvisionResponse = serde_json::from_slice(&text).expect("what was written can be read");
    assert_eq!(again.flatten().check_limits().is_ok(), fits);
});
