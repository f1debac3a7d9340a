//! Who may use which port. Hardware is used only through a lease; dropping it passes the port on. Knows no hardware.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::ports::{Place, PortName};

/// How long a waiter sleeps before it looks at its token again.
const WAIT_TICK: Duration = Duration::from_millis(200);

/// The ports that are in use in this process. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Leases(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    taken: Mutex<BTreeSet<PathBuf>>,
    /// Where the ports were when they were last opened, by the names that they were leased under.
    places: Mutex<BTreeMap<PathBuf, Place>>,
    passed_on: Condvar,
}

impl Leases {
    /// No port is in use.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes `port` if it is free. Two names of one device are one port.
    pub fn try_acquire(&self, port: &PortName) -> Option<PortLease> {
        let (claim, now) = self.claim(port);
        let claimed = claim.insert_into(&mut self.lock());
        claimed.then(|| self.lease(port, claim, now))
    }

    /// Takes `port`, and waits while another holds it; `None` once `token` is cancelled.
    pub fn acquire(&self, port: &PortName, token: &CancellationToken) -> Option<PortLease> {
        let (mut claim, mut now) = self.claim(port);
        let mut taken = self.lock();
        while !claim.insert_into(&mut taken) {
            if token.is_cancelled() {
                return None;
            }
            taken = self.0.passed_on.wait_timeout(taken, WAIT_TICK).expect("no holder of this lock panics").0;
            (claim, now) = self.claim(port);
        }
        drop(taken);
        Some(self.lease(port, claim, now))
    }

    /// The port that is meant by `port` now; `None` when it is not there. A name that the kernel gives out anew with
    /// every plug stands for the place at which its port was opened last, so that a slot keeps its port and gets no
    /// other slot's.
    pub fn locate(&self, port: &PortName) -> Option<PortName> {
        let places = self.places();
        if let Some(now) = places.get(port.path()).and_then(Place::look) {
            return Some(now);
        }
        if !port.path().exists() {
            return None;
        }
        let is_of_another = |(name, place): (&PathBuf, &Place)| name != port.path() && place.is_of(port);
        (!places.iter().any(is_of_another)).then(|| port.clone())
    }

    /// What a lease of `port` claims, and where the port is.
    fn claim(&self, port: &PortName) -> (Claim, Option<PortName>) {
        let now = self.locate(port);
        let named = now.as_ref().unwrap_or(port);
        (Claim { name: named.path().to_owned(), device: named.canonical() }, now)
    }

    fn lease(&self, port: &PortName, claim: Claim, now: Option<PortName>) -> PortLease {
        // The name of a port that is not there may be another adapter's by now.
        let place = if now.is_none() { self.places().get(port.path()).cloned() } else { None };
        let (leases, asked) = (self.clone(), port.clone());
        PortLease { leases, port: now.unwrap_or_else(|| port.clone()), asked, claim, place }
    }

    fn places(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Place>> {
        self.0.places.lock().expect("no holder of this lock panics")
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.0.taken.lock().expect("no holder of this lock panics")
    }
}

/// The paths that one lease keeps: the name, which may lead to another device later, and the device that it leads to.
#[derive(Debug)]
struct Claim {
    name: PathBuf,
    device: PathBuf,
}

impl Claim {
    /// Enters both paths, or none when one of them is taken.
    fn insert_into(&self, taken: &mut BTreeSet<PathBuf>) -> bool {
        if taken.contains(&self.name) || taken.contains(&self.device) {
            return false;
        }
        taken.extend([self.name.clone(), self.device.clone()]);
        true
    }
}

/// The right to use one port.
#[derive(Debug)]
pub struct PortLease {
    leases: Leases,
    port: PortName,
    /// The name that it was asked for by.
    asked: PortName,
    claim: Claim,
    place: Option<Place>,
}

impl PortLease {
    /// Which port, as it was named when it was leased, or by the name that it had got by then.
    pub fn port(&self) -> &PortName {
        &self.port
    }

    /// Where the port was when it was last opened.
    pub(crate) fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// Remembers where the port is, so that it can be followed when it vanishes and comes back under another name.
    pub(crate) fn remember(&mut self, place: Place) {
        if place.outlasts_its_name() {
            self.leases.places().insert(self.asked.path().to_owned(), place.clone());
        }
        self.place = Some(place);
    }

