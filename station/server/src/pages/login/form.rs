//! The login as a page.

use firstpass_domain::Language;
use maud::{Markup, html};

use super::trust;
use crate::{
    App,
    pages::layout::{Nav, Page},
    words::{login as words, setup as setup_words},
};

/// What the page shows.
pub(super) struct LoginPage<'a> {
    pub(super) language: Language,
    /// Where to go after the login.
    pub(super) next: &'a str,
    /// The login name that was typed.
    pub(super) login: &'a str,
    /// Whether the badge is asked for first.
    pub(super) badge: bool,
    /// What there is to say.
    pub(super) said: Option<&'a str>,
    /// Why the last try did not work.
    pub(super) wrong: Option<&'a str>,
}

impl LoginPage<'_> {
    pub(super) fn render(&self, app: &App) -> Markup {
        let words = words(self.language);
        let body = html! {
            .login {
                header.login-head {
                    h1 { (words.title) }
                    p.muted { (app.services.station) }
                }
                @if let Some(said) = self.said { p.badge.info role="status" { (said) } }
                @if let Some(wrong) = self.wrong { .problem role="alert" { p.what { strong { (wrong) } } } }
                .grid.login-ways {
                    (self.by_badge())
                    (self.by_password())
                }
                (languages(self.language, self.next))
                (trust::line(app, setup_words(self.language)))
            }
        };
        let scripts = &["js/login.js"];
        Page { title: words.title, nav: Nav::Elsewhere, person: None, scripts, body }.render_in(self.language)
    }

    fn by_badge(&self) -> Markup {
        let words = words(self.language);
        html! {
            form.card.stack method="post" action="/login/badge" autocomplete="off" {
                h2 { (words.with_badge) }
                .field {
                    label for="badge" { (words.badge) }
                    input #badge name="badge" type="text" required autocomplete="off" autocapitalize="off"
                        spellcheck="false" maxlength="64" aria-describedby="badge-hint" autofocus[self.badge];
                    span.hint #badge-hint { (words.badge_hint) }
                }
                .field {
                    label for="pin" { (words.pin) }
                    input #pin name="pin" type="password" required inputmode="numeric" autocomplete="off" maxlength="12";
                }
                (self.hidden())
                button.primary type="submit" { (words.submit) }
            }
        }
    }

    fn by_password(&self) -> Markup {
        let words = words(self.language);
        let named = !self.login.is_empty();
        html! {
            form.card.stack method="post" action="/login" {
                h2 { (words.with_password) }
                .field {
                    label for="login" { (words.user) }
                    input #login name="login" type="text" required autocomplete="username" autocapitalize="off"
                        spellcheck="false" maxlength="40" value=(self.login) autofocus[!self.badge && !named];
                }
                .field {
                    label for="password" { (words.password) }
                    input #password name="password" type="password" required autocomplete="current-password"
                        maxlength="200" autofocus[!self.badge && named];
                }
                (self.hidden())
                button.primary type="submit" { (words.submit) }
            }
        }
    }

    fn hidden(&self) -> Markup {
        html! {
            input type="hidden" name="next" value=(self.next);
            input type="hidden" name="lang" value=(self.language.tag());
        }
    }
}

/// Links to the page in each language, each named in itself.
pub(super) fn languages(current: Language, next: &str) -> Markup {
    let href = |language: Language| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("lang", language.tag());
        if !next.is_empty() {
            query.append_pair("next", next);
        }
        format!("?{}", query.finish())
    };
    html! {
        nav.languages aria-label=(words(current).language) {
            @for language in Language::ALL {
                a href=(href(language)) lang=(language.tag()) aria-current=[(language == current).then_some("true")] {
                    (own_name(language))
                }
            }
        }
    }
}

/// What its readers call a language.
pub(crate) const fn own_name(language: Language) -> &'static str {
    match language {
        Language::English => "English",
        Language::German => "Deutsch",
        Language::SimplifiedChinese => "简体中文",
    }
}
