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
fn a_configured_port_is_listed_once() {
    let (_master, slave) = TTYPort::pair().unwrap();
    let port = name_of(&slave);
    let ports = list(&[port.clone(), port.clone(), PortName::new("/dev/no-such-port")]).unwrap();
    assert_eq!(ports.iter().filter(|info| info.port == port).count(), 1);
    assert!(!ports.iter().any(|info| info.port.path() == Path::new("/dev/no-such-port")));
}
