//! What people do with webhooks, wherever they do it: on the page or through the API.

use firstpass_domain::Timestamp;
use firstpass_store::{Act, WebhookError, WebhookId, WebhookRecord, WebhookSettings};

use super::{WebhookOptions, sign::WebhookSecret, url::HookUrl};
use crate::AppState;

/// Longest name of a webhook.
const NAME_MAX: usize = 100;
/// How long messages are signed with the secret before as well.
pub(crate) const PREVIOUS_SECRET_LIFE: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// Settings that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Stable code.
    pub(crate) code: &'static str,
    /// What is wrong with them.
    pub(crate) why: String,
    /// What to do.
    pub(crate) remedy: &'static str,
}

/// Settings as they go on record.
pub(crate) fn check(settings: WebhookSettings, options: &WebhookOptions) -> Result<WebhookSettings, Fault> {
    let fault = |code, why: String, remedy| Err(Fault { code, why, remedy });
    let name = settings.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        let why = format!("A name has 1 to {NAME_MAX} characters, and no control characters.");
        return fault("webhook_name_unfit", why, "Choose another name.");
    }
    let url: HookUrl = match settings.url.trim().parse() {
        Ok(url) => url,
        Err(error) => {
            let why = format!("The address is not usable: {error}.");
            return fault("webhook_url_unfit", why, "Write it as https://host/path.");
        }
    };
    if !url.is_tls() && !options.allow_http && !url.is_loopback() {
        let why = "Over plain HTTP, anybody on the way could read and change messages.".to_owned();
        let remedy = "Use https://, or allow it with `allow_http` under [server.webhooks] in the configuration.";
        return fault("webhook_url_open", why, remedy);
    }
    let mut events = settings.events;
    events.sort_by_key(|event| event.name());
    events.dedup();
    if events.is_empty() {
        return fault("webhook_events_none", "It would never be told anything.".to_owned(), "Choose an event.");
    }
    Ok(WebhookSettings { name, url: url.to_string(), events, enabled: settings.enabled })
}

/// Adds a webhook with a new secret.
pub(crate) async fn add(
    app: &AppState,
    settings: &WebhookSettings,
    act: &Act,
) -> Result<(WebhookRecord, WebhookSecret), WebhookError> {
    let secret = WebhookSecret::random();
    let sealed = app.seal_key.seal(&secret);
    let record = app.services.store.add_webhook(settings, &sealed, act, now(app)).await?;
    app.post.wake();
    Ok((record, secret))
}

/// Gives a webhook a new secret.
pub(crate) async fn rotate(app: &AppState, id: WebhookId, act: &Act) -> Result<WebhookSecret, WebhookError> {
    let secret = WebhookSecret::random();
    let (sealed, now) = (app.seal_key.seal(&secret), now(app));
    let until = now.plus(PREVIOUS_SECRET_LIFE);
    app.services.store.rotate_webhook_secret(id, &sealed, until, act, now).await?;
    app.post.wake();
    Ok(secret)
}

fn now(app: &AppState) -> Timestamp {
    (app.services.clock)()
}

#[cfg(test)]
mod tests {
    use firstpass_store::WebhookEvent;

    use super::*;

    fn settings(url: &str) -> WebhookSettings {
        let events = vec![WebhookEvent::UnitPassed, WebhookEvent::BatchClosed, WebhookEvent::UnitPassed];
        WebhookSettings { name: " MES ".to_owned(), url: url.to_owned(), events, enabled: true }
    }

    #[test]
    fn settings_are_kept_in_one_form() {
        let kept = check(settings(" https://MES.test "), &WebhookOptions::default()).unwrap();
        assert_eq!((kept.name.as_str(), kept.url.as_str()), ("MES", "https://MES.test/"));
        assert_eq!(kept.events, [WebhookEvent::BatchClosed, WebhookEvent::UnitPassed]);
    }

    #[test]
    fn plain_http_goes_to_this_machine_only_unless_it_is_allowed() {
        let open = WebhookOptions { allow_http: true, ..WebhookOptions::default() };
        assert_eq!(
            check(settings("http://mes.test/"), &WebhookOptions::default()).unwrap_err().code,
            "webhook_url_open"
        );
        assert!(check(settings("http://127.0.0.1:9/"), &WebhookOptions::default()).is_ok());
        assert!(check(settings("http://mes.test/"), &open).is_ok());
    }

    #[test]
    fn what_nobody_could_use_is_refused() {
        let unnamed = WebhookSettings { name: " ".to_owned(), ..settings("https://mes.test/") };
        let silent = WebhookSettings { events: Vec::new(), ..settings("https://mes.test/") };
        for (unfit, code) in
            [(unnamed, "webhook_name_unfit"), (silent, "webhook_events_none"), (settings("mes"), "webhook_url_unfit")]
        {
            assert_eq!(check(unfit, &WebhookOptions::default()).unwrap_err().code, code);
        }
    }
}
