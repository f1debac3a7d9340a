//! Makes what this unit gets: serial number, code or session, its NVS image, and its app where the code goes into it.
//! Nothing is written to it yet, and whatever could be misused stands on record before it leaves this station.

use std::sync::Arc;

use firstpass_contract::{ProvisionResponse, Secret, nvs as keys, provision::MQTT_PORT_DEFAULT};
use firstpass_device::{
    NvsEntry, NvsValue, PreparedImage, Region,
    nvs::{self, CodeSearch},
};
use firstpass_domain::{
    CodeHash, Fact, Injection, Mac, SerialNumber, Sha256Digest,
    evidence::{OwnApp, Rule},
    policy::{APP_REGION, NVS_REGION},
};
use firstpass_gateway::https::{FirmwareImage, OnBehalf, SessionError};
use firstpass_store::{IssueError, NewCode};

use super::Driver;
use crate::{StationError, route::Witnessed, secret};

/// What one unit gets.
pub(super) struct Gift {
    /// Its NVS image; `None` when its NVS stays as it is.
    pub(super) nvs: Option<Region>,
    /// Its app, with injection `image`.
    pub(super) app: Option<Region>,
    /// Its one-time code, to be searched for at the end.
    pub(super) code: Option<CodeSearch>,
}

/// An app that was made for one unit.
pub(super) struct MadeApp {
    pub(super) region: Region,
    pub(super) own: OwnApp,
}

impl Driver {
    pub(super) async fn prepare(&mut self) -> Result<(), StationError> {
        let mac = self.run.mac.ok_or(StationError::RecordDisagrees { run: self.run.id })?;
        if !self.is_free(mac).await? {
            return Ok(());
        }
        if !self.is_laid_out().await? {
            return Ok(());
        }
        let kept = self.session_to_keep(mac).await?;
        let pattern = &self.context.recipe.nvs.serial;
        let serial = self.context.store.allocate_serial(self.run.id, pattern, self.now()).await?;
        match kept {
            Some(kept) => self.keep(kept, serial).await,
            None => self.make_gift(mac, serial).await,
        }
    }

    async fn make_gift(&mut self, mac: Mac, serial: SerialNumber) -> Result<(), StationError> {
        let mut entries = self.common_entries(mac, &serial);
        let (mut code, mut app) = (None, None);
        let injection = self.context.recipe.policy.injection;
        match injection {
            Injection::Nvs => {
                let issued = self.issue_code().await?;
                entries.push(self.text(keys::AUTH_CODE, issued.expose()));
                self.add_service(&mut entries);
                code = Some(search_for(&issued));
            }
            Injection::Image => {
                let issued = self.issue_code().await?;
                app = self.own_app(Some(&issued))?;
                self.add_service(&mut entries);
                code = Some(search_for(&issued));
            }
            Injection::Session if self.issue_session(mac, &mut entries).await? => {}
            Injection::Session => return Ok(()),
        }
        self.offer_update(code.is_some())?;
        let recipe = &self.context.recipe;
        let image = nvs::build(&entries, recipe.nvs.len).map_err(|error| StationError::Prepare(Box::new(error)))?;
        let nvs_sha256 = Sha256Digest::of(&image);
        let image = Arc::new(PreparedImage::personal(&image));
        let nvs = Region { name: NVS_REGION.to_owned(), offset: recipe.nvs.offset, image };
        let own = app.as_ref().map(|made: &MadeApp| made.own.clone());
        self.gift = Some(Gift { nvs: Some(nvs), app: app.map(|made| made.region), code });
        self.testify(Fact::Prepared { serial, nvs_sha256, app: own }).await
    }

    /// Entries that all injections write.
    fn common_entries(&self, mac: Mac, serial: &SerialNumber) -> Vec<NvsEntry> {
        let plan = &self.context.recipe.nvs;
        let mut entries =
            vec![self.text(keys::CA_PEM, &self.context.options.ca_pem), self.text(keys::SERIAL_NO, serial.as_str())];
        entries.extend(plan.wifi_ssid.as_deref().map(|ssid| self.text(keys::WIFI_SSID, ssid)));
        entries.extend(plan.wifi_pass.as_ref().map(|pass| self.text(keys::WIFI_PASS, pass.expose())));
        entries.extend(plan.entries_for(mac, serial.as_str()));
        entries
    }

