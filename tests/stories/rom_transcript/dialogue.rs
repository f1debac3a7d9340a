//! Plays a session to a loader. Goes by no clock: whether a loader still answers is found out by a SYNC after each step,
//! whose value the ROM sends back, and which it answers after all that came before.

use std::time::{Duration, Instant};

use super::{
    bench::{Bench, Line},
    record::{Entry, Then, sent},
    session::{After, Session, Step, Straps, frame, request},
};

/// How long what is on record may take to come.
const LIMIT: Duration = Duration::from_secs(30);
/// How long a loader is listened to that is silent by the record, and between commands that it swallows by the record.
const SILENCE: Duration = Duration::from_millis(500);
/// How long a loader is waited for when there is no record.
const PATIENCE: Duration = Duration::from_secs(3);
/// Commands that are given until the loader counts as silent.
const CALLS_MAX: usize = 3;
/// Answers to one SYNC.
const SYNC_ANSWERS: usize = 8;
const SYNC: u8 = 0x08;
/// The value of the first SYNC that asks whether the loader is there; the next ones count up. It is an address in RAM, for
/// a packet without data is completed by that of the call before it.
const CALL: u32 = 0x3fca_0000;
/// Lines of the log of a boot from erased flash, which never ends.
const BOOT_LINES: usize = 4;
const END: u8 = 0xc0;
const LAST_WORDS: [&str; 2] = ["Guru Meditation Error", "user code done"];

/// Plays `session` and returns how it went, up to the step that silences the loader, or ends otherwise than it is `expected` to.
pub(super) fn play(session: &Session, bench: &mut impl Bench, expected: Option<&[Entry]>) -> Vec<Entry> {
    let mut player = Player { line: bench.line(), calls: 0, bytes: Vec::new() };
    let mut entries = vec![player.reset(session.straps)];
    for (index, step) in session.steps.iter().enumerate() {
        let expected = expected.and_then(|entries| entries.get(index + 1));
        let entry = player.step(step, expected);
        let over = entry.then == Then::Silent || expected.is_some_and(|expected| expected.then != entry.then);
        entries.push(entry);
        if over {
            break;
        }
    }
    entries
}

struct Player<'a> {
    line: &'a mut Line,
    calls: u32,
    /// What was heard since the last step, without answers to calls.
    bytes: Vec<u8>,
}

impl Player<'_> {
    /// The text that the ROM prints first.
    fn reset(&mut self, straps: Straps) -> Entry {
        let lines = |straps, bytes: &[u8]| match straps {
            Straps::Download => items(bytes).last().is_some_and(|line| line.contains("wait uart")),
            Straps::Run => items(bytes).len() >= BOOT_LINES,
        };
        self.listen(Instant::now() + LIMIT, |bytes| lines(straps, bytes));
        let mut heard = items(&std::mem::take(&mut self.bytes));
        heard.truncate(BOOT_LINES);
        Entry { name: "a reset".into(), sent: String::new(), heard, then: Then::Answers }
    }

    fn step(&mut self, step: &Step, expected: Option<&Entry>) -> Entry {
        self.line.send(&step.bytes);
        if step.after == After::Restart {
            let waits = |bytes: &[u8]| items(bytes).last().is_some_and(|line| line.contains("wait uart"));
            self.listen(Instant::now() + LIMIT, waits);
        }
        let then = match expected {
            Some(Entry { then: Then::Silent, heard, .. }) => self.hush(heard),
            Some(Entry { then: Then::Swallows(count), .. }) => {
                self.call(|call| if call < *count { SILENCE } else { LIMIT })
            }
            Some(Entry { then: Then::Answers, .. }) => self.call(|_| LIMIT),
            None => self.call(|_| PATIENCE),
        };
        let heard = items(&std::mem::take(&mut self.bytes));
        Entry { name: step.name.into(), sent: sent(&step.bytes), heard, then }
    }

    /// Calls until a call is answered, waiting so long for each.
    fn call(&mut self, patience: impl Fn(usize) -> Duration) -> Then {
        let mut calls = Vec::new();
        for call in 0..CALLS_MAX {
            calls.push(self.send_call());
            self.listen(Instant::now() + patience(call), |bytes| answered(bytes, &calls).is_some());
            if let Some(which) = answered(&self.bytes, &calls) {
                self.bytes = without_calls(&self.bytes, &calls);
                return if which == 0 { Then::Answers } else { Then::Swallows(which) };
            }
        }
        Then::Silent
    }

    /// Waits for what is on record, calls as often as one may, and listens whether there is an answer.
    fn hush(&mut self, expected: &[String]) -> Then {
        self.listen(Instant::now() + LIMIT, |bytes| items(bytes) == expected);
        let calls: Vec<u32> = (0..CALLS_MAX).map(|_| self.send_call()).collect();
        self.listen(Instant::now() + SILENCE, |bytes| answered(bytes, &calls).is_some());
        if answered(&self.bytes, &calls).is_some() { Then::Answers } else { Then::Silent }
    }

    fn send_call(&mut self) -> u32 {
        let value = CALL + self.calls;
        self.calls += 1;
        self.line.send(&frame(&request(SYNC, &value.to_le_bytes())));
        value
    }

    /// Listens until `enough` has come, or until `deadline`.
    fn listen(&mut self, deadline: Instant, enough: impl Fn(&[u8]) -> bool) {
        while !enough(&self.bytes)
            && let Some(bytes) = self.line.receive(deadline)
        {
            self.bytes.extend(bytes);
        }
    }
}

