//! Who asks, and whether they may: every route names the action that it is, and is guarded by it.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Request},
    http::request::Parts,
    middleware::Next,
    response::{IntoResponse, Response},
};
use firstpass_domain::{Action, Language, Role};
use firstpass_store::Act;

use crate::problem::HttpProblem;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, logged in or not.
    Public,
    /// Everybody who is logged in, whatever the role.
    Person,
    /// Whoever may do this.
    May(Action),
}

/// How somebody has shown who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Via {
    /// With a session of the dashboard, whose changes must carry this token.
    Session {
        /// Against requests that another site makes in the person's name.
        csrf: String,
    },
    /// With an API token, which is for these actions only.
    Token {
        /// Name of the token.
        name: String,
        /// What it is for.
        actions: Vec<Action>,
    },
}

/// Somebody who is known. Handlers take it as an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Principal {
    /// The login name: who the record says has done it.
    pub(crate) login: String,
    /// The name to show.
    pub(crate) name: String,
    /// What they are to the station.
    pub(crate) role: Role,
    /// In which language they read.
    pub(crate) language: Language,
    /// How they have shown who they are.
    pub(crate) via: Via,
}

impl Principal {
    /// Whether they may do it.
    pub(crate) fn may(&self, action: Action) -> bool {
        let covered = match &self.via {
            Via::Session { .. } => true,
            Via::Token { actions, .. } => actions.contains(&action),
        };
        covered && self.role.may(action)
    }

    /// An act of theirs for the record.
    pub(crate) fn act(&self, reason: impl Into<String>) -> Act {
        Act { actor: self.login.clone(), reason: reason.into() }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Principal {
    type Rejection = HttpProblem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpProblem> {
        let known = parts.extensions.get::<Arc<Self>>();
        known.map(|known| known.as_ref().clone()).ok_or_else(HttpProblem::not_logged_in)
    }
}

/// Lets a request through to its route, or refuses it.
pub(crate) async fn guard(access: Access, request: Request, next: Next) -> Response {
    let known = request.extensions().get::<Arc<Principal>>();
    let refused = match (access, known) {
        (Access::Public, _) | (Access::Person, Some(_)) => None,
        (Access::Person | Access::May(_), None) => Some(HttpProblem::not_logged_in()),
        (Access::May(action), Some(person)) => (!person.may(action)).then(|| HttpProblem::may_not(action)),
    };
    match refused {
        None => next.run(request).await,
        Some(problem) => problem.into_response(),
    }
}
