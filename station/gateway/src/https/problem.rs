//! What a person is shown when the endpoint cannot start, or the line gets no session.

use std::{error::Error, io::ErrorKind};

use firstpass_domain::Problem;

use super::{HttpsError, Refusal, SessionError, TlsError};

impl SessionError {
    /// What a person is shown.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Record(error) => Refusal::from(error).problem(),
            Self::Certificate(error) => error.problem(),
            Self::FieldTooLong(_) | Self::AnswerTooLong { .. } => {
                Problem { why: why(self), ..Refusal::DoesNotFit.problem() }
            }
            Self::Upstream(fault) => fault.refusal().problem(),
            Self::Randomness => firstpass_authority::AuthorityError::Randomness.problem(),
        }
    }
}

impl TlsError {
    /// What a person is shown.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Authority(error) => error.problem(),
            Self::ClientCa(_) | Self::Rustls(_) => problem(
                "tls_setup_failed",
                "TLS cannot be set up.",
                why(self),
                "Check the authority with `station doctor`; if it is whole, report this with the station's log.",
            ),
        }
    }
}

impl HttpsError {
    /// What a person is shown.
    pub fn problem(&self) -> Problem {
        // The kinds of the system's errors are not ours to list; the two that people meet get words of their own.
        let remedy = if self.err.kind() == ErrorKind::AddrInUse {
            "Stop the other program that listens there, or choose another port in [gateway]."
        } else if self.err.kind() == ErrorKind::PermissionDenied {
            "Choose a port from 1024 on in [gateway], or give the station the right to use this one."
        } else {
            "Check the address in [gateway]: it must be one of this machine's."
        };
        problem("https_listen", "The provisioning endpoint cannot listen.", why(self), remedy)
    }
}

fn problem(code: &str, what: &str, why: String, remedy: &str) -> Problem {
    Problem { code: code.to_owned(), what: what.to_owned(), why, remedy: remedy.to_owned() }
}

/// The error with its causes, as one sentence.
fn why(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| Error::source(*error));
    let texts: Vec<_> = causes.map(ToString::to_string).collect();
    format!("{}.", texts.join(": "))
}
