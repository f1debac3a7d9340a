//! How a recipe has its units provisioned: address, workspace, template, and for how long a code counts.

use std::time::Duration;

use firstpass_contract::{limits, nvs as keys};
use toml::Spanned;
use uuid::Uuid;

use super::{ProvisionPlan, RecipeError, error::Source, rates::seconds, raw::RawProvision};

/// How long a code is valid by default.
const CODE_LIFETIME: Duration = Duration::from_secs(900);

/// Checks the section `[provision]`.
pub(super) fn plan(source: Source<'_>, raw: &RawProvision) -> Result<ProvisionPlan, RecipeError> {
    let workspace_id = Uuid::parse_str(raw.workspace_id.get_ref()).map_err(|_| {
        let what = format!("{:?} is no workspace id", raw.workspace_id.get_ref());
        source.error(raw.workspace_id.span(), "recipe_value", what, "Write a UUID, as the console shows it.")
    })?;
    let slug = &raw.workspace_slug;
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if slug.get_ref().is_empty() || !slug.get_ref().chars().all(legal) {
        let what = format!("{:?} is no workspace slug", slug.get_ref());
        let remedy = "Write letters, digits, '-', '_' or '.': it becomes a part of MQTT topics.";
        return Err(source.error(slug.span(), "recipe_value", what, remedy));
    }
    limits::WORKSPACE_SLUG
        .check(slug.get_ref())
        .map_err(|error| source.error(slug.span(), "value_too_long", error.to_string(), "Choose a shorter slug."))?;
    let url = raw.url.as_ref().map(|url| check_url(source, url)).transpose()?;
    let code_lifetime = seconds(source, raw.code_lifetime_s.as_ref(), CODE_LIFETIME)?;
    Ok(ProvisionPlan {
        url,
        workspace_id,
        workspace_slug: slug.get_ref().clone(),
        template_id: raw.template_id.clone(),
        code_lifetime,
    })
}

/// A base URL that the unit can use: `https://host[:port][/path]` without trailing slash, query or user.
fn check_url(source: Source<'_>, url: &Spanned<String>) -> Result<String, RecipeError> {
    let wrong = |what: &str| {
        let remedy =
            "Write https://HOST[:PORT][/PATH] without a slash at the end, such as https://station.local:8443/api/v1.";
        source.error(url.span(), "recipe_url", format!("{:?} {what}", url.get_ref()), remedy)
    };
    let text = url.get_ref();
    let uri: http::Uri = text.parse().map_err(|_| wrong("is no URL"))?;
    let host = uri.host().filter(|host| !host.is_empty());
    if uri.scheme_str() != Some("https") || host.is_none() {
        return Err(wrong("is no https URL with a host"));
    }
    if text.ends_with('/') || uri.query().is_some() || uri.authority().is_some_and(|a| a.as_str().contains('@')) {
        return Err(wrong("has a slash at the end, a query or a user"));
    }
    keys_text_fits(text).then(|| text.clone()).ok_or_else(|| wrong("is too long for NVS"))
}

fn keys_text_fits(text: &str) -> bool {
    text.len() < keys::STRING_MAX
}
