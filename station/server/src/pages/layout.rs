//! The frame around every page: head, navigation, who is logged in. Knows nothing of what a page is about.

use firstpass_domain::{Action, Language, Role};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::{
    access::{Principal, Via},
    assets::asset,
    words::{Frame, frame},
};

/// What htmx may do here: nothing that the content security policy would have to allow, and no answer to an error is
/// swapped into a page (`common.js` makes a message of it).
const HTMX: &str = r#"{"includeIndicatorCSS":false,"mode":"same-origin","history":false,"extensions":"sse","noSwap":[204,304,"4xx","5xx"]}"#;
/// Scripts of every page, before its own.
const SCRIPTS: [&str; 2] = ["vendor/htmx-4.0.1.min.js", "js/common.js"];
/// The mark of the program.
const MARK: &str = include_str!("../../../../web/static/icons/firstpass.svg");

/// A place in the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nav {
    /// The slots.
    Line,
    /// Work orders.
    Batches,
    /// Units.
    Units,
    /// The audit log.
    Audit,
    /// Recipes, images, ports.
    Engineering,
    /// Users, tokens, webhooks.
    People,
    /// None of them.
    Elsewhere,
}

impl Nav {
    const ALL: [Self; 6] = [Self::Line, Self::Batches, Self::Units, Self::Audit, Self::Engineering, Self::People];

    /// Word, address and what one must be allowed to do.
    const fn entry(self, words: &Frame) -> Option<(&'static str, &'static str, Action)> {
        match self {
            Self::Line => Some((words.line, "/line", Action::SeeLine)),
            Self::Batches => Some((words.batches, "/batches", Action::SeeBatches)),
            Self::Units => Some((words.units, "/units", Action::SeeUnits)),
            Self::Audit => Some((words.audit, "/audit", Action::SeeAudit)),
            Self::Engineering => Some((words.engineering, "/engineering", Action::SeeEngineering)),
            Self::People => Some((words.people, "/people", Action::SeePeople)),
            Self::Elsewhere => None,
        }
    }
}

/// A page.
pub(crate) struct Page<'a> {
    /// Its title.
    pub(crate) title: &'a str,
    /// Where in the navigation it stands.
    pub(crate) nav: Nav,
    /// Who looks at it; `None` before the login.
    pub(crate) person: Option<&'a Principal>,
    /// Its own scripts, as names below `/static/`. htmx and `common.js` are there already.
    pub(crate) scripts: &'a [&'a str],
    /// What is in it.
    pub(crate) body: Markup,
}

impl Page<'_> {
    /// The whole document.
    pub(crate) fn render(&self) -> Markup {
        self.render_in(self.person.map_or(Language::English, |person| person.language))
    }

    /// The whole document in a language that is not the person's, or before the person is known.
    pub(crate) fn render_in(&self, language: Language) -> Markup {
        let words = frame(language);
        html! {
            (DOCTYPE)
            html lang=(language.tag()) {
                (self.head())
                body class=[self.person.is_none().then_some("bare")] data-close=(words.close) data-cancel=(words.cancel)
                    data-messages=(words.messages) data-failed=(words.failed) data-again=(words.again)
                    data-unreachable=(words.unreachable) data-unreachable-why=(words.unreachable_why)
                    data-unreachable-remedy=(words.unreachable_remedy)
                {
                    @if let Some(person) = self.person {
                        a.skip href="#main" { (words.skip) }
                        (self.header(person, words))
                    }
                    main id="main" tabindex="-1" { (self.body) }
                }
            }
        }
    }

    fn head(&self) -> Markup {
        let csrf = self.person.and_then(|person| match &person.via {
            Via::Session { csrf, .. } => Some(csrf.as_str()),
            Via::Token { .. } => None,
        });
        html! {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="htmx-config" content=(HTMX);
                @if let Some(csrf) = csrf { meta name="csrf-token" content=(csrf); }
                title { (self.title) " · Firstpass" }
                link rel="icon" type="image/svg+xml" href=(asset("icons/firstpass.svg"));
                link rel="stylesheet" href=(asset("css/firstpass.css"));
                @for script in SCRIPTS.iter().chain(self.scripts) { script src=(asset(script)) defer {} }
            }
        }
    }

    fn header(&self, person: &Principal, words: &Frame) -> Markup {
        html! {
            header.site {
                a.brand href="/" { (PreEscaped(MARK)) "Firstpass" }
                nav aria-label=(words.sections) {
                    @for nav in Nav::ALL {
                        @if let Some((word, href, action)) = nav.entry(words) && person.may(action) {
                            a href=(href) aria-current=[(nav == self.nav).then_some("page")] { (word) }
                        }
                    }
                }
                .aside {
                    span.connection #connection role="status" data-live="connecting" data-live-word=(words.live)
                        data-connecting-word=(words.connecting) data-lost-word=(words.lost) hidden { (words.connecting) }
                    (menu(person, words))
                }
            }
        }
    }
}

/// Who is logged in, and what they may do about it.
fn menu(person: &Principal, words: &Frame) -> Markup {
    let Principal { login, name, role, .. } = person;
    html! {
        details.menu {
            summary {
                span.initials aria-hidden="true" { (initials(name)) }
                span.name { (name) }
            }
            .sheet {
                .who { strong { (name) } div.muted.small { (login) " · " (role_word(*role, words)) } }
                a href="/account" { (words.account) }
                a href="/login?switch=1" { (words.switch) }
                a href="/api" { "API" }
                form method="post" action="/logout" { button type="submit" { (words.log_out) } }
            }
        }
    }
}

/// The word for a role.
pub(crate) const fn role_word(role: Role, words: &Frame) -> &'static str {
    match role {
        Role::Operator => words.operator,
        Role::Engineer => words.engineer,
        Role::Auditor => words.auditor,
        Role::Admin => words.admin,
    }
}

/// The first letters of the first and the last word of a name.
fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().next());
    let first = words.next();
    first.into_iter().chain(words.next_back()).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn a_name_is_known_by_its_first_and_last_letter() {
        for (name, letters) in [("Ada King Lovelace", "AL"), ("ada", "A"), ("李 雷", "李雷"), ("", "")] {
            assert_eq!(initials(name), letters);
        }
    }
}
