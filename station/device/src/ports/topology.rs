//! The place of a port in the USB tree, from `/sys`. Knows the kernel's naming, and no port library.

use std::ffi::OsString;
use std::fs::DirEntry;
use std::path::{Component, Path, PathBuf};

use super::PortName;

/// Where the kernel lists the terminals.
pub(super) const TERMINALS: &str = "/sys/class/tty";

/// `1-2.3` for a port whose adapter hangs there: bus 1, hub port 2, port 3 of that hub. `None` when the port is no USB
/// device. Source: Linux, `Documentation/ABI/stable/sysfs-bus-usb`: devices are named `bus-port[.port]`, their
/// interfaces `…:configuration.interface`.
pub(super) fn of(port: &PortName) -> Option<String> {
    device_in(&sysfs_of(Path::new(TERMINALS), port)?)
}

/// `1-2.3:1.0`: the same with the adapter's interface, of which adapters with several ports have several.
pub(super) fn interface_of(terminals: &Path, port: &PortName) -> Option<String> {
    interface_in(&sysfs_of(terminals, port)?)
}

/// The port that is at `interface` now.
pub(super) fn port_at(terminals: &Path, interface: &str) -> Option<PortName> {
    name_at(terminals, interface).map(|name| PortName::new(Path::new("/dev").join(name)))
}

fn sysfs_of(terminals: &Path, port: &PortName) -> Option<PathBuf> {
    let device = port.canonical();
    terminals.join(device.file_name()?).join("device").canonicalize().ok()
}

fn name_at(terminals: &Path, interface: &str) -> Option<OsString> {
    let entries = std::fs::read_dir(terminals).ok()?.filter_map(Result::ok);
    let is_there = |entry: &DirEntry| {
        let device = entry.path().join("device").canonicalize();
        device.is_ok_and(|device| interface_in(&device).as_deref() == Some(interface))
    };
    entries.into_iter().find(is_there).map(|entry| entry.file_name())
}

/// The last USB device in a path below `/sys/devices`.
fn device_in(path: &Path) -> Option<String> {
    names(path).find(|name| is_usb_device(name)).map(str::to_owned)
}

/// The last interface of a USB device in such a path.
fn interface_in(path: &Path) -> Option<String> {
    let is_interface = |name: &&str| name.split_once(':').is_some_and(|(device, _)| is_usb_device(device));
    names(path).find(is_interface).map(str::to_owned)
}

fn names(path: &Path) -> impl Iterator<Item = &str> {
    path.components().rev().filter_map(|component| match component {
        Component::Normal(name) => name.to_str(),
        Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => None,
    })
}

fn is_usb_device(name: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    name.split_once('-').is_some_and(|(bus, ports)| digits(bus) && ports.split('.').all(digits))
}

/// Lists a terminal, whose device is at `place` of a bus.
#[cfg(test)]
pub(crate) fn put(terminals: &Path, name: &str, place: &str) {
    let device = terminals.join("bus/usb1/1-2").join(place).join(name);
    std::fs::create_dir_all(&device).unwrap();
    std::fs::create_dir_all(terminals.join(name)).unwrap();
    std::os::unix::fs::symlink(device, terminals.join(name).join("device")).unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_an_adapter_is_its_usb_device_name() {
        let path = "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2.3/1-2.3:1.0/ttyUSB0";
        assert_eq!(device_in(Path::new(path)), Some("1-2.3".to_owned()));
        assert_eq!(interface_in(Path::new(path)), Some("1-2.3:1.0".to_owned()));
    }

    #[test]
    fn a_built_in_port_has_no_place_in_the_usb_tree() {
        let path = Path::new("/sys/devices/platform/serial8250/tty/ttyS0");
        assert_eq!((device_in(path), interface_in(path)), (None, None));
    }

    #[test]
    fn a_renumbered_port_is_found_by_its_place() {
        let sys = tempfile::tempdir().unwrap();
        let terminals = sys.path();
        std::fs::create_dir_all(terminals.join("ttyS0")).unwrap();
        put(terminals, "ttyUSB0", "1-2.1/1-2.1:1.0");
        put(terminals, "ttyUSB3", "1-2.3/1-2.3:1.1");
        put(terminals, "ttyUSB4", "1-2.3/1-2.3:1.0");
        assert_eq!(name_at(terminals, "1-2.3:1.0").unwrap(), "ttyUSB4");
        assert_eq!(name_at(terminals, "1-2.4:1.0"), None);
    }
}
