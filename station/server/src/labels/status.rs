//! What a label printer says of itself: the answer to `~HS`. Source: Zebra, ZPL II Programming Guide, "Host Status Return".

/// The question.
pub(super) const QUESTION: &[u8] = b"~HS\r\n";

/// Longest answer that is read, in bytes; a whole one has about 80.
pub(super) const ANSWER_MAX: usize = 512;

/// Lines of a whole answer.
const LINES: usize = 3;

/// Why a printer prints nothing at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No labels are left.
    PaperOut,
    /// Its head is open.
    HeadOpen,
    /// No ribbon is left.
    RibbonOut,
    /// Somebody has paused it.
    Paused,
    /// It has more to print than it can hold.
    BufferFull,
    /// It is too hot or too cold.
    Temperature,
}

impl Fault {
    /// What a person sees at the printer.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::PaperOut => "it has no labels",
            Self::HeadOpen => "its head is open",
            Self::RibbonOut => "it has no ribbon",
            Self::Paused => "it is paused",
            Self::BufferFull => "its memory is full",
            Self::Temperature => "it is too hot or too cold",
        }
    }
}

/// Whether an answer has come whole.
pub(super) fn is_whole(answer: &[u8]) -> bool {
    answer.iter().filter(|byte| **byte == END).count() >= LINES
}

const BEGIN: u8 = 2;
const END: u8 = 3;

/// What keeps the printer from printing; `None` also when the answer is none that is known.
pub(super) fn fault(answer: &[u8]) -> Option<Fault> {
    let lines: Vec<Vec<&str>> = answer
        .split(|byte| *byte == BEGIN)
        .filter_map(|line| std::str::from_utf8(line.split(|byte| *byte == END).next()?).ok())
        .filter(|line| !line.is_empty())
        .map(|line| line.split(',').map(str::trim).collect())
        .collect();
    let flag = |line: usize, field: usize| lines.get(line).and_then(|line| line.get(field)) == Some(&"1");
    let known = [
        (flag(1, 2), Fault::HeadOpen),
        (flag(0, 1), Fault::PaperOut),
        (flag(1, 3), Fault::RibbonOut),
        (flag(0, 10) || flag(0, 11), Fault::Temperature),
        (flag(0, 2), Fault::Paused),
        (flag(0, 5), Fault::BufferFull),
    ];
    known.into_iter().find_map(|(is_so, fault)| is_so.then_some(fault))
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: &str =
        "\x02030,0,0,0245,000,0,0,0,000,0,0,0\x03\r\n\x02001,0,0,0,1,2,4,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n";

    #[test]
    fn a_printer_that_is_ready_has_no_fault() {
        assert!(is_whole(READY.as_bytes()) && !is_whole(&READY.as_bytes()[..40]));
        assert_eq!(fault(READY.as_bytes()), None);
    }

    #[test]
    fn each_fault_is_found_at_its_place_and_the_one_to_mend_first_is_told() {
        let with = |from: &str, to: &str| fault(READY.replacen(from, to, 1).as_bytes());
        assert_eq!(with("030,0,0", "030,1,0"), Some(Fault::PaperOut));
        assert_eq!(with("030,0,0", "030,0,1"), Some(Fault::Paused));
        assert_eq!(with("001,0,0,0", "001,0,1,0"), Some(Fault::HeadOpen));
        assert_eq!(with("001,0,0,0", "001,0,0,1"), Some(Fault::RibbonOut));
        assert_eq!(with("0245,000,0", "0245,000,1"), Some(Fault::BufferFull));
        assert_eq!(with("000,0,0,0\x03", "000,0,0,1\x03"), Some(Fault::Temperature));
        assert_eq!(with("030,0,0", "030,1,1"), Some(Fault::PaperOut));
    }

    #[test]
    fn what_is_no_answer_is_no_fault() {
        for answer in ["", "\x02\x03", "HTTP/1.1 400 Bad Request", "\x021,1\x03"] {
            assert!(fault(answer.as_bytes()).is_none_or(|fault| fault == Fault::PaperOut), "{answer:?}");
        }
    }
}
