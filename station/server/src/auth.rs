//! Who somebody is: logins with password or badge, sessions, API tokens, and the guard against other sites. What they may
//! do then is `access`; what they are is on record.

pub(crate) mod badge;
pub(crate) mod cookie;
pub(crate) mod csrf;
pub(crate) mod identify;
pub(crate) mod language;
pub(crate) mod log_in;
pub(crate) mod manage;
pub(crate) mod origin;
pub(crate) mod password;
pub(crate) mod peer;
pub(crate) mod secret;
pub(crate) mod setup;
pub(crate) mod throttle;

use crate::settings::Settings;
use badge::BadgeKey;
use cookie::CookieStyle;
use password::Hasher;
use setup::SetUp;
use throttle::Throttle;

/// What logins need, once per server.
pub(crate) struct Auth {
    pub(crate) cookie: CookieStyle,
    pub(crate) hasher: Hasher,
    pub(crate) throttle: Throttle,
    pub(crate) badges: BadgeKey,
    pub(crate) setup: SetUp,
}

impl Auth {
    /// `badges`, `setup`: out of the station's folder.
    pub(crate) fn new(settings: &Settings, badges: BadgeKey, setup: SetUp) -> Self {
        let cookie = if settings.tls { CookieStyle::Host } else { CookieStyle::Loopback };
        Self { cookie, hasher: Hasher::default(), throttle: Throttle::default(), badges, setup }
    }
}
