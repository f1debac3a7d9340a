//! The frame around every page: head, navigation, who is logged in.

use firstpass_domain::{Action, Language};
use maud::{DOCTYPE, Markup, html};

use crate::access::{Principal, Via};

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
    const fn entry(self) -> Option<(&'static str, &'static str, Action)> {
        match self {
            Self::Line => Some(("Line", "/line", Action::SeeLine)),
            Self::Batches => Some(("Batches", "/batches", Action::SeeBatches)),
            Self::Units => Some(("Units", "/units", Action::SeeUnits)),
            Self::Audit => Some(("Audit", "/audit", Action::SeeAudit)),
            Self::Engineering => Some(("Engineering", "/engineering", Action::SeeEngineering)),
            Self::People => Some(("People", "/people", Action::SeePeople)),
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
    /// Its own scripts, as names below `/static/`.
    pub(crate) scripts: &'a [&'a str],
    /// What is in it.
    pub(crate) body: Markup,
}

impl Page<'_> {
    /// The whole document.
    pub(crate) fn render(&self) -> Markup {
        let language = self.person.map_or(Language::English, |person| person.language);
        let csrf = self.person.and_then(|person| match &person.via {
            Via::Session { csrf } => Some(csrf.as_str()),
            Via::Token { .. } => None,
        });
        html! {
            (DOCTYPE)
            html lang=(language.tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    @if let Some(csrf) = csrf { meta name="csrf-token" content=(csrf); }
                    title { (self.title) " · Firstpass" }
                    link rel="stylesheet" href="/static/css/firstpass.css";
                    @for script in self.scripts { script src={ "/static/" (script) } defer {} }
                }
                body {
                    @if let Some(person) = self.person { (self.header(person)) }
                    main id="main" { (self.body) }
                }
            }
        }
    }

    fn header(&self, person: &Principal) -> Markup {
        html! {
            header.site {
                nav {
                    @for nav in Nav::ALL {
                        @if let Some((word, href, action)) = nav.entry() && person.may(action) {
                            a href=(href) aria-current=[(nav == self.nav).then_some("page")] { (word) }
                        }
                    }
                }
                span.person { (person.name) }
            }
        }
    }
}
