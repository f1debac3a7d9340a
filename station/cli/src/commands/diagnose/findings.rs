//! Sums up what was recognised in a log: each diagnosis once, without trouble that the unit got over. Pure.

use firstpass_device::uart::{Remark, Said};
use firstpass_domain::{DiagnosisCode, diagnosis::line::Expected, evidence::UartFact};

/// The last place on a unit's way.
pub(super) const CONNECTED: &str = "connected";
/// Lines that are named with one diagnosis; a log may repeat itself for ever.
const LINES_MAX: usize = 10;

/// What a log says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finding {
    /// Something is wrong.
    Wrong {
        /// What.
        code: DiagnosisCode,
        /// Where it stands, from 1.
        lines: Vec<u64>,
    },
    /// It looks like trouble and is none.
    Expected {
        /// What.
        what: Expected,
        /// Where it first stands.
        line: u64,
    },
}

/// The findings, in the order in which they first stand in the log.
pub(super) fn of(remarks: &[Remark]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, remark) in remarks.iter().enumerate() {
        match &remark.said {
            Said::UuidInOtherForm => add_expected(&mut findings, Expected::UuidInOtherForm, remark.line),
            Said::Trouble(code) => add_wrong(&mut findings, *code, remark.line),
            Said::Fact(fact) => match (fact.expected(), fact.diagnosis()) {
                (Some(what), _) => add_expected(&mut findings, what, remark.line),
                (None, Some(code)) if stands(fact, &remarks[..index], &remarks[index + 1..]) => {
                    add_wrong(&mut findings, code, remark.line);
                }
                (None, _) => {}
            },
        }
    }
    findings
}

/// Whether what was said between `before` and `later` is still wrong at the end.
fn stands(fact: &UartFact, before: &[Remark], later: &[Remark]) -> bool {
    !is_healed(fact, later) && !is_update(fact, before) && !is_detailed(fact, later) && !is_of_brown_out(fact, before)
}

/// A unit that loses its supply restarts, and may panic: it is one trouble.
fn is_of_brown_out(fact: &UartFact, before: &[Remark]) -> bool {
    let is_low = |remark: &Remark| matches!(&remark.said, Said::Fact(other) if other.diagnosis() == Some(DiagnosisCode::BrownOut));
    fact.diagnosis() == Some(DiagnosisCode::BootLoop) && before.iter().any(is_low)
}

/// A place on the unit's way, and what shows that it was reached.
type Place = (&'static str, fn(&UartFact) -> bool);

/// How far the unit came, in its order.
pub(super) fn progress(remarks: &[Remark]) -> Vec<&'static str> {
    const PLACES: [Place; 4] = [
        ("app loaded", |fact| matches!(fact, UartFact::AppLoaded { .. })),
        ("network", |fact| matches!(fact, UartFact::NetworkUp { .. })),
        ("provisioned", |fact| matches!(fact, UartFact::Provisioned { .. } | UartFact::ProvisionSkipped)),
        (CONNECTED, |fact| matches!(fact, UartFact::MqttConnected)),
    ];
    let facts = || {
        remarks.iter().filter_map(|remark| match &remark.said {
            Said::Fact(fact) => Some(fact),
            Said::UuidInOtherForm | Said::Trouble(_) => None,
        })
    };
    PLACES.iter().filter(|(_, reached)| facts().any(reached)).map(|(name, _)| *name).collect()
}

/// A class whose details stand on the next line is named by those.
fn is_detailed(fact: &UartFact, later: &[Remark]) -> bool {
    let next = later.first().map(|remark| &remark.said);
    match (fact, next) {
        (UartFact::ClientError { class, .. }, Some(Said::Fact(UartFact::ClientError { class: same, text }))) => {
            class == same && text.starts_with("Error details")
        }
        _ => false,
    }
}

fn is_healed(fact: &UartFact, later: &[Remark]) -> bool {
    later.iter().any(|remark| matches!(&remark.said, Said::Fact(other) if fact.is_healed_by(other)))
}

/// A restart right after an update is part of it.
fn is_update(fact: &UartFact, before: &[Remark]) -> bool {
    let last = before.iter().rev().find(|remark| remark.said != Said::Fact(UartFact::FirstByte));
    let finished = last.is_some_and(|remark| remark.said == Said::Fact(UartFact::OtaFinished));
    finished && matches!(fact, UartFact::Restarted { .. })
}

fn add_wrong(findings: &mut Vec<Finding>, wrong: DiagnosisCode, line: u64) {
    for finding in findings.iter_mut() {
        if let Finding::Wrong { code, lines } = finding
            && *code == wrong
        {
            if lines.len() < LINES_MAX && lines.last() != Some(&line) {
                lines.push(line);
            }
            return;
        }
    }
    findings.push(Finding::Wrong { code: wrong, lines: vec![line] });
}

fn add_expected(findings: &mut Vec<Finding>, what: Expected, line: u64) {
    let known = |finding: &Finding| matches!(finding, Finding::Expected { what: other, .. } if *other == what);
    if !findings.iter().any(known) {
        findings.push(Finding::Expected { what, line });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remarks(log: &str) -> Vec<Remark> {
        firstpass_device::uart::read_log(log.as_bytes()).unwrap()
    }

    fn codes(log: &str) -> Vec<DiagnosisCode> {
        let wrong = of(&remarks(log)).into_iter().filter_map(|finding| match finding {
            Finding::Wrong { code, .. } => Some(code),
            Finding::Expected { .. } => None,
        });
        wrong.collect()
    }

    const RETRY: &str = "W (9) iotmer_wifi: WiFi disconnected, retry 1/5 (reason=201)\n";

    #[test]
    fn trouble_counts_once_with_its_lines_and_not_when_the_unit_got_over_it() {
        let often = RETRY.repeat(30);
        let Some(Finding::Wrong { code, lines }) = of(&remarks(&often)).pop() else { panic!("nothing found") };
        assert_eq!((code, lines), (DiagnosisCode::WifiNotFound, (1..=10).collect()));
        assert_eq!(codes(&format!("{RETRY}I (99) iotmer_wifi: WiFi connected, IP:10.0.0.2\n")), []);
    }

    #[test]
    fn a_unit_that_loses_its_supply_has_one_trouble() {
        let log = "E (9) BOD: Brownout detector was triggered\nrst:0x1 (POWERON),boot:0x8 (SPI_FAST_FLASH_BOOT)\n";
        assert_eq!(codes(&log.repeat(3)), [DiagnosisCode::BrownOut]);
    }

    #[test]
    fn the_details_of_a_class_say_which_failure_it_is() {
        let log = "Error occurred : MbedCloudClient::ConnectBootstrapFailed\nError details : quota reached\n";
        assert_eq!(codes(log), [DiagnosisCode::BootstrapQuota]);
    }

    #[test]
    fn a_restart_after_an_update_is_part_of_it_and_another_one_is_not() {
        let banner = |reason: &str| format!("rst:{reason},boot:0x8 (SPI_FAST_FLASH_BOOT)\n");
        let finished = "I (9) iotmer_ota: OTA finished, rebooting into new firmware\n";
        let (on, soft) = (banner("0x1 (POWERON)"), banner("0xc (RTC_SW_CPU_RST)"));
        assert_eq!(codes(&format!("{on}{finished}{soft}")), []);
        assert_eq!(codes(&format!("{on}{finished}{soft}{soft}")), [DiagnosisCode::BootLoop]);
    }
}
