//! What a slot does after a run has failed: the recipe's rule for retries first, then the catalogue. Pure.

use firstpass_domain::{DiagnosisCode, NextAction, Policy};

/// What a slot does after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// The unit leaves; the slot takes the next one.
    NextUnit,
    /// The unit runs again where it is.
    Retry {
        /// Which retry this will be, from 1.
        retry: u32,
        /// How many the recipe allows.
        max: u32,
    },
    /// The slot takes no further unit until a person has looked at it.
    StopSlot,
    /// The batch takes no further unit.
    StopLine,
}

/// What follows a failure with `code`, when the unit has been tried again `retries` times already.
pub(crate) fn after_failure(policy: &Policy, code: DiagnosisCode, retries: u32) -> After {
    if let Some(rule) = &policy.retry
        && retries < rule.max
        && rule.allows(code)
    {
        return After::Retry { retry: retries + 1, max: rule.max };
    }
    match code.next_action() {
        NextAction::RetryHere | NextAction::Rework | NextAction::Quarantine => After::NextUnit,
        NextAction::StopSlot => After::StopSlot,
        NextAction::StopLine => After::StopLine,
    }
}

#[cfg(test)]
mod tests {
    use firstpass_domain::{Chip, Injection, RetryPolicy};

    use super::*;

    fn policy(retry: Option<RetryPolicy>) -> Policy {
        Policy { retry, ..Policy::plain(Injection::Nvs, Chip::Esp32c3, "4MB".parse().unwrap()) }
    }

    #[test]
    fn without_a_rule_nothing_is_tried_again() {
        assert_eq!(after_failure(&policy(None), DiagnosisCode::NoAnswer, 0), After::NextUnit);
    }

    #[test]
    fn what_may_be_tried_again_is_tried_as_often_as_the_rule_says() {
        let policy = policy(Some(RetryPolicy { max: 2, codes: Vec::new() }));
        assert_eq!(after_failure(&policy, DiagnosisCode::NoAnswer, 0), After::Retry { retry: 1, max: 2 });
        assert_eq!(after_failure(&policy, DiagnosisCode::NoAnswer, 1), After::Retry { retry: 2, max: 2 });
        assert_eq!(after_failure(&policy, DiagnosisCode::NoAnswer, 2), After::NextUnit);
        assert_eq!(after_failure(&policy, DiagnosisCode::WrongChip, 0), After::NextUnit);
    }

    #[test]
    fn a_rule_with_codes_holds_for_those_alone() {
        let policy = policy(Some(RetryPolicy { max: 1, codes: vec![DiagnosisCode::UpstreamForeignBroker] }));
        assert_eq!(after_failure(&policy, DiagnosisCode::UpstreamForeignBroker, 0), After::Retry { retry: 1, max: 1 });
        assert_eq!(after_failure(&policy, DiagnosisCode::UpstreamForeignBroker, 1), After::StopLine);
        assert_eq!(after_failure(&policy, DiagnosisCode::NoAnswer, 0), After::NextUnit);
    }

    #[test]
    fn the_catalogue_decides_what_stops() {
        assert_eq!(after_failure(&policy(None), DiagnosisCode::PortBusy, 0), After::StopSlot);
        assert_eq!(after_failure(&policy(None), DiagnosisCode::StationCertificateInvalid, 0), After::StopLine);
    }
}
