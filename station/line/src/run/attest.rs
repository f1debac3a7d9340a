//! Reads the unit back: MAC, regions and NVS, and holds them against the record.

use firstpass_device::{
    Region,
    nvs::{self, ExpectedSession},
};
use firstpass_domain::{
    Evidence, Fact, Mac, Step, Verdict,
    evidence::{LinkFault, RegionDigest},
    judge,
};

use super::{Driver, Witnessed, hardware::ActError, watch::issued_username};
use crate::StationError;

/// What was read back from the chip.
struct Readout {
    mac: Mac,
    digests: Vec<RegionDigest>,
    nvs: Vec<u8>,
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
        let recipe = &self.context.recipe;
        let (offset, len) = (recipe.nvs.offset, recipe.nvs.len);
        let own: Vec<String> =
            recipe.policy.regions.iter().filter(|region| region.written_by_unit).map(|r| r.name.clone()).collect();
        let kept: Vec<Region> = self.regions().into_iter().filter(|region| !own.contains(&region.name)).collect();
        let mut link = self.connect(Step::Attest).await?;
        self.act(Step::Attest, "reading the unit back", move |_| {
            let mac = link.read_mac()?;
            let digests = link.digest(&kept)?;
            Ok(Readout { mac, digests, nvs: link.read(offset, len)? })
        })
        .await
    }

    async fn compare(&mut self, readout: Readout) -> Result<(), StationError> {
        let username = issued_username(&self.evidence).ok_or(StationError::Stuck { step: Step::Attest })?;
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
