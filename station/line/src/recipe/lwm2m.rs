//! Factory parameters of LwM2M-type clients: checked part by part, because a wrong one shows only on the unit, and there
//! only as `InvalidParameters`.

mod uri;

use firstpass_device::{NvsEntry, NvsValue};
use firstpass_domain::{Timestamp, serial::NUMBER_MAX};
use toml::Spanned;

use super::{
    NvsPlan, UnitText,
    error::{RecipeError, Source},
    nvs,
    raw::{RawLwm2m, RawParameter},
};
use uri::Part;

/// Longest endpoint name, account id or device id, in characters (error-recovery page, `InvalidParameters`).
const NAME_LEN_MAX: usize = 64;
/// Length of a MAC in an endpoint name: `6055f9000001`.
const MAC_LEN: usize = 12;

/// Adds the section `[lwm2m]` to what goes into NVS.
pub(super) fn add(source: Source<'_>, raw: Option<&Spanned<RawLwm2m>>, plan: &mut NvsPlan) -> Result<(), RecipeError> {
    let Some(section) = raw else { return Ok(()) };
    let raw = section.get_ref();
    let namespace = nvs::namespace(source, raw.namespace.as_ref())?.unwrap_or_else(|| plan.namespace.clone());
    let account = raw.account_id.as_ref();
    if let Some(account) = account {
        check_name(source, &account.value, "account id", account.value.get_ref().chars().count())?;
    }
    for parameter in [&raw.bootstrap_uri, &raw.server_uri].into_iter().flatten() {
        check_uri(source, &parameter.value, account)?;
        add_fixed(source, plan, &namespace, parameter)?;
    }
    if let Some(account) = account {
        add_fixed(source, plan, &namespace, account)?;
    }
    if let Some(endpoint) = &raw.endpoint {
        check_new_key(source, plan, &namespace, &endpoint.key)?;
        plan.endpoint = Some(endpoint_of(source, plan, &namespace, endpoint)?);
    }
    Ok(())
}

fn check_uri(source: Source<'_>, value: &Spanned<String>, account: Option<&RawParameter>) -> Result<(), RecipeError> {
    let wrong = |part: Part, what: String| {
        let remedy = format!("{} The form is coaps://HOST:PORT?aid=ACCOUNT.", part.remedy());
        source.error(value.span(), "lwm2m_uri", format!("the {part} of the URI is wrong: {what}"), remedy)
    };
    let aid = uri::account(value.get_ref(), NAME_LEN_MAX).map_err(|(part, what)| wrong(part, what))?;
    match account.map(|account| account.value.get_ref()) {
        Some(other) if other != aid => {
            Err(wrong(Part::Aid, format!("{aid:?} is not the account_id of this recipe, {other:?}")))
        }
        Some(_) | None => Ok(()),
    }
}

fn add_fixed(
    source: Source<'_>,
    plan: &mut NvsPlan,
    namespace: &str,
    parameter: &RawParameter,
) -> Result<(), RecipeError> {
    check_new_key(source, plan, namespace, &parameter.key)?;
    plan.extra.push(NvsEntry::text(namespace, parameter.key.get_ref(), parameter.value.get_ref()));
    Ok(())
}

/// A key that nothing else is written under.
fn check_new_key(
    source: Source<'_>,
    plan: &NvsPlan,
    namespace: &str,
    key: &Spanned<String>,
) -> Result<(), RecipeError> {
    nvs::check_key(source, key)?;
    let name = key.get_ref();
    let of_contract = namespace == plan.namespace && firstpass_contract::nvs::ALL_KEYS.contains(&name.as_str());
    if of_contract || plan.extra.iter().any(|entry| entry.namespace == namespace && entry.key == *name) {
        let what = format!("something else is written under the key {name:?}");
        return Err(source.error(key.span(), "nvs_key", what, "Choose another key, or another namespace for [lwm2m]."));
    }
    Ok(())
}

/// An endpoint is a unit's own name: a text that is the same for all would make each the clone of the last.
fn endpoint_of(
    source: Source<'_>,
    plan: &NvsPlan,
    namespace: &str,
    raw: &RawParameter,
) -> Result<UnitText, RecipeError> {
    let text = raw.value.get_ref();
    let (mac, serial) = (text.matches(UnitText::MAC).count(), text.matches(UnitText::SERIAL).count());
    if mac + serial == 0 {
        let what = "every unit would have the same endpoint name";
        return Err(source.error(raw.value.span(), "lwm2m_name", what, "Put {mac} or {serial} into it."));
    }
    let fixed = text.chars().count() - mac * UnitText::MAC.len() - serial * UnitText::SERIAL.len();
    let bare = Spanned::new(raw.value.span(), text.replace(UnitText::MAC, "0").replace(UnitText::SERIAL, "0"));
    check_name(source, &bare, "endpoint name", fixed + mac * MAC_LEN + serial * longest_serial(plan))?;
    Ok(UnitText { namespace: namespace.to_owned(), key: raw.key.get_ref().clone(), text: text.clone() })
}

fn longest_serial(plan: &NvsPlan) -> usize {
    let longest = plan.serial.serial(NUMBER_MAX, Timestamp::from_micros(0));
    longest.map_or(0, |serial| serial.as_str().len())
}

fn check_name(source: Source<'_>, text: &Spanned<String>, name: &str, len: usize) -> Result<(), RecipeError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/');
    if !(1..=NAME_LEN_MAX).contains(&len) {
        let what = format!("the {name} is {len} characters long; 1 to {NAME_LEN_MAX} are possible");
        return Err(source.error(text.span(), "lwm2m_name", what, "Shorten it; the unit would refuse it."));
    }
    if !text.get_ref().chars().all(legal) {
        let what = format!("the {name} holds a character that is no letter, digit, '-', '_', '.', ':' or '/'");
        return Err(source.error(text.span(), "lwm2m_name", what, "Take the character out."));
    }
    Ok(())
}

impl UnitText {
    /// What stands for the unit's MAC.
    const MAC: &str = "{mac}";
    /// What stands for its serial number.
    const SERIAL: &str = "{serial}";

    /// The entry of one unit; its MAC is written as 12 small hexadecimal digits.
    fn entry(&self, mac: firstpass_domain::Mac, serial: &str) -> NvsEntry {
        let mac: String = mac.octets().iter().map(|octet| format!("{octet:02x}")).collect();
        let text = self.text.replace(Self::MAC, &mac).replace(Self::SERIAL, serial);
        NvsEntry::new(&self.namespace, &self.key, NvsValue::Str(firstpass_contract::Secret::new(text)))
    }
}

impl NvsPlan {
    /// The recipe's further entries for one unit.
    pub fn entries_for(&self, mac: firstpass_domain::Mac, serial: &str) -> Vec<NvsEntry> {
        self.extra.iter().cloned().chain(self.endpoint.as_ref().map(|text| text.entry(mac, serial))).collect()
    }
}

#[cfg(test)]
mod tests;
