//! Where a port is, apart from its name: the place stays while the kernel gives its adapter another number. Knows the
//! system's names for things, and no protocol.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{
    PortName, list,
    topology::{self, TERMINALS},
};

/// Where a port was when it was opened.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    named: PortName,
    is_link: bool,
    device: PathBuf,
    interface: Option<String>,
    /// Where the kernel lists the terminals.
    terminals: PathBuf,
    usb_pid: u16,
    /// All ports that there were.
    others: BTreeSet<PortName>,
}

impl Place {
    /// Where `port` is now.
    pub(crate) fn of(port: &PortName) -> Self {
        let device = port.canonical();
        let ports = list(&[]).unwrap_or_default();
        let own = ports.iter().find(|info| info.port.canonical() == device);
        Self {
            is_link: port.path().is_symlink(),
            interface: topology::interface_of(Path::new(TERMINALS), port),
            terminals: TERMINALS.into(),
            // The reset sequence depends on it.
            usb_pid: own.and_then(|info| info.usb.as_ref()).map_or(0, |usb| usb.pid),
            others: ports.into_iter().map(|info| info.port).collect(),
            named: port.clone(),
            device,
        }
    }

    /// USB product id of the adapter; 0 when it has none.
    pub(crate) fn usb_pid(&self) -> u16 {
        self.usb_pid
    }

    /// The device that the port was.
    pub(crate) fn device(&self) -> &Path {
        &self.device
    }

    /// The port that is in this place now: where the same link leads, or what is at the same place of the USB tree. A
    /// name that is no link may belong to another adapter by now.
    pub(crate) fn look(&self) -> Option<PortName> {
        if self.is_link {
            return self.named.path().exists().then(|| self.named.clone());
        }
        match &self.interface {
            Some(interface) => topology::port_at(&self.terminals, interface),
            None => self.named.path().exists().then(|| self.named.clone()),
        }
    }

    /// Whether the place is known apart from a name that is given out anew with every plug.
    pub(crate) fn outlasts_its_name(&self) -> bool {
        !self.is_link && self.interface.is_some()
    }

    /// Whether `port` is in this place.
    pub(crate) fn is_of(&self, port: &PortName) -> bool {
        self.interface.is_some() && topology::interface_of(&self.terminals, port) == self.interface
    }

    /// A place at `interface`, in a kernel's list of a test's own.
    #[cfg(test)]
    pub(crate) fn at(port: &PortName, interface: &str, terminals: &Path) -> Self {
        let interface = Some(interface.to_owned());
        Self { interface, terminals: terminals.to_owned(), ..Self::of(port) }
    }

    /// The same place, whose port is `device` now.
    pub(crate) fn moved_to(&self, device: PathBuf) -> Self {
        Self { device, ..self.clone() }
    }

    /// Ports that have come since.
    pub(crate) fn appeared(&self) -> Vec<PortName> {
        let now = list(&[]).unwrap_or_default().into_iter().map(|info| info.port);
        now.filter(|port| !self.others.contains(port)).collect()
    }
}
