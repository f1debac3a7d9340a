//! Pieces of a compressed content: each is compressed by itself and ends at a byte, so that pieces of different age make
//! one valid stream. Knows no image.
//!
//! Source: RFC 1950 (the stream's two bytes in front and its Adler-32 behind), RFC 1951 (a full flush ends a piece with an
//! empty stored block and forgets what came before), Espressif, "Serial Protocol", FLASH_DEFL_DATA.

use std::io::Write;
use std::sync::Arc;

use espflash::command::Command;
use flate2::write::DeflateDecoder;
use flate2::{Compress, Compression, FlushCompress, Status};

use crate::link::slip;

/// Compressed bytes in one block; the stub's own block size (espflash, `stub_flash_write_size`).
pub(crate) const BLOCK_LEN: usize = 0x4000;
/// Least length of a last block that follows others: its bytes unpack to something, for a stub that has written all of
/// the content takes no further block.
const LAST_LEN_MIN: usize = 256;
/// CMF and FLG of a zlib stream: deflate, window of 32 KiB, best compression (RFC 1950, section 2.2).
const ZLIB_HEADER: [u8; 2] = [0x78, 0xda];
/// Room that is made for compressed bytes at once.
const OUTPUT_STEP: usize = 0x1_0000;

/// One block as it goes over the wire.
pub(crate) struct Block {
    /// The whole SLIP frame of its `FLASH_DEFL_DATA` command.
    pub(crate) frame: Vec<u8>,
    /// Flash bytes that it unpacks to.
    pub(crate) unpacked: u32,
}

/// What comes after a piece.
#[derive(Clone, Copy)]
pub(super) enum End {
    /// Another piece.
    More,
    /// Nothing: the stream ends here.
    Last,
}

/// A piece of the content, compressed, cut and framed.
pub(super) struct Piece {
    blocks: Vec<Arc<Block>>,
    compressed_len: usize,
    sum: Adler32,
}

impl Piece {
    /// The piece that a stream begins with.
    pub(super) fn first(content: &[u8], end: End) -> Self {
        Self::make(content, 0, Adler32::NOTHING, &ZLIB_HEADER, end)
    }

    /// The piece after `sequence` blocks of others, whose sum is `before`.
    pub(super) fn after(content: &[u8], sequence: usize, before: Adler32, end: End) -> Self {
        Self::make(content, sequence, before, &[], end)
    }

    fn make(content: &[u8], sequence: usize, before: Adler32, header: &[u8], end: End) -> Self {
        let sum = Adler32::of(content);
        let mut stream = header.to_vec();
        compress(content, end, &mut stream);
        if let End::Last = end {
            stream.extend(before.then(sum).value().to_be_bytes());
        }
        let lens = unpacked_lens(&stream, header.len());
        let blocks = cut(&stream).zip(lens).enumerate();
        let blocks = blocks.map(|(index, (data, unpacked))| block(sequence + index, data, unpacked)).collect();
        Self { blocks, compressed_len: stream.len(), sum }
    }

    pub(super) fn blocks(&self) -> &[Arc<Block>] {
        &self.blocks
    }

    pub(super) fn into_blocks(self) -> Vec<Arc<Block>> {
        self.blocks
    }

    pub(super) fn compressed_len(&self) -> usize {
        self.compressed_len
    }

    /// Sum of this piece alone.
    pub(super) fn sum(&self) -> Adler32 {
        self.sum
    }
}

/// Appends the compressed `content` to `stream`, best level. Nothing becomes nothing, unless it ends the stream.
fn compress(content: &[u8], end: End, stream: &mut Vec<u8>) {
    let flush = match end {
        End::More if content.is_empty() => return,
        End::More => FlushCompress::Full,
        End::Last => FlushCompress::Finish,
    };
    let mut deflate = Compress::new(Compression::best(), false);
    loop {
        stream.reserve(OUTPUT_STEP);
        let rest = &content[usize::try_from(deflate.total_in()).expect("the content is in memory")..];
        let status = deflate.compress_vec(rest, stream, flush).expect("a compressor takes every input");
        let took_all = usize::try_from(deflate.total_in()).is_ok_and(|taken| taken == content.len());
        let gave_all = stream.len() < stream.capacity();
        if status == Status::StreamEnd || (took_all && gave_all && matches!(end, End::More)) {
            return;
        }
    }
}

