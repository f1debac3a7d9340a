//! The RAM of the chip: what has been stored there, and the question whether it is a flasher stub. Runs no code.

/// SRAM as the data bus sees it, and as the instruction bus does.
const SRAM: [u32; 2] = [0x3fc8_0000, 0x4038_0000];
const SRAM_LEN: u32 = 0x6_0000;
/// Segments that an upload may have; a stub has two, or three.
const SEGMENTS_MAX: usize = 16;
/// A flasher stub has a few kilobytes of code: espflash's and esptool's have 5 and 8.
const STUB_BYTES_MIN: u32 = 2048;

/// What stands in RAM, and the segments that have been announced since the reset.
#[derive(Clone, Debug)]
pub(crate) struct Ram {
    bytes: Vec<u8>,
    segments: Vec<Segment>,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    start: u32,
    size: u32,
    received: u32,
}

impl Ram {
    /// RAM after a reset.
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0; SRAM_LEN as usize], segments: Vec::new() }
    }

    /// The begin of an upload.
    pub(crate) fn begin(&mut self, start: u32, size: u32) {
        if self.segments.len() == SEGMENTS_MAX {
            self.segments.remove(0);
        }
        self.segments.push(Segment { start, size, received: 0 });
    }

    /// Where the next block goes when blocks follow each other; `None` without a begin.
    pub(crate) fn cursor(&self) -> Option<u32> {
        self.segments.last().map(|segment| segment.start.wrapping_add(segment.received))
    }

    /// A block of an upload.
    pub(crate) fn data(&mut self, address: u32, bytes: &[u8]) {
        if let Some(segment) = self.segments.last_mut() {
            segment.received = segment.received.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        }
        self.store(address, bytes);
    }

    /// Stores as much of `bytes` as there is RAM for.
    pub(crate) fn store(&mut self, address: u32, bytes: &[u8]) {
        let Some(at) = offset(address) else { return };
        self.bytes[at..].iter_mut().zip(bytes).for_each(|(cell, byte)| *cell = *byte);
    }

    /// The word at `address`; `None` when that is not in RAM.
    pub(crate) fn read(&self, address: u32) -> Option<u32> {
        let at = offset(address)?;
        let bytes = self.bytes.get(at..at + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    }

    /// Whether a jump to `entry` starts a flasher stub: `entry` lies in a complete upload that has the size of one.
    pub(crate) fn holds_stub(&self, entry: u32) -> bool {
        self.segments.iter().any(|segment| {
            let inside = (segment.start..segment.start.saturating_add(segment.size)).contains(&entry);
            inside && segment.size >= STUB_BYTES_MIN && segment.received >= segment.size
        })
    }
}

fn offset(address: u32) -> Option<usize> {
    let within = SRAM.map(|base| address.wrapping_sub(base)).into_iter().find(|offset| *offset < SRAM_LEN);
    within.map(|offset| offset as usize)
}
