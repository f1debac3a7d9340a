//! The words for what a policy demands.

use firstpass_domain::{
    Injection, KnownUnit, RegionPolicy, Revision,
    policy::{OtaPolicy, RetryPolicy},
};

pub(super) fn injection(injection: Injection) -> String {
    match injection {
        Injection::Nvs => "a one-time code in NVS; the unit provisions itself",
        Injection::Image => "a one-time code in the app; the unit provisions itself",
        Injection::Session => "a whole session in NVS, made by the line",
    }
    .to_owned()
}

pub(super) fn revision(revision: Option<Revision>) -> String {
    revision.map_or_else(|| "any".to_owned(), |revision| format!("{revision} or newer"))
}

pub(super) fn retry(retry: Option<&RetryPolicy>) -> String {
    match retry {
        None => "none".to_owned(),
        Some(retry) if retry.codes.is_empty() => format!("{} at most, after what may go away by itself", retry.max),
        Some(retry) => {
            let codes: Vec<&str> = retry.codes.iter().map(|code| code.name()).collect();
            format!("{} at most, after {}", retry.max, codes.join(", "))
        }
    }
}

pub(super) fn known_unit(known: KnownUnit) -> String {
    match known {
        KnownUnit::Refuse => "is refused",
        KnownUnit::Reissue => "gets a new identity",
        KnownUnit::Keep => "keeps session and certificate",
    }
    .to_owned()
}

pub(super) fn hold(hold_ms: u32) -> String {
    match hold_ms {
        0 => "need not hold".to_owned(),
        hold_ms => format!("{hold_ms} ms"),
    }
}

pub(super) fn update(update: &OtaPolicy) -> String {
    let OtaPolicy { sha256, size, app } = update;
    format!("to version {}, {size} bytes, SHA-256 {sha256}", app.version)
}

pub(super) fn region(region: &RegionPolicy) -> String {
    let RegionPolicy { offset, len, sha256, written_by_unit, .. } = region;
    let place = format!("{len} bytes at {offset:#x}");
    match (sha256, written_by_unit) {
        (Some(sha256), false) => format!("{place}, must hold SHA-256 {sha256}"),
        (Some(sha256), true) => format!("{place}, written as SHA-256 {sha256}; the unit may write there"),
        (None, true) => format!("{place}, made for each unit; the unit may write there"),
        (None, false) => format!("{place}, made for each unit, must hold"),
    }
}
