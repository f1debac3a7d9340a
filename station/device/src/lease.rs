//! Who may use which port. Hardware is used only through a lease; dropping it passes the port on. Knows no hardware.

use std::collections::BTreeSet;
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
    passed_on: Condvar,
}

impl Leases {
    /// No port is in use.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes `port` if it is free. Two names of one device are one port.
    pub fn try_acquire(&self, port: &PortName) -> Option<PortLease> {
        let claim = Claim::of(port);
        let claimed = claim.insert_into(&mut self.lock());
        claimed.then(|| PortLease { leases: self.clone(), port: port.clone(), claim, place: None })
    }

    /// Takes `port`, and waits while another holds it; `None` once `token` is cancelled.
    pub fn acquire(&self, port: &PortName, token: &CancellationToken) -> Option<PortLease> {
        let mut claim = Claim::of(port);
        let mut taken = self.lock();
        while !claim.insert_into(&mut taken) {
            if token.is_cancelled() {
                return None;
            }
            taken = self.0.passed_on.wait_timeout(taken, WAIT_TICK).expect("no holder of this lock panics").0;
            claim = Claim::of(port);
        }
        drop(taken);
        Some(PortLease { leases: self.clone(), port: port.clone(), claim, place: None })
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
    fn of(port: &PortName) -> Self {
        Self { name: port.path().to_owned(), device: port.canonical() }
    }

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
    claim: Claim,
    place: Option<Place>,
}

impl PortLease {
    /// Which port, as it was named when it was leased.
    pub fn port(&self) -> &PortName {
        &self.port
    }

    /// Where the port was when it was last opened.
    pub(crate) fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// Remembers where the port is, so that it can be followed when it vanishes and comes back under another name.
    pub(crate) fn remember(&mut self, place: Place) {
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
    fn a_cancelled_waiter_gets_no_lease() {
        let leases = Leases::new();
        let port = PortName::new("/dev/slot-1");
        let _lease = leases.try_acquire(&port).unwrap();
        let token = CancellationToken::new();
        token.cancel();
        assert!(leases.acquire(&port, &token).is_none());
    }
}
