//! Makes what this unit gets: serial number, code or session, and its NVS image. Nothing is written to it yet, and
//! whatever could be misused stands on record before it leaves this station.

use std::sync::Arc;

use firstpass_contract::{ProvisionResponse, Secret, nvs as keys, provision::MQTT_PORT_DEFAULT};
use firstpass_device::{
    NvsEntry, NvsValue, PreparedImage, Region,
    nvs::{self, CodeSearch},
};
use firstpass_domain::{CodeHash, Fact, Injection, Mac, Sha256Digest, evidence::Rule, policy::NVS_REGION};
use firstpass_gateway::https::SessionError;
use firstpass_store::{IssueError, NewCode};

use super::Driver;
use crate::{StationError, route::Witnessed, secret};

/// What one unit gets.
pub(super) struct Gift {
    /// Its NVS image.
    pub(super) nvs: Region,
    /// Its one-time code, to be searched for at the end.
    pub(super) code: Option<CodeSearch>,
}

impl Driver {
    pub(super) async fn prepare(&mut self) -> Result<(), StationError> {
        let mac = self.run.mac.ok_or(StationError::RecordDisagrees { run: self.run.id })?;
        let pattern = &self.context.recipe.nvs.serial;
        let serial = self.context.store.allocate_serial(self.run.id, pattern, self.now()).await?;
        let mut entries = self.common_entries(mac, serial.as_str());
        let injection = self.context.recipe.policy.injection;
        let code = match injection {
            Injection::Nvs => Some(self.issue_code(&mut entries).await?),
            Injection::Image => return Err(StationError::Stuck { step: firstpass_domain::Step::Prepare }),
            Injection::Session if self.issue_session(mac, &mut entries).await? => None,
            Injection::Session => return Ok(()),
        };
        let recipe = &self.context.recipe;
        let image = nvs::build(&entries, recipe.nvs.len).map_err(|error| StationError::Prepare(Box::new(error)))?;
        let nvs_sha256 = Sha256Digest::of(&image);
        let image = Arc::new(PreparedImage::new(&image));
        let nvs = Region { name: NVS_REGION.to_owned(), offset: recipe.nvs.offset, image };
        self.gift = Some(Gift { nvs, code });
        self.testify(Fact::Prepared { serial, nvs_sha256, app: None }).await
    }

    /// Entries that both injections write.
    fn common_entries(&self, mac: Mac, serial: &str) -> Vec<NvsEntry> {
        let plan = &self.context.recipe.nvs;
        let mut entries =
            vec![self.text(keys::CA_PEM, &self.context.options.ca_pem), self.text(keys::SERIAL_NO, serial)];
        entries.extend(plan.wifi_ssid.as_deref().map(|ssid| self.text(keys::WIFI_SSID, ssid)));
        entries.extend(plan.wifi_pass.as_ref().map(|pass| self.text(keys::WIFI_PASS, pass.expose())));
        entries.extend(plan.entries_for(mac, serial));
        entries
    }

    /// Notes a fresh one-time code, then adds it and what its use needs.
    async fn issue_code(&self, entries: &mut Vec<NvsEntry>) -> Result<CodeSearch, StationError> {
        let plan = &self.context.recipe.provision;
        let (code, now) = (secret::random(), self.now());
        let new_code = NewCode {
            hash: CodeHash::of(code.expose()),
            run: self.run.id,
            expires: now.plus(plan.code_lifetime),
            certificate: self.context.recipe.policy.client_certificate,
        };
        self.context.store.issue_code(&new_code, now).await?;
        let url = plan.url.as_deref().unwrap_or(&self.context.options.provision_url);
        entries.push(self.text(keys::AUTH_CODE, code.expose()));
        entries.push(self.text(keys::PROV_URL, url));
        entries.push(self.text(keys::WORKSPACE_ID, &plan.workspace_id.to_string()));
        entries.extend(plan.template_id.as_deref().map(|template| self.text(keys::TEMPLATE_ID, template)));
        Ok(CodeSearch { hash: new_code.hash, len: code.expose().len() })
    }

    /// Provisions on the unit's behalf and adds the complete session; `false` when the batch has no more room for it.
    async fn issue_session(&mut self, mac: Mac, entries: &mut Vec<NvsEntry>) -> Result<bool, StationError> {
        let context = Arc::clone(&self.context);
        let certificate = context.recipe.policy.client_certificate;
        let issued = match context.provisioner.issue_on_behalf(self.run.id, mac, certificate, self.now()).await {
            Ok(issued) => issued,
            Err(SessionError::Record(IssueError::QuotaReached)) => {
                self.testify(Fact::Refused { rule: Rule::QuotaReached }).await?;
                return Ok(false);
            }
            Err(error) => return Err(StationError::Issue(Box::new(error))),
        };
        entries.extend(self.session_entries(&issued.response));
        self.take_in(vec![Witnessed { evidence: issued.evidence, recorded: true }]).await?;
        Ok(true)
    }

    fn session_entries(&self, response: &ProvisionResponse) -> Vec<NvsEntry> {
        let port = response.effective_mqtt_port().unwrap_or(MQTT_PORT_DEFAULT);
        let number = |key: &str, value| NvsEntry { namespace: self.namespace(), key: key.to_owned(), value };
        let mut entries = vec![
            self.text(keys::DEVICE_ID, &response.device_id),
            self.text(keys::DEVICE_KEY, &response.device_key),
            self.text(keys::WORKSPACE_SLUG, response.workspace_slug.as_deref().unwrap_or_default()),
            self.text(keys::MQTT_HOST, &response.mqtt_host),
            number(keys::MQTT_PORT, NvsValue::I32(i32::from(port))),
            number(keys::MQTT_TLS, NvsValue::I8(i8::from(response.mqtt_tls.unwrap_or(true)))),
            self.text(keys::MQTT_USERNAME, &response.mqtt_username),
            self.text(keys::MQTT_PASSWORD, response.mqtt_password.expose()),
        ];
        let optional = [
            (keys::DHT, response.device_http_token.as_ref().map(Secret::expose)),
            (keys::CERT_PEM, response.certificate_pem.as_deref()),
            (keys::KEY_PEM, response.private_key_pem.as_ref().map(Secret::expose)),
        ];
        entries.extend(optional.into_iter().filter_map(|(key, text)| Some(self.text(key, text?))));
        entries
    }

    fn text(&self, key: &str, text: &str) -> NvsEntry {
        NvsEntry { namespace: self.namespace(), key: key.to_owned(), value: NvsValue::Str(Secret::new(text)) }
    }

    fn namespace(&self) -> String {
        self.context.recipe.nvs.namespace.clone()
    }
}
