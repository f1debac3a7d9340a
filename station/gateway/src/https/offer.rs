//! Firmware that runs' units are offered, each under an address that nobody can guess. Knows no request.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use firstpass_contract::limits::{FIRMWARE_URL, TooLong};
use firstpass_domain::{Fact, RunId, Sha256Digest, Timestamp};
use thiserror::Error;

use super::{
    Provisioner,
    draft::{FirmwareOffer, SessionError, secret},
    fetched::Fetched,
};

/// Path of the downloads below the base; a token follows.
pub(super) const FIRMWARE_PATH: &str = "/firmware/";

/// Offers at once; a station has far fewer slots.
const OFFERS_MAX: usize = 1024;

/// An image to offer. Cheap to clone.
#[derive(Clone)]
pub struct FirmwareImage {
    /// The image file's bytes.
    pub image: Arc<[u8]>,
    /// Their SHA-256.
    pub sha256: Sha256Digest,
}

/// An offer that stands until this is dropped.
#[must_use = "the offer ends when this is dropped"]
pub struct Offer {
    offers: Arc<Offers>,
    offered: Arc<Offered>,
}

/// Firmware could not be offered.
#[derive(Debug, Error)]
pub enum OfferError {
    /// The unit could not take the address, or the system gave no random bytes.
    #[error("could not make the address of the firmware")]
    Address(#[from] SessionError),
    /// An image is larger than the contract can say.
    #[error("the image has {0} bytes")]
    TooLarge(usize),
    /// A bug in whoever makes offers.
    #[error("there are {OFFERS_MAX} offers already")]
    TooMany,
}

/// The offers that stand, one to a run.
#[derive(Default)]
pub(super) struct Offers {
    by_run: Mutex<HashMap<RunId, Arc<Offered>>>,
}

/// One offer and what was fetched of it.
pub(super) struct Offered {
    pub(super) run: RunId,
    /// SHA-256 of the token, so that a look-up's time tells nothing about it.
    pub(super) key: Sha256Digest,
    pub(super) image: Bytes,
    /// What the unit is told.
    pub(super) told: FirmwareOffer,
    fetched: Mutex<Fetched>,
}

impl Provisioner {
    /// Offers firmware to a run's unit: the provisioning answers of this run name it from now on, and it is served below
    /// `base_url` (this endpoint's, as units see it, without a slash behind it) until the [`Offer`] is dropped. A second
    /// offer in the same run takes the place of the first.
    pub fn offer(&self, run: RunId, firmware: &FirmwareImage, base_url: &str) -> Result<Offer, OfferError> {
        let token = secret("")?;
        let url = format!("{base_url}{FIRMWARE_PATH}{}", token.expose());
        FIRMWARE_URL.check(&url).map_err(|error: TooLong| SessionError::from(error))?;
        let size = firmware.image.len();
        let size = u32::try_from(size).map_err(|_| OfferError::TooLarge(size))?;
        let offered = Arc::new(Offered {
            run,
            key: key_of(token.expose()),
            image: Bytes::from_owner(Arc::clone(&firmware.image)),
            told: FirmwareOffer { url, sha256: firmware.sha256, size },
            fetched: Mutex::new(Fetched::new(size.into())),
        });
        self.offers.put(Arc::clone(&offered))?;
        Ok(Offer { offers: Arc::clone(&self.offers), offered })
    }
}

fn key_of(token: &str) -> Sha256Digest {
    Sha256Digest::of(token.as_bytes())
}

impl Offers {
    fn put(&self, offered: Arc<Offered>) -> Result<(), OfferError> {
        let mut by_run = self.lock();
        if by_run.len() >= OFFERS_MAX && !by_run.contains_key(&offered.run) {
            return Err(OfferError::TooMany);
        }
        by_run.insert(offered.run, offered);
        Ok(())
    }

    /// What the unit of this run is to be told.
    pub(super) fn of_run(&self, run: RunId) -> Option<FirmwareOffer> {
        self.lock().get(&run).map(|offered| offered.told.clone())
    }

    /// The offer with this token.
    pub(super) fn find(&self, token: &str) -> Option<Arc<Offered>> {
        let key = key_of(token);
        self.lock().values().find(|offered| offered.key == key).map(Arc::clone)
    }

    fn withdraw(&self, offered: &Offered) {
        let mut by_run = self.lock();
        if by_run.get(&offered.run).is_some_and(|standing| standing.key == offered.key) {
            by_run.remove(&offered.run);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RunId, Arc<Offered>>> {
        // Every change is one insertion or removal.
        self.by_run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Offered {
    /// Notes a request for the image.
    pub(super) fn asked(&self, now: Timestamp) {
        self.lock().asked(now);
    }

    /// Notes bytes that were given to a connection; the fact when these were the last of the image.
    pub(super) fn sent(&self, bytes: std::ops::Range<u64>, now: Timestamp) -> Option<Fact> {
        let whole = self.lock().sent(bytes, now)?;
        let (bytes, duration_ms) = (whole.bytes, u64::try_from(whole.duration.as_millis()).unwrap_or(u64::MAX));
        Some(Fact::FirmwareServed { sha256: self.told.sha256, bytes, duration_ms })
    }

    fn lock(&self) -> MutexGuard<'_, Fetched> {
        self.fetched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Offer {
    fn drop(&mut self) {
        self.offers.withdraw(&self.offered);
    }
}
