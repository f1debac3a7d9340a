//! Whether to download firmware. Source: device contract, section 4.

use crate::{FirmwareOffer, OtaDownload};

/// How long a new image may take to connect before it gives way to the one before it, in milliseconds: the time within
/// which a client must have registered (recovery rules, section 2, class Timeout).
pub const TRIAL_MS: u64 = 180_000;

/// Time for a whole download, in milliseconds; 16 MB at 256 kbit/s.
pub(crate) const DOWNLOAD_TIMEOUT_MS: u32 = 600_000;

/// What to do about the offered firmware.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OtaDecision {
    /// URL or checksum is unknown: nothing happens, nothing is logged.
    NoOffer,
    /// The offer was applied before; expected, not an error.
    SameAsApplied,
    /// Download it.
    Download(OtaDownload),
}

/// Decides on an offer. A provisioning on the same boot forces a download even of the image applied last.
pub(crate) fn decide(offer: Option<&FirmwareOffer>, ota_sha: &str, provisioned_on_this_boot: bool) -> OtaDecision {
    let Some(offer) = offer else { return OtaDecision::NoOffer };
    if offer.sha256.eq_ignore_ascii_case(ota_sha) && !provisioned_on_this_boot {
        return OtaDecision::SameAsApplied;
    }
    let FirmwareOffer { url, sha256, size } = offer.clone();
    OtaDecision::Download(OtaDownload { url, sha256, size, timeout_ms: DOWNLOAD_TIMEOUT_MS })
}
