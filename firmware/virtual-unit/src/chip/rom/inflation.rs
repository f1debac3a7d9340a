//! The ROM's inflater: a zlib stream comes in blocks, and goes to flash a window at a time. Knows no packet.
//!
//! The ROM has the inflater of miniz from before it refused to go on without input: where a last block ends too early,
//! it takes zeros for what is missing.

use std::fmt;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_PARSE_ZLIB_HEADER};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

const WINDOW: usize = 0x8000;
/// Zeros that are taken for missing input; they end a stream or fill the window before these are used up.
const ZEROS: [u8; 0x1000] = [0; 0x1000];

/// What becomes of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It has been taken in.
    Taken,
    /// The stream is broken: miniz's status, which is below zero.
    Broken(i8),
    /// The stream is over and the block is not: the ROM asks the inflater for ever.
    Stuck,
}

/// The state of the inflater.
pub(super) struct Inflation {
    state: Box<DecompressorOxide>,
    window: Vec<u8>,
    at: usize,
}

impl Inflation {
    pub(super) fn new() -> Self {
        Self { state: Box::default(), window: vec![0; WINDOW], at: 0 }
    }

    /// Begins a stream. What stands in the window stays.
    pub(super) fn begin(&mut self) {
        *self.state = DecompressorOxide::new();
        self.at = 0;
    }

    /// Takes in `input`, and hands out each window that is full.
    pub(super) fn feed(&mut self, mut input: &[u8], last: bool, mut write: impl FnMut(&[u8])) -> Step {
        loop {
            let (status, taken, made) = self.inflate(input);
            if status < 0 {
                return Step::Broken(status);
            }
            input = &input[taken..];
            let is_full = self.at == WINDOW;
            if is_full {
                write(&self.window);
                self.at = 0;
            }
            if input.is_empty() {
                return if last && !is_full { self.feed_zeros(status, write) } else { Step::Taken };
            }
            if taken == 0 && made == 0 {
                return Step::Stuck;
            }
        }
    }

    fn feed_zeros(&mut self, status: i8, mut write: impl FnMut(&[u8])) -> Step {
        if status != TINFLStatus::NeedsMoreInput as i8 {
            return Step::Taken;
        }
        let (status, _, _) = self.inflate(&ZEROS);
        if self.at == WINDOW {
            write(&self.window);
            self.at = 0;
        }
        if status < 0 { Step::Broken(status) } else { Step::Taken }
    }

    fn inflate(&mut self, input: &[u8]) -> (i8, usize, usize) {
        let flags = TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_HAS_MORE_INPUT;
        let (status, taken, made) = decompress(&mut self.state, input, &mut self.window, self.at, flags);
        self.at += made;
        (status as i8, taken, made)
    }

    /// What has not been handed out yet, in whole words.
    pub(super) fn rest(&self) -> &[u8] {
        &self.window[..self.at.next_multiple_of(4)]
    }
}

impl fmt::Debug for Inflation {
    /// Without the window: it may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflation").field("at", &self.at).finish_non_exhaustive()
    }
}
