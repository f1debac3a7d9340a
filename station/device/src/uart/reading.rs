//! Reads a whole log that somebody kept: a unit's UART log, or the output of a build or a tool. Knows no verdict.

mod kept;

use std::io::{self, BufRead};

use firstpass_contract::logline::uuid::{self, UuidForm};
use firstpass_domain::{DiagnosisCode, evidence::UartFact};

use super::{lines::Lines, noise::Noise, recognise::Recogniser};

/// Remarks that are kept of one log; what follows is passed over.
pub const REMARKS_MAX: usize = 10_000;

/// Something in a log that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Number of the line, from 1.
    pub line: u64,
    /// What it says.
    pub said: Said,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// What the line's own recogniser makes of it.
    Fact(UartFact),
    /// A Bluetooth UUID of the contract in another text form: the same value, and no error.
    UuidInOtherForm,
    /// Trouble that a run has better witnesses of, or that ends none.
    Trouble(DiagnosisCode),
}

/// Everything known in `log`, in its order, with the rules that hold for a unit in work.
pub fn read_log(mut log: impl BufRead) -> io::Result<Vec<Remark>> {
    let mut reading = Reading::default();
    loop {
        let bytes = log.fill_buf()?;
        let len = bytes.len();
        if len == 0 {
            break;
        }
        reading.take(bytes);
        log.consume(len);
    }
    // The last line may lack its end.
    reading.take(b"\n");
    Ok(reading.remarks)
}

#[derive(Debug, Default)]
struct Reading {
    lines: Lines,
    recogniser: Recogniser,
    noise: Noise,
    line: u64,
    remarks: Vec<Remark>,
}

impl Reading {
    fn take(&mut self, bytes: &[u8]) {
        let Self { lines, recogniser, noise, line, remarks } = self;
        noise.bytes_came(bytes);
        lines.push(bytes, |text| {
            *line += 1;
            noise.line(text);
            let other_form = (uuid::find(text) == Some(UuidForm::OtherText)).then_some(Said::UuidInOtherForm);
            let mut facts = recogniser.line(text);
            if facts.is_empty() {
                facts = kept::under_other_tag(text).map(|line| recogniser.line(&line)).unwrap_or_default();
            }
            facts.extend(noise.tell());
            let said =
                facts.into_iter().map(Said::Fact).chain(other_form).chain(kept::trouble(text).map(Said::Trouble));
            let room = REMARKS_MAX - remarks.len();
            remarks.extend(said.take(room).map(|said| Remark { line: *line, said }));
        });
        if let Some(fact) = noise.tell().filter(|_| remarks.len() < REMARKS_MAX) {
            remarks.push(Remark { line: *line + 1, said: Said::Fact(fact) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(log: &[u8]) -> Vec<(u64, Said)> {
        read_log(log).unwrap().into_iter().map(|remark| (remark.line, remark.said)).collect()
    }

    #[test]
    fn what_is_known_is_told_with_its_line_and_the_last_line_needs_no_end() {
        let log =
            b"hello\r\nI (9) iotmer_client: MQTT connected\r\nuuid 1D14D6EE-0001-4000-8024-B5A3C0FFEE01 not found\n\
            \xff\xfe\nBrownout detector was triggered";
        let said =
            [(2, Said::Fact(UartFact::MqttConnected)), (3, Said::UuidInOtherForm), (5, Said::Fact(UartFact::BrownOut))];
        assert_eq!(read(log), said);
    }

    #[test]
    fn a_log_without_end_is_bounded() {
        let log = b"I (9) iotmer_client: MQTT connected\n".repeat(REMARKS_MAX + 5);
        assert_eq!(read(&log).len(), REMARKS_MAX);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(log in proptest::collection::vec(proptest::num::u8::ANY, 0..4096)) {
            let _ = read(&log);
        }
    }
}