/// Which of `calls` has been answered as often as a SYNC is, the first of them.
fn answered(bytes: &[u8], calls: &[u32]) -> Option<usize> {
    let pieces = pieces(bytes);
    calls.iter().position(|call| pieces.iter().filter(|piece| piece.answers(*call)).count() == SYNC_ANSWERS)
}

fn without_calls(bytes: &[u8], calls: &[u32]) -> Vec<u8> {
    let ours = |piece: &Piece<'_>| calls.iter().any(|call| piece.answers(*call));
    pieces(bytes).into_iter().filter(|piece| !ours(piece)).flat_map(|piece| piece.bytes().to_vec()).collect()
}

/// What comes on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'a> {
    /// A frame, with both its ENDs.
    Frame(&'a [u8]),
    /// What is outside of frames.
    Text(&'a [u8]),
}

impl Piece<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Frame(bytes) | Self::Text(bytes) => bytes,
        }
    }

    /// Whether it is a success of the SYNC with this value.
    fn answers(&self, call: u32) -> bool {
        let Self::Frame(bytes) = self else { return false };
        bytes.get(2) == Some(&SYNC) && bytes.get(5..9) == Some(&call.to_le_bytes()) && bytes.get(9) == Some(&0)
    }
}

fn pieces(bytes: &[u8]) -> Vec<Piece<'_>> {
    let (mut pieces, mut rest) = (Vec::new(), bytes);
    while let Some(begin) = rest.iter().position(|byte| *byte == END) {
        let Some(length) = rest[begin + 1..].iter().position(|byte| *byte == END) else { break };
        let (text, behind) = rest.split_at(begin);
        let (frame, behind) = behind.split_at(length + 2);
        pieces.extend((!text.is_empty()).then_some(Piece::Text(text)));
        pieces.push(Piece::Frame(frame));
        rest = behind;
    }
    pieces.extend((!rest.is_empty()).then_some(Piece::Text(rest)));
    pieces
}

/// What was heard, in words; equal answers in a row are counted, and of the ROM's last words only the first are told.
fn items(bytes: &[u8]) -> Vec<String> {
    let mut items: Vec<(String, usize)> = Vec::new();
    let mut add = |item: String| match items.last_mut() {
        Some((last, count)) if *last == item && item.starts_with("answer") => *count += 1,
        _ => items.push((item, 1)),
    };
    for piece in pieces(bytes) {
        match piece {
            Piece::Frame(frame) => add(told(frame)),
            Piece::Text(text) => lines(text).for_each(&mut add),
        }
    }
    let counted = |(item, count)| if count == 1 { item } else { format!("{item}, {count} times") };
    items.into_iter().map(counted).collect()
}

/// Whole lines of text, up to the ROM's last words: behind a panic come registers and stack, and behind the end of user
/// code whatever stands where a register points that nobody has set. That is not compared.
fn lines(text: &[u8]) -> impl Iterator<Item = String> {
    let text = String::from_utf8_lossy(text).into_owned();
    let (text, _) = text.rsplit_once("\r\n").unwrap_or(("", ""));
    let mut lines: Vec<String> = text.split("\r\n").filter(|line| !line.is_empty()).map(ToOwned::to_owned).collect();
    let is_last = |line: &String| LAST_WORDS.iter().any(|words| line.starts_with(words));
    let last = lines.iter().position(is_last);
    lines.truncate(last.map_or(lines.len(), |last| last + 1));
    lines.into_iter().map(|line| format!("text {line}"))
}

/// A frame in words.
fn told(frame: &[u8]) -> String {
    let packet = unescaped(&frame[1..frame.len() - 1]);
    match &packet[..] {
        [] => "an empty frame".to_owned(),
        [1, command, low, high, a, b, c, d, data @ ..]
            if usize::from(u16::from_le_bytes([*low, *high])) == data.len() =>
        {
            let value = u32::from_le_bytes([*a, *b, *c, *d]);
            format!("answer {command:02x} {value:08x} {}", hex::encode(data))
        }
        other => format!("frame {}", hex::encode(other)),
    }
}

fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let (mut packet, mut escaped) = (Vec::new(), false);
    for byte in bytes {
        match (escaped, byte) {
            (false, 0xdb) => escaped = true,
            (false, plain) => packet.push(*plain),
            (true, code) => {
                packet.push(if *code == 0xdc { END } else { 0xdb });
                escaped = false;
            }
        }
    }
    packet
}
