//! How much of an image was fetched. Knows no connection and no clock.

use std::{ops::Range, time::Duration};

use firstpass_domain::Timestamp;

/// Pieces with gaps between them that are remembered. Units fetch from the front, so that there is one piece; a client
/// that makes more holes than this is not seen to have fetched the whole.
const PIECES_MAX: usize = 64;

/// Times that one offer's image is told to have been fetched.
const TOLD_MAX: u32 = 8;

/// What was fetched of one image.
#[derive(Debug)]
pub(super) struct Fetched {
    len: u64,
    began: Option<Timestamp>,
    bytes: u64,
    /// In order, with gaps between them.
    pieces: Vec<Range<u64>>,
    told: u32,
}

/// An image was fetched whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Whole {
    /// Over all ranges.
    pub(super) bytes: u64,
    /// From the first request to the last byte.
    pub(super) duration: Duration,
}

impl Fetched {
    pub(super) const fn new(len: u64) -> Self {
        Self { len, began: None, bytes: 0, pieces: Vec::new(), told: 0 }
    }

    /// A request came.
    pub(super) fn asked(&mut self, now: Timestamp) {
        self.began.get_or_insert(now);
    }

    /// Bytes went out. When nothing is missing any more, says so and begins anew.
    pub(super) fn sent(&mut self, bytes: Range<u64>, now: Timestamp) -> Option<Whole> {
        let began = *self.began.get_or_insert(now);
        self.bytes = self.bytes.saturating_add(bytes.end.saturating_sub(bytes.start));
        self.cover(bytes);
        if !matches!(self.pieces.as_slice(), [piece] if *piece == (0..self.len)) {
            return None;
        }
        let whole = Whole { bytes: self.bytes, duration: now.since(began) };
        let told = self.told + 1;
        *self = Self { told, ..Self::new(self.len) };
        (told <= TOLD_MAX).then_some(whole)
    }

    fn cover(&mut self, new: Range<u64>) {
        let touches = |piece: &Range<u64>| piece.start <= new.end && new.start <= piece.end;
        let merged = self.pieces.iter().filter(|piece| touches(piece));
        let merged = merged.fold(new.clone(), |all, piece| all.start.min(piece.start)..all.end.max(piece.end));
        self.pieces.retain(|piece| !touches(piece));
        if self.pieces.len() < PIECES_MAX {
            let place = self.pieces.partition_point(|piece| piece.start < merged.start);
            self.pieces.insert(place, merged);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn the_last_missing_byte_makes_it_whole_in_any_order() {
        let mut fetched = Fetched::new(10);
        fetched.asked(at(1));
        assert_eq!(fetched.sent(6..10, at(2)), None);
        assert_eq!(fetched.sent(0..4, at(3)), None);
        assert_eq!(fetched.sent(0..5, at(4)), None);
        let whole = Whole { bytes: 14, duration: Duration::from_micros(8) };
        assert_eq!(fetched.sent(5..6, at(9)), Some(whole));
    }

    #[test]
    fn a_second_download_counts_by_itself_and_only_so_many_are_told() {
        let mut fetched = Fetched::new(2);
        let told = (0..100).filter_map(|_| fetched.sent(0..2, at(5)));
        assert_eq!(told.map(|whole| whole.bytes).collect::<Vec<_>>(), [2; TOLD_MAX as usize]);
    }

    #[test]
    fn holes_do_not_make_it_grow() {
        let mut fetched = Fetched::new(10_000);
        for start in (0..10_000).step_by(2) {
            assert_eq!(fetched.sent(start..start + 1, at(1)), None);
        }
        assert!(fetched.pieces.len() <= PIECES_MAX);
    }
}
