//! A content that is the same for every unit but for one hole and its end: what is the same is compressed and framed
//! once. Knows no image format.

use std::ops::Range;
use std::sync::Arc;

use firstpass_domain::Sha256Digest;
use md5::{Digest, Md5};

use super::PreparedImage;
use super::piece::{End, Piece};

/// A content with a hole, ready to be filled for each unit.
pub(crate) struct Template {
    content: Arc<[u8]>,
    hole: Range<usize>,
    /// Where the part begins that follows from what is in the hole.
    end_at: usize,
    head: Piece,
    middle: Piece,
    head_md5: Md5,
}

impl Template {
    /// Prepares `content`. What stands in the hole is given at each filling, as is everything from `end_at`.
    ///
    /// # Panics
    /// When the hole is longer than a block holds, or hole and end overlap or lie outside.
    pub(crate) fn new(content: Arc<[u8]>, hole: Range<usize>, end_at: usize) -> Self {
        assert!(hole.len() <= HOLE_LEN_MAX, "the hole fits one block");
        let head = Piece::first(&content[..hole.start], End::More);
        let sequence = head.blocks().len() + 1;
        // The sum that goes into the stream is made at its end only.
        let middle = Piece::after(&content[hole.end..end_at], sequence, head.sum(), End::More);
        let head_md5 = Md5::new_with_prefix(&content[..hole.start]);
        Self { content, hole, end_at, head, middle, head_md5 }
    }

    /// The content with `value` in the hole and `end` at the end, whose SHA-256 is `sha256`.
    pub(crate) fn fill(&self, value: &[u8], end: &[u8], sha256: Sha256Digest) -> PreparedImage {
        assert_eq!(value.len(), self.hole.len(), "the value fills the hole");
        let hole = Piece::after(value, self.head.blocks().len(), self.head.sum(), End::More);
        assert_eq!(hole.blocks().len(), 1, "the hole fits one block");
        let before = self.head.sum().then(hole.sum()).then(self.middle.sum());
        let len = self.end_at + end.len();
        let mut last_words = end.to_vec();
        last_words.resize(end.len() + (padded_len(len) - len), 0xff);
        let sequence = self.head.blocks().len() + 1 + self.middle.blocks().len();
        let last = Piece::after(&last_words, sequence, before, End::Last);
        let pieces = [&self.head, &hole, &self.middle, &last];
        PreparedImage {
            len: u32::try_from(len).expect("flash content is shorter than 4 GiB"),
            sha256,
            md5: self.md5(value, end),
            compressed_len: pieces.iter().map(|piece| piece.compressed_len()).sum(),
            blocks: pieces.iter().flat_map(|piece| piece.blocks().iter().cloned()).collect(),
            personal: true,
        }
    }

    /// What stands between the hole and the end.
    pub(crate) fn middle(&self) -> &[u8] {
        &self.content[self.hole.end..self.end_at]
    }

    fn md5(&self, value: &[u8], end: &[u8]) -> [u8; 16] {
        let hash = self.head_md5.clone().chain_update(value);
        hash.chain_update(self.middle()).chain_update(end).finalize().into()
    }
}

/// Longest hole: compressed, it always fits one block.
pub(crate) const HOLE_LEN_MAX: usize = 4096;

fn padded_len(len: usize) -> usize {
    len.next_multiple_of(super::WORD)
}
