//! The UART log of a run, with the lines marked that decided it. Reads a bounded part of the file; knows no page.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use firstpass_contract::LogLine;
use firstpass_device::uart::{Remark, Said, read_log};
use firstpass_domain::{DiagnosisCode, Fact, RunId, evidence::UartFact};
use firstpass_store::RunDetail;

use super::decisive;

/// Bytes of a log that are looked at; all of it can be downloaded.
pub(crate) const LOOKED_AT_MAX: usize = 2 << 20;
/// Lines of a page.
pub(crate) const PAGE_LINES: usize = 400;
/// Characters of a line that are shown.
const LINE_CHARS_MAX: usize = 1000;
/// Lines that are named as decisive.
const DECISIVE_MAX: usize = 20;

/// What a line is to the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    /// Nothing that is known.
    Plain,
    /// A line of the device contract.
    Contract,
    /// It stands among the evidence.
    Evidence,
    /// It says what the diagnosis says.
    Decisive,
}

/// A line as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its number, from 1.
    pub(crate) number: usize,
    /// What it is to the run.
    pub(crate) mark: Mark,
    /// Its text, in which every control character can be seen.
    pub(crate) text: String,
}

/// The part of a log that is looked at.
#[derive(Debug)]
pub(crate) struct Log {
    /// Lines in order.
    pub(crate) lines: Vec<Line>,
    /// Length of the whole file.
    pub(crate) bytes: u64,
    /// Whether there is more than was looked at.
    pub(crate) cut: bool,
}

/// Where a run's log is kept on this station.
pub(crate) fn path(folder: &Path, run: RunId) -> PathBuf {
    folder.join(format!("{run}.log"))
}

impl Log {
    /// Reads the log of a run; `None` when this station keeps none.
    pub(crate) fn read(folder: &Path, detail: &RunDetail) -> io::Result<Option<Self>> {
        let file = match File::open(path(folder, detail.run.id)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let bytes = file.metadata()?.len();
        let mut looked_at = Vec::new();
        file.take(LOOKED_AT_MAX as u64).read_to_end(&mut looked_at)?;
        let cut = bytes > looked_at.len() as u64;
        Ok(Some(Self { lines: lines(&looked_at, detail)?, bytes, cut }))
    }

    /// The decisive lines, or else none.
    pub(crate) fn decisive(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.mark == Mark::Decisive).take(DECISIVE_MAX)
    }

    /// How many pages there are; at least one.
    pub(crate) fn pages(&self) -> usize {
        self.lines.len().div_ceil(PAGE_LINES).max(1)
    }

    /// The lines of a page, counted from 1.
    pub(crate) fn page(&self, page: usize) -> &[Line] {
        self.lines.chunks(PAGE_LINES).nth(page.saturating_sub(1)).unwrap_or_default()
    }
}

/// On which page a line stands.
pub(crate) const fn page_of(number: usize) -> usize {
    number.saturating_sub(1) / PAGE_LINES + 1
}

fn lines(log: &[u8], detail: &RunDetail) -> io::Result<Vec<Line>> {
    let marks = Marks::of(detail);
    let mut marked = std::collections::BTreeMap::new();
    for Remark { line, said } in read_log(log)? {
        let mark = marks.mark(&said);
        let known = marked.entry(usize::try_from(line).unwrap_or(usize::MAX)).or_insert(mark);
        *known = mark.max(*known);
    }
    let mut texts: Vec<&[u8]> = log.split(|byte| *byte == b'\n').collect();
    // What ends with a line end has no line after it.
    if texts.last().is_some_and(|last| last.is_empty()) {
        texts.pop();
    }
    Ok(texts.into_iter().zip(1..).map(|(text, number)| line(text, number, &marked)).collect())
}

