//! What an order still wants, by its numbers and what the record counts. Pure.

use firstpass_store::BatchYield;

/// What an order still wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Units without an end.
    Endless,
    /// This many more passes.
    Passes(u32),
    /// Nothing: all that were ordered have passed.
    Filled { quantity: u32 },
    /// A person: all places are taken, and units in quarantine have some of them.
    Held { held: u32, places: u32 },
}

/// A unit in quarantine keeps its place, and counts towards the quantity only when it is released: until then nobody
/// knows whether it will be delivered. Without a quota there are as many places as units were ordered.
pub(super) fn wish(quantity: u32, quota: Option<u32>, counts: &BatchYield) -> Wish {
    let BatchYield { passed, held_places: held, .. } = *counts;
    let (places, wanted) = (quota.unwrap_or(quantity), quantity.saturating_sub(passed));
    let free = places.saturating_sub(passed.saturating_add(held));
    match (wanted, held, free) {
        (0, _, _) => Wish::Filled { quantity },
        // A place beyond the quota is refused by the record, with the reason.
        (_, 0, _) => Wish::Passes(wanted),
        (_, _, 0) => Wish::Held { held, places },
        (_, _, _) => Wish::Passes(wanted.min(free)),
    }
}

impl Wish {
    /// What a person is told to do.
    pub(super) fn needs_person(self) -> Option<String> {
        match self {
            Self::Held { held, places } => Some(format!(
                "{held} of the batch's {places} places are kept for units in quarantine: release or scrap them, or raise \
                 the quantity with `station batch change`"
            )),
            Self::Endless | Self::Passes(_) | Self::Filled { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_wants_what_was_ordered_and_waits_for_units_in_quarantine_when_it_is_full() {
        let cases = [
            ((2, None, 0, 0), Wish::Passes(2)),
            ((2, None, 2, 0), Wish::Filled { quantity: 2 }),
            ((2, None, 2, 1), Wish::Filled { quantity: 2 }),
            ((2, None, 0, 1), Wish::Passes(1)),
            ((2, None, 1, 1), Wish::Held { held: 1, places: 2 }),
            ((3, None, 1, 1), Wish::Passes(1)),
            ((2, Some(3), 1, 1), Wish::Passes(1)),
            ((2, Some(3), 1, 2), Wish::Held { held: 2, places: 3 }),
            ((9, Some(1), 1, 0), Wish::Passes(8)),
            ((1, None, 5, 0), Wish::Filled { quantity: 1 }),
        ];
        for ((quantity, quota, passed, held_places), expected) in cases {
            let counts = BatchYield { passed, held_places, ..BatchYield::default() };
            assert_eq!(wish(quantity, quota, &counts), expected, "{quantity} {quota:?} {counts:?}");
        }
    }
}
