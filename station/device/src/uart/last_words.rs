//! Puts where a panic came from behind the panic's own line, so that whoever reads the line need not look for it in the
//! log. Knows no stream.

use firstpass_domain::evidence::UartFact;

/// Bytes that may follow a panic's line before it is told without a place. ESP-IDF prints its registers at once.
const PLACE_WITHIN: usize = 1024;
/// Longest place, in characters: program counter and return address, or the first calls of a back trace.
const PLACE_LEN_MAX: usize = 100;

/// A panic that waits for its place.
#[derive(Debug, Default)]
pub(super) struct LastWords {
    panic: Option<String>,
    bytes: usize,
}

impl LastWords {
    /// What may be told of `facts`, which `bytes` more have made, in their order.
    pub(super) fn hear(&mut self, facts: Vec<UartFact>, bytes: usize) -> Vec<UartFact> {
        self.bytes = self.bytes.saturating_add(bytes);
        let mut told = Vec::new();
        for fact in facts {
            match (&fact, &self.panic) {
                (UartFact::Backtrace { text: place }, Some(panic)) => {
                    told.push(UartFact::Panicked { text: with_place(panic, place) });
                    self.panic = None;
                }
                _ => told.extend(self.release()),
            }
            match fact {
                UartFact::Panicked { text } => (self.panic, self.bytes) = (Some(text), 0),
                other => told.push(other),
            }
        }
        if self.bytes > PLACE_WITHIN {
            told.extend(self.release());
        }
        told
    }

    /// The panic that waits, without a place: the unit says no more.
    pub(super) fn release(&mut self) -> Option<UartFact> {
        self.panic.take().map(|text| UartFact::Panicked { text })
    }
}

fn with_place(panic: &str, place: &str) -> String {
    let place = place.split_whitespace().collect::<Vec<_>>().join(" ");
    let place: String = place.chars().take(PLACE_LEN_MAX).collect();
    format!("{}; {place}", panic.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panic(text: &str) -> UartFact {
        UartFact::Panicked { text: text.into() }
    }

    fn place() -> UartFact {
        UartFact::Backtrace { text: "MEPC    : 0x4200a5c4  RA      : 0x4200a5c0".into() }
    }

    #[test]
    fn a_panic_is_told_with_its_place_and_nothing_is_lost_or_turned_round() {
        let mut words = LastWords::default();
        assert_eq!(words.hear(vec![UartFact::FirstByte, panic("it broke.")], 90), [UartFact::FirstByte]);
        let named = panic("it broke; MEPC : 0x4200a5c4 RA : 0x4200a5c0");
        assert_eq!(words.hear(vec![place(), place()], 90), [named, place(), place()]);
        assert_eq!(words.release(), None);
    }

    #[test]
    fn a_panic_without_a_place_does_not_wait_for_ever() {
        let mut words = LastWords::default();
        words.hear(vec![panic("a")], 9);
        assert_eq!(words.hear(vec![UartFact::BrownOut], 9), [panic("a"), UartFact::BrownOut]);
        words.hear(vec![panic("b")], 9);
        assert_eq!(words.hear(vec![], PLACE_WITHIN + 1), [panic("b")]);
        words.hear(vec![panic("c")], 9);
        assert_eq!(words.release(), Some(panic("c")));
    }
}