    /// Claims the device that the port is now; false when another lease has it.
    pub(crate) fn move_to(&mut self, device: &Path) -> bool {
        let mut taken = self.leases.lock();
        if device == self.claim.device {
            return true;
        }
        if !taken.insert(device.to_owned()) {
            return false;
        }
        if self.claim.device != self.claim.name {
            taken.remove(&self.claim.device);
        }
        self.claim.device = device.to_owned();
        drop(taken);
        self.leases.0.passed_on.notify_all();
        true
    }
}

impl Drop for PortLease {
    fn drop(&mut self) {
        let mut taken = self.leases.lock();
        taken.remove(&self.claim.name);
        taken.remove(&self.claim.device);
        drop(taken);
        self.leases.0.passed_on.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::topology;

    #[test]
    fn a_leased_port_is_passed_on_when_its_lease_is_dropped() {
        let leases = Leases::new();
        let port = PortName::new("/dev/slot-1");
        let lease = leases.try_acquire(&port).unwrap();
        assert!(leases.try_acquire(&port).is_none());
        assert!(leases.try_acquire(&PortName::new("/dev/slot-2")).is_some());
        let waiting = std::thread::spawn({
            let (leases, port) = (leases.clone(), port.clone());
            move || leases.acquire(&port, &CancellationToken::new()).is_some()
        });
        drop(lease);
        assert!(waiting.join().unwrap());
    }

    #[test]
    fn a_port_is_one_under_two_names_and_when_its_name_leads_elsewhere_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let (device, other, link) =
            (folder.path().join("pts1"), folder.path().join("pts2"), folder.path().join("slot"));
        std::fs::write(&device, []).unwrap();
        std::fs::write(&other, []).unwrap();
        std::os::unix::fs::symlink(&device, &link).unwrap();
        let leases = Leases::new();
        let lease = leases.try_acquire(&PortName::new(&link)).unwrap();
        assert!(leases.try_acquire(&PortName::new(&device)).is_none());
        std::fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(&other, &link).unwrap();
        assert!(leases.try_acquire(&PortName::new(&link)).is_none());
        drop(lease);
        assert!(leases.try_acquire(&PortName::new(&link)).is_some());
        assert!(leases.try_acquire(&PortName::new(&device)).is_some());
    }

    #[test]
    fn a_lease_that_moves_holds_its_name_and_its_new_device_only() {
        let leases = Leases::new();
        let [old, new, other] = ["/dev/tty-old", "/dev/tty-new", "/dev/tty-other"].map(PortName::new);
        let mut lease = leases.try_acquire(&old).unwrap();
        let neighbour = leases.try_acquire(&other).unwrap();
        assert!(!lease.move_to(other.path()), "a neighbour's port is not taken from it");
        assert!(lease.move_to(new.path()) && lease.move_to(new.path()));
        assert!(leases.try_acquire(&old).is_none() && leases.try_acquire(&new).is_none());
        assert!(lease.move_to(Path::new("/dev/tty-newer")));
        assert!(leases.try_acquire(&new).is_some());
        drop((lease, neighbour));
        assert!([old, other].iter().all(|port| leases.try_acquire(port).is_some()));
    }

    #[test]
    fn a_port_that_got_another_number_is_leased_under_its_old_name_and_its_neighbour_is_not() {
        let sys = tempfile::tempdir().unwrap();
        let (old, new) = (PortName::new("/dev/ttyUSB-old"), PortName::new("/dev/ttyUSB-new"));
        let leases = Leases::new();
        leases.try_acquire(&old).unwrap().remember(Place::at(&old, "1-2.3:1.0", sys.path()));
        assert_eq!(leases.locate(&old), None, "nothing is there");
        // The kernel has counted on.
        topology::put(sys.path(), "ttyUSB-new", "1-2.3/1-2.3:1.0");
        assert_eq!(leases.locate(&old), Some(new.clone()));
        let lease = leases.try_acquire(&old).unwrap();
        assert_eq!(lease.port(), &new);
        assert!(leases.try_acquire(&new).is_none() && leases.try_acquire(&old).is_none());
        assert!(!leases.lock().contains(old.path()), "another slot may be there by now");
        drop(lease);
        assert!(leases.try_acquire(&new).is_some());
    }

    #[test]
    fn a_name_that_is_another_slots_place_by_now_is_no_longer_ones_own() {
        let sys = tempfile::tempdir().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let [mine, other] = ["ttyUSB-a", "ttyUSB-b"].map(|name| PortName::new(folder.path().join(name)));
        std::fs::write(mine.path(), []).unwrap();
        let leases = Leases::new();
        assert_eq!(leases.locate(&mine), Some(mine.clone()));
        // The neighbour was plugged again and got this slot's name.
        topology::put(sys.path(), "ttyUSB-a", "1-2.1/1-2.1:1.0");
        leases.try_acquire(&other).unwrap().remember(Place::at(&other, "1-2.1:1.0", sys.path()));
        assert_eq!(leases.locate(&mine), None);
        assert_eq!(leases.locate(&other), Some(PortName::new("/dev/ttyUSB-a")));
    }

    #[test]
    fn a_cancelled_waiter_gets_no_lease() {
        let leases = Leases::new();
        let port = PortName::new("/dev/slot-1");
        let _lease = leases.try_acquire(&port).unwrap();
        let token = CancellationToken::new();
        token.cancel();
        assert!(leases.acquire(&port, &token).is_none());
    }
}
