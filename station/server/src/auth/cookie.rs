//! The cookie that a browser holds while somebody is logged in.

use axum::http::{HeaderMap, HeaderValue, header::COOKIE};
use cookie::{Cookie, SameSite, time::Duration};

use super::secret::Secret;

/// Name of the cookie over TLS, as it is documented.
pub(crate) const NAME: &str = "__Host-firstpass";

/// How the cookie is named and sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CookieStyle {
    /// Over TLS: browsers hold such a name to this host, this path and TLS.
    Host,
    /// Without TLS, which only loopback addresses do: browsers would not keep the other one.
    Loopback,
}

impl CookieStyle {
    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Host => NAME,
            Self::Loopback => "firstpass",
        }
    }

    /// The header that hands the browser its secret. The cookie ends with the browser; the station ends the login sooner.
    pub(crate) fn set(self, secret: &Secret) -> HeaderValue {
        self.header(Cookie::new(self.name(), secret.text()))
    }

    /// The header that takes it away.
    pub(crate) fn clear(self) -> HeaderValue {
        let mut cookie = Cookie::new(self.name(), "");
        cookie.set_max_age(Duration::ZERO);
        self.header(cookie)
    }

    fn header(self, mut cookie: Cookie<'_>) -> HeaderValue {
        cookie.set_path("/");
        cookie.set_http_only(true);
        cookie.set_same_site(SameSite::Strict);
        cookie.set_secure(self == Self::Host);
        HeaderValue::from_str(&cookie.to_string()).expect("a cookie of ours is plain ASCII")
    }

    /// The secret that the browser sends.
    pub(crate) fn read(self, headers: &HeaderMap) -> Option<Secret> {
        let sent = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut cookies = sent.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        cookies.find(|(name, _)| *name == self.name()).and_then(|(_, value)| Secret::parse(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_tls_the_cookie_is_held_to_this_host_and_away_from_scripts_and_other_sites() {
        let secret = Secret::make();
        let header = CookieStyle::Host.set(&secret);
        let text = header.to_str().unwrap();
        assert!(text.starts_with("__Host-firstpass="), "{text}");
        for attribute in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/"] {
            assert!(text.contains(attribute), "{text}");
        }
        assert!(!text.contains("Domain"), "{text}");
    }

    #[test]
    fn the_secret_is_found_among_other_cookies() {
        let secret = Secret::make();
        let mut headers = HeaderMap::new();
        let sent = format!("a=b; firstpass={}; c=d", secret.text());
        headers.insert(COOKIE, sent.parse().unwrap());
        assert_eq!(CookieStyle::Loopback.read(&headers).unwrap().hash(), secret.hash());
        assert!(CookieStyle::Host.read(&headers).is_none());
    }
}