fn line(bytes: &[u8], number: usize, marked: &std::collections::BTreeMap<usize, Mark>) -> Line {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let is_contract = || LogLine::parse(&String::from_utf8_lossy(bytes)).is_some();
    let mark = match marked.get(&number) {
        Some(mark) if *mark > Mark::Contract => *mark,
        Some(_) | None if is_contract() => Mark::Contract,
        Some(_) | None => Mark::Plain,
    };
    Line { number, mark, text: visible(bytes) }
}

/// What marks a line of this run's log.
struct Marks<'a> {
    code: Option<DiagnosisCode>,
    decisive: Option<&'a UartFact>,
    evidence: Vec<&'a UartFact>,
}

impl<'a> Marks<'a> {
    fn of(detail: &'a RunDetail) -> Self {
        let uart = |fact: &'a Fact| match fact {
            Fact::Uart(line) => Some(line),
            _ => None,
        };
        Self {
            code: detail.diagnosis.as_ref().map(|diagnosis| diagnosis.code),
            decisive: decisive(detail).and_then(|index| uart(&detail.evidence[index].fact)),
            evidence: detail.evidence.iter().filter_map(|evidence| uart(&evidence.fact)).collect(),
        }
    }

    fn mark(&self, said: &Said) -> Mark {
        match said {
            Said::Fact(fact) if Some(fact) == self.decisive => Mark::Decisive,
            Said::Fact(fact) if self.code.is_some() && fact.diagnosis() == self.code => Mark::Decisive,
            Said::Trouble(code) if Some(*code) == self.code => Mark::Decisive,
            Said::Fact(fact) if self.evidence.contains(&fact) => Mark::Evidence,
            Said::Fact(_) | Said::Trouble(_) | Said::UuidInOtherForm => Mark::Plain,
        }
    }
}

/// A text in which everything can be seen: control characters as their symbols, what changes the direction of writing
/// and bytes that are no text by their numbers.
pub(crate) fn visible(bytes: &[u8]) -> String {
    let mut shown = String::new();
    let mut count = 0;
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            count += 1;
            if count > LINE_CHARS_MAX {
                shown.push('…');
                return shown;
            }
            push_visible(&mut shown, character);
        }
        for byte in chunk.invalid() {
            count += 1;
            if count > LINE_CHARS_MAX {
                shown.push('…');
                return shown;
            }
            shown.push_str(&format!("\\x{byte:02x}"));
        }
    }
    shown
}

fn push_visible(shown: &mut String, character: char) {
    /// Symbols for the control characters begin here.
    const PICTURES: u32 = 0x2400;
    let picture = |number: u32| char::from_u32(PICTURES + number).unwrap_or(char::REPLACEMENT_CHARACTER);
    match character {
        '\t' => shown.push('\t'),
        '\0'..='\x1f' => shown.push(picture(character.into())),
        '\x7f' => shown.push('\u{2421}'),
        '\u{80}'..='\u{9f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => shown.push_str(&format!("\\u{{{:x}}}", u32::from(character))),
        _ => shown.push(character),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_line_is_hidden() {
        let line = b"a\x1b[31mred\0\x07\tb\xff\xfe \xe2\x80\xaeback\xef\xbb\xbf\x7f";
        assert_eq!(visible(line), "a\u{241b}[31mred\u{2400}\u{2407}\tb\\xff\\xfe \\u{202e}back\\u{feff}\u{2421}");
    }

    #[test]
    fn an_endless_line_is_cut() {
        let shown = visible(&vec![b'x'; 5 * LINE_CHARS_MAX]);
        assert_eq!(shown.chars().count(), LINE_CHARS_MAX + 1);
        assert_eq!(visible(&vec![0xff; 5 * LINE_CHARS_MAX]).len(), 4 * LINE_CHARS_MAX + '…'.len_utf8());
    }

    #[test]
    fn a_line_stands_on_its_page() {
        assert_eq!([1, PAGE_LINES, PAGE_LINES + 1].map(page_of), [1, 1, 2]);
    }
}
