//! The place of a port in the USB tree, from `/sys`. Knows the kernel's naming, and no port library.

use std::path::{Component, Path};

use super::PortName;

/// `1-2.3` for a port whose adapter hangs there: bus 1, hub port 2, port 3 of that hub. `None` when the port is no USB
/// device. Source: Linux, `Documentation/ABI/stable/sysfs-bus-usb`: devices are named `bus-port[.port]`, their
/// interfaces `…:configuration.interface`.
pub(super) fn of(port: &PortName) -> Option<String> {
    let device = port.canonical();
    let link = Path::new("/sys/class/tty").join(device.file_name()?).join("device");
    from_sysfs(&link.canonicalize().ok()?)
}

/// The last USB device in a path below `/sys/devices`.
fn from_sysfs(path: &Path) -> Option<String> {
    let mut names = path.components().rev().filter_map(|component| match component {
        Component::Normal(name) => name.to_str(),
        Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => None,
    });
    names.find(|name| is_usb_device(name)).map(str::to_owned)
}

fn is_usb_device(name: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    name.split_once('-').is_some_and(|(bus, ports)| digits(bus) && ports.split('.').all(digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_an_adapter_is_its_usb_device_name() {
        let path = "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2.3/1-2.3:1.0/ttyUSB0";
        assert_eq!(from_sysfs(Path::new(path)), Some("1-2.3".to_owned()));
    }

    #[test]
    fn a_built_in_port_has_no_place_in_the_usb_tree() {
        assert_eq!(from_sysfs(Path::new("/sys/devices/platform/serial8250/tty/ttyS0")), None);
    }
}
