//! Units that are not in their loader at the first reset: what they print must not keep the line from trying again.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use firstpass_device::{Fixture, Link};
use firstpass_domain::evidence::LinkFault;
use virtual_unit::{Straps, Unit};

use crate::slot::{BAUD, DeafFixture, Slot};

/// A fixture whose strap line is weak: only its third reset brings the unit into download mode.
struct WeakFixture(PathBuf);

impl WeakFixture {
    fn listen(folder: &Path, unit: Arc<Unit>) -> Self {
        let path = folder.join("weak");
        let listener = UnixListener::bind(&path).unwrap();
        thread::spawn(move || {
            for (before, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                BufReader::new(stream.try_clone().unwrap()).read_line(&mut String::new()).unwrap();
                let straps = if before < 2 { Straps::Run } else { Straps::Download };
                unit.reset(straps).unwrap();
                unit.release().unwrap();
                stream.write_all(b"{\"ok\":true}\n").unwrap();
            }
        });
        Self(path)
    }
}

#[test]
fn a_unit_that_prints_without_end_is_reset_again_until_it_is_in_its_loader() {
    let slot = Slot::new([]);
    let fixture = WeakFixture::listen(slot.folder(), slot.unit.clone());
    let link = Link::connect(slot.lease(), Fixture::Socket(fixture.0), &[BAUD], &slot.token);
    assert_eq!(link.unwrap().read_mac().unwrap().to_string(), "02:00:00:00:00:2a");
}

#[test]
fn a_unit_that_only_prints_gives_no_answer() {
    let slot = Slot::new([]);
    let fixture = DeafFixture::listen(slot.folder());
    slot.unit.reset(Straps::Run).unwrap();
    slot.unit.release().unwrap();
    let err = Link::connect(slot.lease(), fixture.fixture(), &[BAUD], &slot.token).unwrap_err();
    assert_eq!(err.fault(), Some(LinkFault::NoAnswer), "{}", err.detail());
}
