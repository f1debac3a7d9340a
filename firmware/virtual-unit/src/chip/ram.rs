//! Uploads to RAM, and the question whether they are a flasher stub. Knows addresses, and runs no code.

use super::request::Begin;

/// Segments that an upload may have; a stub has two, or three.
const SEGMENTS_MAX: usize = 16;
/// A flasher stub has a few kilobytes of code: espflash's and esptool's have 5 and 8.
const STUB_BYTES_MIN: u32 = 2048;

/// The segments that have been announced since the reset.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ram {
    segments: Vec<Segment>,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    start: u32,
    size: u32,
    received: u32,
}

impl Ram {
    /// MEM_BEGIN.
    pub(crate) fn begin(&mut self, begin: Begin) {
        if self.segments.len() == SEGMENTS_MAX {
            self.segments.remove(0);
        }
        self.segments.push(Segment { start: begin.offset, size: begin.size, received: 0 });
    }

    /// MEM_DATA; returns whether there was a begin.
    pub(crate) fn data(&mut self, bytes: &[u8]) -> bool {
        let Some(segment) = self.segments.last_mut() else { return false };
        segment.received = segment.received.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        true
    }

    /// Whether a jump to `entry` starts a flasher stub: `entry` lies in a complete upload that has the size of one.
    pub(crate) fn holds_stub(&self, entry: u32) -> bool {
        self.segments.iter().any(|segment| {
            let inside = (segment.start..segment.start.saturating_add(segment.size)).contains(&entry);
            inside && segment.size >= STUB_BYTES_MIN && segment.received >= segment.size
        })
    }
}
