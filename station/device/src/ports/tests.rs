use super::*;

fn name_of(terminal: &TTYPort) -> PortName {
    PortName::new(serialport::SerialPort::name(terminal).unwrap())
}

#[test]
fn a_second_opener_is_told_that_the_port_is_busy() {
    let (_master, slave) = TTYPort::pair().unwrap();
    let port = name_of(&slave);
    drop(slave);
    let first = open(&port, 115_200).unwrap();
    assert!(matches!(open(&port, 115_200), Err(PortError::Busy { .. })));
    drop(first);
    assert!(open(&port, 115_200).is_ok());
}

#[test]
fn a_second_opener_by_another_name_is_told_that_the_port_is_busy() {
    let (_master, slave) = TTYPort::pair().unwrap();
    let port = name_of(&slave);
    drop(slave);
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("slot-1");
    std::os::unix::fs::symlink(port.path(), &link).unwrap();
    let _first = open(&port, 115_200).unwrap();
    assert!(matches!(open(&PortName::new(link), 115_200), Err(PortError::Busy { .. })));
}

#[test]
fn a_missing_port_and_a_path_that_is_no_port_are_told_apart() {
    assert!(matches!(open(&PortName::new("/dev/no-such-port"), 115_200), Err(PortError::Gone { .. })));
    assert!(matches!(open(&PortName::new("/dev/null"), 115_200), Err(PortError::NotSerial { .. })));
    assert!(matches!(open(&PortName::new("/etc/hostname"), 115_200), Err(PortError::NotSerial { .. })));
}

#[test]
fn a_port_is_named_by_its_place_where_the_system_keeps_such_names() {
    let folder = tempfile::tempdir().unwrap();
    let by_place = folder.path().join("by-path");
    std::fs::create_dir(&by_place).unwrap();
    let [here, elsewhere] = ["ttyUSB0", "ttyUSB1"].map(|name| folder.path().join(name));
    [&here, &elsewhere].iter().for_each(|device| std::fs::write(device, []).unwrap());
    for (name, device) in [
        ("pci-0:14.0-usbv2-0:2:1.0-port0", "../ttyUSB0"),
        ("pci-0:14.0-usb-0:2:1.0-port0", "../ttyUSB0"),
        ("pci-0:14.0-usb-0:1:1.0-port0", "../ttyUSB2"),
    ] {
        std::os::unix::fs::symlink(device, by_place.join(name)).unwrap();
    }
    let named = PortName::new(by_place.join("pci-0:14.0-usb-0:2:1.0-port0"));
    assert_eq!(PortName::new(&here).by_place_in(&by_place), Some(named));
    assert_eq!(PortName::new(&elsewhere).by_place_in(&by_place), None);
    assert_eq!(PortName::new(&here).by_place_in(&folder.path().join("none")), None);
}

#[test]
fn a_configured_port_is_listed_once() {
    let (_master, slave) = TTYPort::pair().unwrap();
    let port = name_of(&slave);
    let ports = list(&[port.clone(), port.clone(), PortName::new("/dev/no-such-port")]).unwrap();
    assert_eq!(ports.iter().filter(|info| info.port == port).count(), 1);
    assert!(!ports.iter().any(|info| info.port.path() == Path::new("/dev/no-such-port")));
}
