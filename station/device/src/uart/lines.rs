//! Cuts a stream of bytes into lines of bounded length.

/// Longest line that is looked at, in bytes; the rest of a longer one is passed over (the file has all of it).
pub(super) const LINE_LEN_MAX: usize = 1024;

/// The line that is under way.
#[derive(Debug, Default)]
pub(super) struct Lines {
    line: Vec<u8>,
}

impl Lines {
    /// Calls `take` with every line that `bytes` complete, without line end, broken UTF-8 replaced. A NUL is a break on
    /// the line, such as a reset makes, and belongs to no text.
    pub(super) fn push(&mut self, bytes: &[u8], mut take: impl FnMut(&str)) {
        for &byte in bytes {
            match byte {
                b'\n' => {
                    take(String::from_utf8_lossy(&self.line).trim_end_matches('\r'));
                    self.line.clear();
                }
                0 => {}
                _ if self.line.len() < LINE_LEN_MAX => self.line.push(byte),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(pieces: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut taken) = (Lines::default(), Vec::new());
        pieces.iter().for_each(|piece| lines.push(piece, |line| taken.push(line.to_owned())));
        taken
    }

    #[test]
    fn a_line_may_come_in_pieces_and_with_broken_text() {
        assert_eq!(
            lines_of(&[b"rst:0x1 (POW", b"ERON)\r\nI (3)", b" a\xff: b\r\n"]),
            ["rst:0x1 (POWERON)", "I (3) a\u{fffd}: b"]
        );
    }

    #[test]
    fn a_break_on_the_line_does_not_spoil_what_follows() {
        assert_eq!(lines_of(&[b"\0", b"\nI (9) a: b\r\n\0rst:0x1\n"]), ["", "I (9) a: b", "rst:0x1"]);
    }

    #[test]
    fn an_endless_line_is_cut_and_the_next_one_is_whole() {
        let endless = vec![b'x'; 5 * LINE_LEN_MAX];
        let lines = lines_of(&[&endless, b"\r\nnext\r\n"]);
        assert_eq!(lines[0].len(), LINE_LEN_MAX);
        assert_eq!(lines[1], "next");
    }
}
