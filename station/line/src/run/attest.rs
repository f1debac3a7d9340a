//! Reads the unit back: MAC, regions and NVS, and holds them against the record; accounts for the whole flash where the
//! recipe says so.

use firstpass_device::{
    Region,
    link::FlashSearch,
    nvs::{self, CodeSearch, ExpectedSession},
};
use firstpass_domain::{
    CodeHash, Evidence, Fact, Mac, Step, Verdict,
    evidence::{LinkFault, RegionDigest},
    judge,
};

use super::{Driver, Hardware, Witnessed, hardware::ActError, watch::session_username};
use crate::{StationError, secret};

/// What was read back from the chip.
struct Readout {
    mac: Mac,
    digests: Vec<RegionDigest>,
    nvs: Vec<u8>,
    search: Option<FlashSearch>,
}

impl Driver {
    /// Resets the unit into its loader again and reads back what it has become.
    pub(super) async fn attest(&mut self) -> Result<(), StationError> {
        self.end_capture().await?;
        if let Verdict::Fail(_) = judge(&self.context.recipe.policy, &self.evidence) {
            return Ok(());
        }
        match self.read_out().await {
            Ok(readout) => self.compare(readout).await,
            Err(error) => self.testify_failure(error).await,
        }
    }

    async fn read_out(&mut self) -> Result<Readout, ActError> {
        let (offset, len) = (self.context.recipe.nvs.offset, self.context.recipe.nvs.len);
        let last = self.last_regions();
        let kept: Vec<Region> = last.iter().filter(|region| !self.is_units_own(region)).cloned().collect();
        let needle = self.context.recipe.policy.search_flash.then(|| self.needle());
        let mut link = self.connect(Step::Attest).await?;
        let (link, readout) = self
            .act(Step::Attest, "reading the unit back", move |_| {
                let mac = link.read_mac()?;
                let digests = link.digest(&kept)?;
                let nvs = link.read(offset, len)?;
                let search = needle.map(|needle| link.search(&needle, &last)).transpose()?;
                Ok((link, Readout { mac, digests, nvs, search }))
            })
            .await?;
        self.note_link(&link).await?;
        self.hardware = Hardware::Linked(link);
        Ok(readout)
    }

    /// What must stand in flash at the end: the second stage's regions, and those of the first that they do not replace.
    fn last_regions(&self) -> Vec<Region> {
        let field = self.field_regions();
        let mut regions = self.first_regions();
        regions.retain(|first| !field.iter().any(|over| over.offset == first.offset));
        regions.extend(field);
        regions
    }

    /// Whether the unit itself writes to the region, so that its hash may change.
    fn is_units_own(&self, region: &Region) -> bool {
        let policy = &self.context.recipe.policy;
        let field = policy.field.iter().flat_map(|field| &field.regions);
        let mut planned = policy.regions.iter().chain(field);
        planned.any(|planned| planned.name == region.name && planned.written_by_unit)
    }

    /// The code to look for. A unit that got none in this run has none to be found, and still every byte of its flash is
    /// accounted for.
    fn needle(&self) -> CodeSearch {
        let none = CodeSearch { hash: CodeHash::of(""), len: secret::SECRET_LEN };
        self.gift.as_ref().and_then(|gift| gift.code).unwrap_or(none)
    }

    async fn compare(&mut self, readout: Readout) -> Result<(), StationError> {
        let username = session_username(&self.evidence).ok_or(StationError::Stuck { step: Step::Attest })?;
        let session = self.context.store.session_by_username(username).await?;
        let session = session.ok_or(StationError::RecordDisagrees { run: self.run.id })?.session;
        let expected = ExpectedSession {
            namespace: &self.context.recipe.nvs.namespace,
            device_id: session.device_id.as_str(),
            device_key: &session.device_key,
            workspace_slug: &session.workspace_slug,
            mqtt_host: &session.mqtt_host,
            mqtt_port: session.mqtt_port,
            mqtt_username: &session.mqtt_username,
            password: &session.verifier,
            token: session.token,
            device_made_key: false,
        };
        let code = self.gift.as_ref().and_then(|gift| gift.code);
        let at = self.now();
        let mut facts = vec![Fact::Reconnected { mac: readout.mac }];
        facts.extend(readout.digests.into_iter().map(Fact::RegionAttested));
        facts.extend(readout.search.map(|FlashSearch { known, searched, found_at }| Fact::FlashSearched {
            known,
            searched,
            found_at,
        }));
        facts.push(match nvs::read_back(&readout.nvs, &expected, code.as_ref()) {
            Ok(read_back) => Fact::NvsReadBack(read_back),
            Err(error) => {
                Fact::LinkFailed { step: Step::Attest, fault: LinkFault::NvsUnreadable, detail: error.to_string() }
            }
        });
        let witnessed = facts.into_iter().map(|fact| Witnessed { evidence: Evidence { at, fact }, recorded: false });
        self.take_in(witnessed.collect()).await
    }
}
