//! A unit's owner claims it.

use firstpass_contract::Secret;
use firstpass_domain::Sha256Digest;
use firstpass_store::ClaimError;

use super::{Provisioner, Refusal};

/// Longest claim code, in bytes. Source: device contract, section 6.
const CLAIM_CODE_MAX: usize = 255;

impl Provisioner {
    /// Ties a claim code to the unit that has this device token. The same claim again is fine.
    pub async fn bind_claim(&self, token: &Secret, claim_code: &Secret) -> Result<(), Refusal> {
        let len = claim_code.expose().len();
        if len == 0 || len > CLAIM_CODE_MAX {
            return Err(Refusal::Invalid(format!("claim_code: it must have 1 to {CLAIM_CODE_MAX} bytes")));
        }
        let [token, claim] = [token, claim_code].map(|secret| Sha256Digest::of(secret.expose().as_bytes()));
        self.store.bind_claim(token, claim, (self.clock)()).await.map_err(|error| match error {
            ClaimError::UnknownToken => Refusal::UnknownToken,
            ClaimError::AlreadyClaimed => Refusal::AlreadyClaimed,
            ClaimError::ClaimUsed => Refusal::ClaimUsed,
            ClaimError::Store(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "could not bind a claim");
                Refusal::RecordUnavailable
            }
        })
    }
}
