//! An upload to flash through the stub, in progress: blocks come in, sectors are erased, bits are written. Knows no packet.

use flate2::{Decompress, FlushDecompress, Status};

use super::reply::Failure;
use super::request::{Begin, Medium};
use crate::flash::{Flash, SECTOR};

/// Bytes that are inflated at once.
const INFLATE_STEP: usize = 0x8000;

/// The state between a begin and its end.
#[derive(Debug)]
pub(crate) struct Upload {
    cursor: u32,
    end: u32,
    erased_to: u32,
    inflate: Option<Decompress>,
}

impl Upload {
    /// Begins an upload. Each sector is erased when it is come to.
    pub(crate) fn begin(medium: Medium, begin: Begin, flash: &Flash) -> Result<Self, Failure> {
        let end = begin.offset.checked_add(begin.size).filter(|&end| end <= flash.size().bytes());
        let end = end.ok_or(Failure::FlashWrite)?;
        let start = begin.offset / SECTOR * SECTOR;
        let inflate = (medium == Medium::Deflated).then(|| Decompress::new(true));
        Ok(Self { cursor: begin.offset, end, erased_to: start, inflate })
    }

    /// Writes a block, which may be padded beyond the announced size. Returns how many bytes of flash it wrote.
    pub(crate) fn data(&mut self, block: &[u8], flash: &Flash) -> Result<u32, Failure> {
        match self.inflate.take() {
            None => self.store(flash, &block[..block.len().min(self.left())]),
            Some(mut stream) => {
                let written = self.inflate(&mut stream, block, flash);
                self.inflate = Some(stream);
                written
            }
        }
    }

    fn left(&self) -> usize {
        (self.end - self.cursor) as usize
    }

    fn inflate(&mut self, stream: &mut Decompress, mut input: &[u8], flash: &Flash) -> Result<u32, Failure> {
        let mut output = Vec::with_capacity(INFLATE_STEP);
        let mut written = 0;
        loop {
            let before = stream.total_in();
            let status = stream.decompress_vec(input, &mut output, FlushDecompress::None);
            let status = status.map_err(|_| Failure::Inflate)?;
            let consumed = (stream.total_in() - before) as usize;
            input = &input[consumed..];
            let stuck = consumed == 0 && output.is_empty();
            if output.len() > self.left() {
                return Err(Failure::TooMuch);
            }
            written += self.store(flash, &output)?;
            output.clear();
            match status {
                Status::StreamEnd if self.left() > 0 => return Err(Failure::TooLittle),
                Status::StreamEnd => return Ok(written),
                Status::Ok | Status::BufError if stuck => return Ok(written),
                Status::Ok | Status::BufError => {}
            }
        }
    }

    fn store(&mut self, flash: &Flash, bytes: &[u8]) -> Result<u32, Failure> {
        let length = u32::try_from(bytes.len()).expect("a block is short");
        self.erase_to(flash, self.cursor + length)?;
        flash.write(self.cursor, bytes).map_err(Failure::write)?;
        self.cursor += length;
        Ok(length)
    }

    fn erase_to(&mut self, flash: &Flash, end: u32) -> Result<(), Failure> {
        let end = end.next_multiple_of(SECTOR);
        if end > self.erased_to {
            flash.erase(self.erased_to, end - self.erased_to).map_err(Failure::write)?;
            self.erased_to = end;
        }
        Ok(())
    }
}
