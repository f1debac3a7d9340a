//! What is on record of a unit, as labels say it, and whether a label may say that it passed.

use firstpass_domain::{DeviceId, Mac, Run, Timestamp};
use firstpass_store::{BatchRecord, NewCertificate, RunDetail, Store, StoreError, UnitDetail};

use super::{layout::Claim, text::Placeholder};
use crate::pages::units::{
    batch_of,
    proof::{self, Credentials},
};

/// Digits of a fingerprint that people compare.
const FINGERPRINT_SHORT: usize = 16;

/// A unit as its label has it.
#[derive(Debug, Clone)]
pub(crate) struct LabelUnit {
    /// The unit.
    pub(crate) mac: Mac,
    /// Whether its label may be that of a good unit.
    pub(crate) claim: Claim,
    /// Why not, when it may not.
    pub(crate) why_not: Option<String>,
    /// The run that it is labelled after.
    pub(crate) run: Option<Run>,
    facts: Facts,
}

/// What the placeholders stand for.
#[derive(Debug, Clone, Default)]
struct Facts {
    serial: Option<String>,
    device_id: Option<DeviceId>,
    batch: Option<String>,
    product: Option<String>,
    recipe: Option<String>,
    version: Option<String>,
    chip: Option<String>,
    date: Option<Timestamp>,
    fingerprint: Option<String>,
    certificate: Option<String>,
}

impl LabelUnit {
    /// Reads a unit; `None` when it was never seen. `now` is the date of a label that claims no pass.
    pub(crate) async fn read(store: &dyn Store, mac: Mac, now: Timestamp) -> Result<Option<Self>, StoreError> {
        let Some(unit) = store.unit(mac).await? else { return Ok(None) };
        let (why_not, detail, credentials) = match proof::proof(store, &unit).await? {
            Ok(proof) => (None, Some(proof.pass), proof.credentials),
            Err(doubt) => {
                let detail = match unit.runs.iter().rev().find(|run| !run.repair) {
                    Some(run) => store.run(run.id).await?,
                    None => None,
                };
                (Some(doubt.to_string()), detail, proof::credentials(store, &unit).await?)
            }
        };
        let claim = if why_not.is_none() { Claim::Passed } else { Claim::NotPassed };
        let batch = match detail.as_ref().and_then(|run| batch_of(&run.entries)) {
            Some(batch) => store.batch(batch).await?,
            None => None,
        };
        let mut facts = Facts::of(&unit, detail.as_ref(), credentials, batch);
        let run = detail.map(|detail| detail.run);
        facts.date = run.as_ref().filter(|_| claim == Claim::Passed).and_then(|run| run.ended).or(Some(now));
        Ok(Some(Self { mac, claim, why_not, run, facts }))
    }

    /// What stands for a placeholder; `None` when the record has nothing.
    pub(crate) fn value(&self, placeholder: Placeholder) -> Option<String> {
        let facts = &self.facts;
        match placeholder {
            Placeholder::Serial => facts.serial.clone(),
            Placeholder::Mac => Some(self.mac.to_string()),
            Placeholder::MacPlain => Some(self.mac.to_string().replace(':', "").to_uppercase()),
            Placeholder::DeviceId => facts.device_id.as_ref().map(ToString::to_string),
            Placeholder::Batch => facts.batch.clone(),
            Placeholder::Product => facts.product.clone(),
            Placeholder::Recipe => facts.recipe.clone(),
            Placeholder::Version => facts.version.clone(),
            Placeholder::Chip => facts.chip.clone(),
            Placeholder::Date => facts.date.map(date),
            Placeholder::Station => self.run.as_ref().map(|run| run.station.to_string()),
            Placeholder::Run => self.run.as_ref().map(|run| run.id.to_string()),
            Placeholder::CertificateFingerprint => facts.fingerprint.clone(),
            Placeholder::CertificateShort => facts.fingerprint.as_ref().map(|all| all[..FINGERPRINT_SHORT].to_owned()),
            Placeholder::CertificateSerial => facts.certificate.clone(),
        }
    }
}

impl Facts {
    fn of(
        unit: &UnitDetail,
        run: Option<&RunDetail>,
        credentials: Option<Credentials>,
        batch: Option<BatchRecord>,
    ) -> Self {
        let certificate = certificate_of(unit, credentials.as_ref()).cloned();
        let batch = batch.map(|record| record.batch);
        // A batch need not name its product; the recipe's name is then the best there is.
        let product = batch.as_ref().map(|batch| batch.product.clone()).filter(|product| !product.is_empty());
        let recipe = run.map(|run| run.recipe_name.clone());
        Self {
            serial: unit.summary.serial.as_ref().map(ToString::to_string),
            device_id: credentials.map(|known| known.session.session.device_id),
            batch: batch.map(|batch| batch.name),
            product: product.or_else(|| recipe.clone()),
            version: run.and_then(proof::final_app).map(|app| app.version),
            chip: run.map(|run| run.policy.chip.to_string()),
            recipe,
            date: None,
            fingerprint: certificate.as_ref().map(|certificate| certificate.fingerprint.to_string()),
            certificate: certificate.map(|certificate| certificate.serial),
        }
    }
}

/// What was issued with the unit's session; for a session without one, the newest that was issued to the unit and holds.
fn certificate_of<'a>(unit: &'a UnitDetail, known: Option<&'a Credentials>) -> Option<&'a NewCertificate> {
    let known = known?;
    let made_apart = || unit.certificates.iter().rev().find(|record| record.revoked.is_none());
    let record = match known.session.certificate {
        Some(_) => known.certificate.as_ref(),
        None => made_apart(),
    };
    record.map(|record| &record.certificate)
}

fn date(at: Timestamp) -> String {
    let date = at.date();
    format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)
}

/// A unit that there is not, to show what a template looks like.
pub(crate) fn sample(placeholder: Placeholder) -> Option<String> {
    let text = match placeholder {
        Placeholder::Serial => "FP-2026-000123",
        Placeholder::Mac => "7c:df:a1:00:12:34",
        Placeholder::MacPlain => "7CDFA1001234",
        Placeholder::DeviceId => "dev-3f2a9c71b0d84e55",
        Placeholder::Batch => "WO-4711",
        Placeholder::Product => "Sample product",
        Placeholder::Recipe => "sample-recipe",
        Placeholder::Version => "1.0.0",
        Placeholder::Chip => "esp32c3",
        Placeholder::Date => "2026-01-31",
        Placeholder::Station => "station-1",
        Placeholder::Run => "01930000-0000-7000-8000-000000000000",
        Placeholder::CertificateFingerprint => "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        Placeholder::CertificateShort => "9f86d081884c7d65",
        Placeholder::CertificateSerial => "4a7d1ed414474e4033ac29ccb8653d9b",
    };
    Some(text.to_owned())
}
