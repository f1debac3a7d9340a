//! A span: what took how long, where it belongs and how it came out. Knows no format.

use firstpass_domain::{RunId, Timestamp};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Which spans belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TraceId(pub(super) [u8; 16]);

/// Which span it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SpanId(pub(super) [u8; 8]);

/// What stands behind a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Whole(i64),
}

/// What kind of work it is. The numbers are OTLP's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of the station by itself.
    Internal = 1,
    /// For somebody who asked.
    Server = 2,
}

/// One span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) trace: TraceId,
    pub(super) id: SpanId,
    pub(super) parent: Option<SpanId>,
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) began: Timestamp,
    pub(super) ended: Timestamp,
    pub(super) attributes: Vec<(&'static str, Value)>,
    /// What went wrong; `None` when nothing did.
    pub(super) error: Option<String>,
}

impl TraceId {
    /// The trace of a run is named as the run, so that either is found by the other.
    pub(super) const fn of_run(run: RunId) -> Self {
        Self(*run.0.as_bytes())
    }

    /// A new one.
    pub(super) fn new() -> Self {
        Self(*Uuid::new_v4().as_bytes())
    }
}

impl SpanId {
    /// The span of a run itself, or of what has a name and a number in it.
    pub(super) fn in_run(run: RunId, name: &str, number: u32) -> Self {
        let digest = Sha256::new().chain_update(run.0.as_bytes()).chain_update(name).chain_update(number.to_be_bytes());
        Self::first_of(&digest.finalize())
    }

    /// A new one.
    pub(super) fn new() -> Self {
        Self::first_of(Uuid::new_v4().as_bytes())
    }

    fn first_of(bytes: &[u8]) -> Self {
        let mut id = [0; 8];
        id.iter_mut().zip(bytes).for_each(|(into, from)| *into = *from);
        Self(id)
    }
}

/// The trace and the span that a request says it belongs to: the header `traceparent` of W3C Trace Context, version 00.
pub(super) fn parent_of(header: &str) -> Option<(TraceId, SpanId)> {
    let mut parts = header.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if version == "ff"
        || [version, flags].iter().any(|part| part.len() != 2)
        || (version == "00" && parts.next().is_some())
    {
        return None;
    }
    let is_lower = [trace, span].iter().all(|part| !part.bytes().any(|byte| byte.is_ascii_uppercase()));
    let trace: [u8; 16] = hex::decode(trace).ok()?.try_into().ok()?;
    let span: [u8; 8] = hex::decode(span).ok()?.try_into().ok()?;
    (is_lower && trace != [0; 16] && span != [0; 8]).then_some((TraceId(trace), SpanId(span)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_belongs_to_the_trace_that_it_names() {
        let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let (trace, span) = parent_of(header).unwrap();
        assert_eq!(hex::encode(trace.0), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(hex::encode(span.0), "b7ad6b7169203331");
    }

    #[test]
    fn a_header_that_is_wrong_names_no_trace() {
        for header in [
            "",
            "00",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-extra",
            "00-0af7651916cd43dd8448eb211c8031-b7ad6b7169203331-01",
        ] {
            assert_eq!(parent_of(header), None, "{header}");
        }
    }

    #[test]
    fn steps_of_a_run_have_names_of_their_own() {
        let run = RunId(Uuid::from_u128(7));
        assert_ne!(SpanId::in_run(run, "flash", 1), SpanId::in_run(run, "flash", 2));
        assert_ne!(SpanId::in_run(run, "flash", 1), SpanId::in_run(run, "boot", 1));
        assert_eq!(SpanId::in_run(run, "run", 0), SpanId::in_run(run, "run", 0));
    }
}
