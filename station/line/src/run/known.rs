//! Units that are known already: one that comes back keeps its session, one that was provisioned elsewhere is stopped.

use firstpass_contract::{Secret, nvs as keys};
use firstpass_device::{NvsEntry, NvsValue, nvs};
use firstpass_domain::{Fact, KnownUnit, Mac, Problem, SerialNumber, Sha256Digest, Step};
use firstpass_store::SessionRecord;

use super::{Driver, Hardware, prepare::Gift};
use crate::StationError;

/// What a session is complete with. Source: device contract, section 1.
const SESSION_KEYS: [&str; 6] = [
    keys::DEVICE_ID,
    keys::DEVICE_KEY,
    keys::WORKSPACE_SLUG,
    keys::MQTT_HOST,
    keys::MQTT_USERNAME,
    keys::MQTT_PASSWORD,
];

/// Keys whose values nobody may read in a log.
const SECRET_KEYS: [&str; 5] = [keys::AUTH_CODE, keys::MQTT_PASSWORD, keys::DHT, keys::KEY_PEM, keys::WIFI_PASS];

/// A complete session in a unit's NVS. Holds no secret.
#[derive(Debug, PartialEq, Eq)]
struct FoundSession {
    device_id: String,
    username: String,
}

impl Driver {
    /// Whether the unit may get an identity: where the recipe asks for it, its NVS is read before anything is written,
    /// and must hold no complete session that is not on record here. What was found else is on record.
    pub(super) async fn is_free(&mut self, mac: Mac) -> Result<bool, StationError> {
        if !self.context.recipe.policy.refuse_provisioned {
            return Ok(true);
        }
        let Some(raw) = self.read_nvs().await? else { return Ok(false) };
        let Some(found) = complete_session(&raw, &self.context.recipe.nvs.namespace) else { return Ok(true) };
        let known = self.context.store.session_by_username(&found.username).await?;
        let is_ours =
            known.is_some_and(|known| known.mac == mac && known.session.device_id.as_str() == found.device_id);
        if !is_ours {
            self.testify(Fact::SessionFound { device_id: found.device_id }).await?;
        }
        Ok(is_ours)
    }

    /// Whether the unit has the partition table that the recipe needs to find there: on another product's, the NVS would
    /// go to a wrong place. Nothing has been written or given out yet. `false` when the table could not be read, which is
    /// then on record.
    pub(super) async fn is_laid_out(&mut self) -> Result<bool, StationError> {
        let Some(table) = self.context.recipe.layout.clone() else { return Ok(true) };
        let read = self.read_flash("reading the partition table", table.offset, table.image.len()).await?;
        let Some(found) = read else { return Ok(false) };
        if Sha256Digest::of(&found) == table.image.sha256() {
            return Ok(true);
        }
        Err(StationError::NeedsPerson { problem: other_layout(&found, &self.context.recipe.name) })
    }

    /// The NVS partition as it is; `None` when it could not be read, which is then on record.
    async fn read_nvs(&mut self) -> Result<Option<Vec<u8>>, StationError> {
        let (offset, len) = (self.context.recipe.nvs.offset, self.context.recipe.nvs.len);
        self.read_flash("looking for a session", offset, len).await
    }

    async fn read_flash(
        &mut self,
        operation: &'static str,
        offset: u32,
        len: u32,
    ) -> Result<Option<Vec<u8>>, StationError> {
        let step = Step::Prepare;
        let mut link = self.hardware.take_link().ok_or(StationError::Stuck { step })?;
        let read = self
            .act(step, operation, move |_| {
                let raw = link.read(offset, len)?;
                Ok((link, raw))
            })
            .await;
        match read {
            Ok((link, raw)) => {
                self.hardware = Hardware::Linked(link);
                Ok(Some(raw))
            }
            Err(error) => {
                self.testify_failure(error).await?;
                Ok(None)
            }
        }
    }

    /// The session that the unit keeps, when the recipe says so and there is one that may log in.
    pub(super) async fn session_to_keep(&self, mac: Mac) -> Result<Option<SessionRecord>, StationError> {
        match self.context.recipe.policy.known_unit {
            KnownUnit::Keep => Ok(self.context.store.live_session(mac).await?),
            KnownUnit::Refuse | KnownUnit::Reissue => Ok(None),
        }
    }

