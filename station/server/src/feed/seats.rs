//! The places of those who listen: so many for all, fewer for each, and some that programs cannot take from people.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use firstpass_domain::Sha256Digest;
use firstpass_store::UserId;

use crate::access::{Principal, Via};

/// How many listen at a time: pages and other systems together.
pub(crate) const LISTENERS_MAX: usize = 256;
/// How many of them one person, or one API token, may be.
pub(crate) const LISTENERS_OF_ONE_MAX: usize = 16;
/// Places that no API token gets, so that programs leave room for the pages of people.
const KEPT_FOR_PEOPLE: usize = 64;

/// Whose a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Sitter {
    Person(UserId),
    Token(Sha256Digest),
}

impl From<&Principal> for Sitter {
    fn from(person: &Principal) -> Self {
        match &person.via {
            Via::Session { .. } => Self::Person(person.user),
            Via::Token { hash, .. } => Self::Token(*hash),
        }
    }
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoSeat {
    /// All are taken.
    Full,
    /// Whoever asks has as many as one may have.
    OfOne,
}

impl NoSeat {
    /// Why, in a sentence.
    pub(crate) fn why(self) -> String {
        match self {
            Self::Full => "As many pages and systems listen already as may at a time.".to_owned(),
            Self::OfOne => format!("You, or your token, listen {LISTENERS_OF_ONE_MAX} times already."),
        }
    }
}

/// All places.
#[derive(Debug, Default)]
pub(super) struct Seats(Mutex<HashMap<Sitter, usize>>);

/// A listener's place; whoever listens holds one until the end.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Arc<Seats>,
    sitter: Sitter,
}

impl Seats {
    pub(super) fn take(self: &Arc<Self>, person: &Principal) -> Result<Seat, NoSeat> {
        let sitter = Sitter::from(person);
        let mut taken = self.taken();
        let room = match sitter {
            Sitter::Person(_) => sum(&taken) < LISTENERS_MAX,
            Sitter::Token(_) => of_tokens(&taken) < LISTENERS_MAX - KEPT_FOR_PEOPLE && sum(&taken) < LISTENERS_MAX,
        };
        if taken.get(&sitter).is_some_and(|own| *own >= LISTENERS_OF_ONE_MAX) {
            return Err(NoSeat::OfOne);
        }
        if !room {
            return Err(NoSeat::Full);
        }
        *taken.entry(sitter).or_default() += 1;
        Ok(Seat { seats: Arc::clone(self), sitter })
    }

    /// How many are taken.
    pub(super) fn count(&self) -> usize {
        sum(&self.taken())
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Sitter, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sum(taken: &HashMap<Sitter, usize>) -> usize {
    taken.values().sum()
}

fn of_tokens(taken: &HashMap<Sitter, usize>) -> usize {
    taken.iter().filter(|(sitter, _)| matches!(sitter, Sitter::Token(_))).map(|(_, count)| count).sum()
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        if let Some(own) = taken.get_mut(&self.sitter) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.sitter);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use firstpass_domain::{Language, Role, Timestamp};
    use uuid::Uuid;

    use super::*;

    fn principal(n: u128, via: Via) -> Principal {
        let (login, name) = (n.to_string(), n.to_string());
        Principal {
            user: UserId(Uuid::from_u128(n)),
            login,
            name,
            role: Role::Operator,
            language: Language::English,
            via,
        }
    }

    fn person(n: u128) -> Principal {
        let token = Sha256Digest::of(&n.to_be_bytes());
        principal(n, Via::Session { csrf: String::new(), badge: false, token })
    }

    fn token(n: u128) -> Principal {
        let (hash, expires) = (Sha256Digest::of(&n.to_be_bytes()), Timestamp::from_micros(0));
        principal(1, Via::Token { name: n.to_string(), actions: Vec::new(), hash, expires })
    }

    /// Takes all that can be had.
    fn fill(seats: &Arc<Seats>, who: &Principal) -> (Vec<Seat>, NoSeat) {
        let mut taken = Vec::new();
        loop {
            match seats.take(who) {
                Ok(seat) => taken.push(seat),
                Err(no) => return (taken, no),
            }
        }
    }

    #[test]
    fn one_takes_so_many_and_gives_them_back() {
        let seats = Arc::new(Seats::default());
        for who in [person(1), token(1)] {
            let (taken, no) = fill(&seats, &who);
            assert_eq!((taken.len(), no), (LISTENERS_OF_ONE_MAX, NoSeat::OfOne));
            assert!(seats.take(&person(2)).is_ok() && seats.take(&token(2)).is_ok());
        }
        assert_eq!((seats.count(), seats.taken().len()), (0, 0));
    }

    #[test]
    fn tokens_leave_places_to_people_and_all_together_have_an_end() {
        let seats = Arc::new(Seats::default());
        let tokens: Vec<_> = (0..100).map(|n| fill(&seats, &token(n)).0).collect();
        assert_eq!(seats.count(), LISTENERS_MAX - KEPT_FOR_PEOPLE);
        assert_eq!(seats.take(&token(100)).unwrap_err(), NoSeat::Full);
        let people: Vec<_> = (0..100).map(|n| fill(&seats, &person(n)).0).collect();
        assert_eq!((seats.count(), seats.take(&person(100)).unwrap_err()), (LISTENERS_MAX, NoSeat::Full));
        drop(people);
        assert_eq!(seats.take(&token(100)).unwrap_err(), NoSeat::Full);
        drop(tokens);
        assert!(seats.take(&token(100)).is_ok());
    }
}