    /// Notes a fresh one-time code.
    async fn issue_code(&self) -> Result<Secret, StationError> {
        let (code, now) = (secret::random(), self.now());
        self.redactor.hide(&code);
        let new_code = NewCode {
            hash: CodeHash::of(code.expose()),
            run: self.run.id,
            expires: now.plus(self.context.recipe.provision.code_lifetime),
            certificate: self.context.recipe.policy.client_certificate,
        };
        self.context.store.issue_code(&new_code, now).await?;
        Ok(code)
    }

    /// Adds what the use of a code needs.
    fn add_service(&self, entries: &mut Vec<NvsEntry>) {
        let plan = &self.context.recipe.provision;
        let url = plan.url.as_deref().unwrap_or(&self.context.options.provision_url);
        entries.push(self.text(keys::PROV_URL, url));
        entries.push(self.text(keys::WORKSPACE_ID, &plan.workspace_id.to_string()));
        entries.extend(plan.template_id.as_deref().map(|template| self.text(keys::TEMPLATE_ID, template)));
    }

    /// The app for this unit, with its code in the place that the image keeps for it; without a code, the app as it was
    /// built. `None` when the recipe's app is the same for every unit.
    pub(super) fn own_app(&self, code: Option<&Secret>) -> Result<Option<MadeApp>, StationError> {
        let Some(plan) = &self.context.recipe.patch else { return Ok(None) };
        let value = code.map_or(plan.placeholder.as_str(), Secret::expose);
        let made = plan.app.patch(value.as_bytes()).map_err(|error| StationError::Prepare(Box::new(error)))?;
        let own = OwnApp { region_sha256: made.image.sha256(), app_sha256: made.app_sha256 };
        let region = Region { name: APP_REGION.to_owned(), offset: plan.offset, image: Arc::new(made.image) };
        Ok(Some(MadeApp { region, own }))
    }

    /// Offers the recipe's update to this run's unit, before it is let run. Only a unit that provisions itself hears of it.
    fn offer_update(&mut self, provisions: bool) -> Result<(), StationError> {
        let Some(ota) = self.context.recipe.ota.as_ref().filter(|_| provisions) else { return Ok(()) };
        let image = FirmwareImage { image: Arc::clone(&ota.image), sha256: ota.sha256 };
        let base_url = &self.context.options.provision_url;
        let offer = self.context.provisioner.offer(self.run.id, &image, base_url);
        self.offer = Some(offer.map_err(|error| StationError::Prepare(Box::new(error)))?);
        Ok(())
    }

    /// Provisions on the unit's behalf and adds the complete session; `false` when the batch has no more room for it, or a
    /// service granted none, which is then on record.
    async fn issue_session(&mut self, mac: Mac, entries: &mut Vec<NvsEntry>) -> Result<bool, StationError> {
        let context = Arc::clone(&self.context);
        let certificate = context.recipe.policy.client_certificate;
        let issued = match context.provisioner.issue_on_behalf(self.run.id, mac, certificate, self.now()).await {
            Ok(OnBehalf::Issued(issued)) => *issued,
            Ok(OnBehalf::NotGranted(evidence)) => {
                self.take_in(vec![Witnessed { evidence, recorded: true }]).await?;
                return Ok(false);
            }
            Err(SessionError::Record(IssueError::QuotaReached)) => {
                self.testify(Fact::Refused { rule: Rule::QuotaReached }).await?;
                return Ok(false);
            }
            Err(SessionError::Record(error)) => return Err(error.into()),
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
        let secrets =
            [Some(&response.mqtt_password), response.device_http_token.as_ref(), response.private_key_pem.as_ref()];
        secrets.into_iter().flatten().for_each(|secret| self.redactor.hide(secret));
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

fn search_for(code: &Secret) -> CodeSearch {
    CodeSearch { hash: CodeHash::of(code.expose()), len: code.expose().len() }
}
