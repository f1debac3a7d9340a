//! Counts what arrives and makes no readable line: noise, which a log of lines would tell as silence. Knows no stream.

use firstpass_domain::evidence::UartFact;

/// So many bytes that are no text make noise, when no readable line stands among them. A reset's glitch makes a few.
const NOISE_MIN: u64 = 128;
/// Shortest line that is taken for text: noise makes shorter ones by chance.
const LINE_LEN_MIN: usize = 8;

/// What has arrived since the last readable line.
#[derive(Debug, Default)]
pub(super) struct Noise {
    bytes: u64,
    unreadable: u64,
    told: bool,
}

impl Noise {
    /// To be called with what arrives, before its lines.
    pub(super) fn bytes_came(&mut self, bytes: &[u8]) {
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(count(bytes.len()));
        self.unreadable = self.unreadable.saturating_add(count(bytes.iter().filter(|byte| !is_text(**byte)).count()));
    }

    /// To be called with every line that is complete.
    pub(super) fn line(&mut self, line: &str) {
        if is_readable(line) {
            (self.bytes, self.unreadable) = (0, 0);
        }
    }

    /// Noise is told once.
    pub(super) fn tell(&mut self) -> Option<UartFact> {
        let is_noise = self.unreadable >= NOISE_MIN && !self.told;
        self.told |= is_noise;
        is_noise.then_some(UartFact::Noise { bytes: self.bytes })
    }
}

const fn is_text(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n' | 0x1b)
}

/// Text of any script, without a byte that is none.
fn is_readable(line: &str) -> bool {
    let is_of_text =
        |c: char| c != char::REPLACEMENT_CHARACTER && (!c.is_control() || matches!(c, '\t' | '\r' | '\u{1b}'));
    line.chars().count() >= LINE_LEN_MIN && line.chars().all(is_of_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pieces: &[&[u8]]) -> Option<UartFact> {
        let (mut noise, mut lines) = (Noise::default(), super::super::lines::Lines::default());
        for piece in pieces {
            noise.bytes_came(piece);
            lines.push(piece, |line| noise.line(line));
        }
        noise.tell()
    }

    #[test]
    fn bytes_that_make_no_readable_line_are_noise_however_they_are_cut() {
        let noise = [0xf3, b'x', 0x80, b'\n'].repeat(100);
        assert_eq!(told(&[&noise]), Some(UartFact::Noise { bytes: 400 }));
        assert_eq!(told(&noise.chunks(1).collect::<Vec<_>>()), Some(UartFact::Noise { bytes: 400 }));
    }

    #[test]
    fn a_glitch_text_of_any_script_and_noise_before_it_are_none() {
        assert_eq!(told(&[&[0xff; 40], b"\r\n"]), None);
        assert_eq!(told(&["I (9) app: 网络已连接，正在等待服务器\n".repeat(50).as_bytes()]), None);
        assert_eq!(told(&[&[0xff; 400], b"\nESP-ROM:esp32c3-api1-20210207\r\n"]), None);
    }

    #[test]
    fn noise_is_told_once() {
        let mut noise = Noise::default();
        noise.bytes_came(&[0xff; 400]);
        assert!(noise.tell().is_some());
        noise.bytes_came(&[0xff; 400]);
        assert_eq!(noise.tell(), None);
    }
}