    /// Leaves the unit's NVS as it is: nothing is issued, and what the broker sees of the kept session is this run's.
    pub(super) async fn keep(&mut self, kept: SessionRecord, serial: SerialNumber) -> Result<(), StationError> {
        let Some(raw) = self.read_nvs().await? else { return Ok(()) };
        // Nobody but the unit has what it keeps, and it may print it.
        secrets_in(&raw).iter().for_each(|secret| self.redactor.hide(secret));
        self.inbox.keep_session_of(&kept.session.mqtt_username);
        // The app as it was built: its placeholder is no code.
        let app = self.own_app(None)?;
        let own = app.as_ref().map(|app| app.own.clone());
        self.gift = Some(Gift { nvs: None, app: app.map(|app| app.region), code: None });
        self.testify(Fact::SessionKept {
            device_id: kept.session.device_id,
            mqtt_username: kept.session.mqtt_username,
            certificate: kept.certificate,
        })
        .await?;
        let nvs_sha256 = Sha256Digest::of(&[]);
        self.testify(Fact::Prepared { serial, nvs_sha256, app: own }).await
    }
}

/// What a person is told about a unit whose partition table is `found`.
fn other_layout(found: &[u8], recipe: &str) -> Problem {
    let (code, why, remedy) = if found.iter().all(|byte| *byte == 0xff) {
        let why = "It has no partition table: it was never flashed, or it was erased.".to_owned();
        ("never_flashed", why, "Make it on the line, with `station flash`; only a unit that was made can be repaired.")
    } else {
        let why = format!("Its partition table is not that of recipe {recipe:?}, so its NVS may be elsewhere.");
        ("other_layout", why, "Name the recipe that the unit was made by, or make it anew with `station flash`.")
    };
    let what = "The unit cannot be repaired by this recipe; nothing was written to it.".to_owned();
    Problem { code: code.to_owned(), what, why, remedy: remedy.to_owned() }
}

/// The complete session in a raw partition. One that cannot be mounted holds none for the unit either.
fn complete_session(raw: &[u8], namespace: &str) -> Option<FoundSession> {
    let entries = nvs::read(raw).ok()?;
    let text = |key: &str| {
        let of_key = |entry: &&NvsEntry| entry.namespace == namespace && entry.key == key;
        entries.iter().find(of_key).and_then(|entry| match &entry.value {
            NvsValue::Str(text) => Some(text.expose()).filter(|text| !text.is_empty()),
            _ => None,
        })
    };
    SESSION_KEYS.iter().all(|key| text(key).is_some()).then_some(())?;
    Some(FoundSession { device_id: text(keys::DEVICE_ID)?.to_owned(), username: text(keys::MQTT_USERNAME)?.to_owned() })
}

/// The secrets in a raw partition, of every namespace.
fn secrets_in(raw: &[u8]) -> Vec<Secret> {
    let of_entry = |entry: NvsEntry| match entry.value {
        NvsValue::Str(text) if SECRET_KEYS.contains(&entry.key.as_str()) => Some(text),
        _ => None,
    };
    nvs::read(raw).unwrap_or_default().into_iter().filter_map(of_entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEN: u32 = 0x6000;

    fn partition(keys: &[&str]) -> Vec<u8> {
        let entry = |key: &&str| NvsEntry {
            namespace: "creds".to_owned(),
            key: (*key).to_owned(),
            value: NvsValue::Str(Secret::new(format!("value of {key}"))),
        };
        nvs::build(&keys.iter().map(entry).collect::<Vec<_>>(), LEN).unwrap()
    }

    #[test]
    fn only_a_complete_session_counts() {
        assert_eq!(complete_session(&vec![0xff; LEN as usize], "creds"), None, "erased flash");
        assert_eq!(complete_session(&partition(&SESSION_KEYS[..5]), "creds"), None);
        assert_eq!(complete_session(&partition(&SESSION_KEYS), "other"), None);
        let found = complete_session(&partition(&SESSION_KEYS), "creds").unwrap();
        assert_eq!(found.device_id, "value of device_id");
        assert_eq!(found.username, "value of mqtt_username");
    }

    #[test]
    fn what_must_stay_out_of_a_log_is_found_and_nothing_else() {
        let found = secrets_in(&partition(&[keys::DEVICE_ID, keys::MQTT_PASSWORD, keys::SERIAL_NO, keys::WIFI_PASS]));
        let values: Vec<&str> = found.iter().map(Secret::expose).collect();
        assert_eq!(values, ["value of mqtt_password", "value of wifi_pass"]);
        assert!(secrets_in(&[0x5a; 64]).is_empty());
    }
}
