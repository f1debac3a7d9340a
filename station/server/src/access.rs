//! Who asks, and whether they may: every route names the action that it is, and is guarded by it.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts, Request},
    http::{Extensions, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use firstpass_domain::{Action, Language, Role, Sha256Digest, Timestamp};
use firstpass_store::{Act, UserId};

use crate::problem::HttpProblem;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, logged in or not.
    Public,
    /// Everybody who is known, whatever the role: with a login, or with a token, whatever it is for.
    Person,
    /// Everybody who is logged in on the dashboard, with password or badge: no token.
    Session,
    /// Everybody who is logged in on the dashboard with a password, for what is their own: no token, and no badge.
    Own,
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
        /// Whether it was opened with a badge and a PIN, which is good for what an operator may.
        badge: bool,
        /// Which session: SHA-256 of what the browser holds.
        token: Sha256Digest,
    },
    /// With an API token, which is for these actions only.
    Token {
        /// Name of the token.
        name: String,
        /// What it is for.
        actions: Vec<Action>,
        /// Which token: SHA-256 of it.
        hash: Sha256Digest,
        /// When it ends.
        expires: Timestamp,
    },
}

/// Somebody who is known. Handlers take it as an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Principal {
    /// Who they are on record.
    pub(crate) user: UserId,
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
            Via::Session { badge, .. } => !badge || Role::Operator.may(action),
            Via::Token { actions, .. } => actions.contains(&action),
        };
        covered && self.role.may(action)
    }

    /// Whether they may do everything that a role may: only then they say how people of that role log in.
    pub(crate) fn covers(&self, role: Role) -> bool {
        Action::ALL.iter().all(|action| !role.may(*action) || self.may(*action))
    }

    /// An act of theirs for the record. What a token does is told from what its owner does by hand.
    pub(crate) fn act(&self, reason: impl Into<String>) -> Act {
        let actor = match &self.via {
            Via::Session { .. } => self.login.clone(),
            Via::Token { name, .. } => format!("{}/{name}", self.login),
        };
        Act { actor, reason: reason.into() }
    }

    /// Whether they are logged in on the dashboard.
    pub(crate) const fn has_session(&self) -> bool {
        matches!(self.via, Via::Session { .. })
    }

    /// Whether they are here with their password, and so may change what is their own.
    pub(crate) const fn is_at_home(&self) -> bool {
        matches!(self.via, Via::Session { badge: false, .. })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Principal {
    type Rejection = HttpProblem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpProblem> {
        let known = parts.extensions.get::<Arc<Self>>();
        known.map(|known| known.as_ref().clone()).ok_or_else(|| unknown(&parts.extensions))
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Principal {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Arc<Self>>().map(|known| known.as_ref().clone()))
    }
}

/// Why nobody is known, when somebody tried to be.
#[derive(Debug, Clone)]
pub(crate) struct Refusal(pub(crate) HttpProblem);

fn unknown(extensions: &Extensions) -> HttpProblem {
    extensions.get::<Refusal>().map_or_else(HttpProblem::not_logged_in, |refusal| refusal.0.clone())
}

/// Lets a request through to its route, or refuses it.
pub(crate) async fn guard(access: Access, request: Request, next: Next) -> Response {
    match refused(access, request.extensions()) {
        None => next.run(request).await,
        Some(problem) => problem.into_response(),
    }
}

fn refused(access: Access, extensions: &Extensions) -> Option<HttpProblem> {
    match (access, extensions.get::<Arc<Principal>>()) {
        (Access::Public, _) | (Access::Person, Some(_)) => None,
        (Access::Person | Access::Session | Access::Own | Access::May(_), None) => Some(unknown(extensions)),
        (Access::Session, Some(person)) => (!person.has_session()).then(HttpProblem::not_at_home),
        (Access::Own, Some(person)) => (!person.is_at_home()).then(HttpProblem::not_at_home),
        (Access::May(action), Some(person)) => (!person.may(action)).then(|| HttpProblem::may_not(action)),
    }
}