/// Cuts a stream into blocks.
fn cut(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let last = stream.len() % BLOCK_LEN;
    let is_too_short = (1..LAST_LEN_MIN).contains(&last) && stream.len() > BLOCK_LEN;
    let (most, rest) = stream.split_at(if is_too_short { stream.len() - LAST_LEN_MIN } else { stream.len() });
    most.chunks(BLOCK_LEN).chain((!rest.is_empty()).then_some(rest))
}

/// How many bytes each block unpacks to: what the chip has to write while it handles the block.
fn unpacked_lens(stream: &[u8], header_len: usize) -> Vec<u32> {
    let mut decoder = DeflateDecoder::new(Vec::new());
    let mut lens = Vec::new();
    for (index, data) in cut(stream).enumerate() {
        let data = if index == 0 { &data[header_len..] } else { data };
        // The sum behind the end of the stream is none of the decoder's business, and it takes none of it.
        let mut rest = data;
        while let Ok(taken @ 1..) = decoder.write(rest) {
            rest = &rest[taken..];
        }
        decoder.flush().expect("what was compressed here unpacks again");
        lens.push(u32::try_from(decoder.get_ref().len()).expect("the content is shorter than 4 GiB"));
        decoder.get_mut().clear();
    }
    lens
}

fn block(sequence: usize, data: &[u8], unpacked: u32) -> Arc<Block> {
    let sequence = u32::try_from(sequence).expect("the content is shorter than 4 GiB");
    let frame = slip::frame(&Command::FlashDeflData { data, pad_to: 0, pad_byte: 0xff, sequence });
    Arc::new(Block { frame, unpacked })
}

/// The checksum of a zlib stream (RFC 1950, section 9), which can be put together from those of its pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Adler32 {
    a: u32,
    b: u32,
    len: u64,
}

impl Adler32 {
    /// Largest prime below 65536.
    const MODULUS: u32 = 65_521;
    /// Bytes that can be added before a sum overflows (as in zlib, `NMAX`).
    const RUN: usize = 5552;
    /// The sum of nothing.
    pub(super) const NOTHING: Self = Self { a: 1, b: 0, len: 0 };

    /// The sum of `bytes`.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let (mut a, mut b) = (1_u32, 0_u32);
        for run in bytes.chunks(Self::RUN) {
            for byte in run {
                a += u32::from(*byte);
                b += a;
            }
            a %= Self::MODULUS;
            b %= Self::MODULUS;
        }
        Self { a, b, len: bytes.len() as u64 }
    }

    /// The sum of these bytes and then those of `next`: every byte of `next` adds `a - 1` more to `b` than its own sum
    /// counts.
    pub(super) fn then(self, next: Self) -> Self {
        let modulus = u64::from(Self::MODULUS);
        let (a, extra) = (u64::from(self.a), u64::from(self.a) + modulus - 1);
        let b = u64::from(self.b) + u64::from(next.b) + extra % modulus * (next.len % modulus);
        let narrow = |sum: u64| u32::try_from(sum % modulus).expect("it is below the modulus");
        Self { a: narrow(a + u64::from(next.a) + modulus - 1), b: narrow(b), len: self.len + next.len }
    }

    fn value(self) -> u32 {
        self.b << 16 | self.a
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn sums_of_pieces_make_the_sum_of_the_whole(bytes in proptest::collection::vec(0_u8.., 0..9000), cut in 0_usize..9000) {
            let (first, second) = bytes.split_at(cut.min(bytes.len()));
            proptest::prop_assert_eq!(Adler32::of(first).then(Adler32::of(second)), Adler32::of(&bytes));
        }
    }

    #[test]
    fn the_sum_is_that_of_the_standard() {
        assert_eq!(Adler32::of(b"Wikipedia").value(), 0x11e6_0398);
    }

    #[test]
    fn no_last_block_is_too_short_to_unpack_to_anything() {
        for len in [1, LAST_LEN_MIN, BLOCK_LEN, BLOCK_LEN + 1, BLOCK_LEN + LAST_LEN_MIN, 3 * BLOCK_LEN + 4] {
            let stream = vec![7; len];
            let blocks: Vec<&[u8]> = cut(&stream).collect();
            assert_eq!(blocks.concat(), stream);
            assert!(blocks.iter().all(|block| block.len() <= BLOCK_LEN));
            assert!(blocks.last().is_some_and(|last| last.len() >= len.min(LAST_LEN_MIN)), "{len}");
        }
    }
}
