//! Places for connections: so many in all, and so many for each address, so that nobody keeps all others out.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::settings::Limits;

/// Who has how many places.
#[derive(Debug, Clone)]
pub(super) struct Places(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    all_max: usize,
    each_max: usize,
    taken: Mutex<Taken>,
}

/// Only addresses with a place are in it.
#[derive(Debug, Default)]
struct Taken {
    all: usize,
    each: HashMap<IpAddr, usize>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Places,
    address: IpAddr,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// All are taken.
    All,
    /// The address has as many as it may.
    Address,
}

impl Places {
    pub(super) fn new(limits: &Limits) -> Self {
        let (all_max, each_max) = (limits.connections.max(1), limits.connections_per_address.max(1));
        Self(Arc::new(Shared { all_max, each_max, taken: Mutex::default() }))
    }

    /// Takes a place for a connection from there.
    pub(super) fn enter(&self, address: IpAddr) -> Result<Place, Full> {
        // However the other end is written, it is the same one.
        let address = address.to_canonical();
        let mut taken = self.taken();
        if taken.each.get(&address).is_some_and(|count| *count >= self.0.each_max) {
            return Err(Full::Address);
        }
        if taken.all >= self.0.all_max {
            return Err(Full::All);
        }
        taken.all += 1;
        *taken.each.entry(address).or_default() += 1;
        Ok(Place { places: self.clone(), address })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all -= 1;
        let left = taken.each.get(&self.address).map_or(0, |count| count - 1);
        if left == 0 {
            taken.each.remove(&self.address);
        } else {
            taken.each.insert(self.address, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_places_and_all_together_have_so_many() {
        let places = Places::new(&Limits { connections: 3, connections_per_address: 2, ..Limits::default() });
        let [one, two, three] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(|text| text.parse::<IpAddr>().unwrap());
        let mut first = vec![places.enter(one).unwrap(), places.enter("::ffff:10.0.0.1".parse().unwrap()).unwrap()];
        assert_eq!(places.enter(one).unwrap_err(), Full::Address);
        let second = places.enter(two).unwrap();
        assert_eq!(places.enter(three).unwrap_err(), Full::All);
        first.pop();
        assert!(places.enter(one).is_ok());
        drop((first, second));
        assert!(places.taken().each.is_empty() && places.taken().all == 0);
    }
}
