//! A unit of the demo, in a process of its own and a slot of its own.

use std::{ffi::OsString, path::Path, process::Stdio, time::Duration};

use firstpass_device::{Fixture, PortName};
use firstpass_domain::{Mac, SlotId};
use firstpass_line::{Presence, Slot};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{
    args::{DemoArgs, UnitKind},
    exit::Failure,
};

/// First octets of the demo's MAC addresses: locally administered, so that they are nobody's.
const MAC_PREFIX: [u8; 3] = [0x62, 0x55, 0xf9];

/// How long a unit may take to open its terminal.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// A unit to be started.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// Where the demo lives.
    pub(super) home: &'a Path,
    /// Its place, from 0.
    pub(super) index: u32,
    /// Its number, from which its MAC follows.
    pub(super) number: u32,
    /// What it is, and the pace of its wire.
    pub(super) args: &'a DemoArgs,
    /// Faults of all places, as `N=FAULT`.
    pub(super) faults: &'a [String],
}

/// How long the process of an emulated unit may take to end its emulator.
const END_TIMEOUT: Duration = Duration::from_secs(5);

/// A unit that is plugged in. Dropping it takes it out.
pub(super) struct Unit {
    pub(super) slot: Slot,
    kind: UnitKind,
    process: Child,
}

/// The slot of a place, from 0.
pub(super) fn slot(home: &Path, index: u32) -> Slot {
    let file = |extension: &str| home.join("demo").join(format!("unit-{}.{extension}", index + 1));
    let id = SlotId::new((index + 1).to_string()).expect("digits make a slot name");
    let (port, fixture) = (PortName::new(file("tty")), Fixture::Socket(file("sock")));
    Slot { id, port, fixture, presence: Presence::Port }
}

impl Unit {
    /// Starts a blank unit from the box and plugs it in.
    pub(super) async fn start(wanted: Wanted<'_>) -> Result<Self, Failure> {
        let slot = slot(wanted.home, wanted.index);
        let failed = |why: String| {
            let remedy = "Try again; check that this machine allows pseudo-terminals and has free memory.";
            Failure::station("unit_start", format!("Unit {} did not start.", slot.id), why, remedy)
        };
        let program = std::env::current_exe().map_err(|error| failed(format!("{error}.")))?;
        let mut process = Command::new(program)
            .args(arguments(wanted, &slot))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(format!("{error}.")))?;
        let stdout = process.stdout.take().expect("standard output is piped");
        let mut lines = BufReader::new(stdout).lines();
        match timeout(START_TIMEOUT, lines.next_line()).await {
            Ok(Ok(Some(_path))) => Ok(Self { slot, kind: wanted.args.unit_kind, process }),
            Ok(Ok(None) | Err(_)) => Err(failed("It ended before it was ready; its message stands above.".into())),
            Err(_) => Err(failed("It was not ready in time.".into())),
        }
    }

    /// Takes the unit out. An emulator is given time to write its flash file.
    pub(super) async fn take_out(mut self) {
        match self.kind {
            UnitKind::Virtual => {}
            UnitKind::Qemu => self.end_process().await,
        }
    }

    async fn end_process(&mut self) {
        let pid = self.process.id().and_then(|id| i32::try_from(id).ok());
        if pid.is_some_and(|pid| kill(Pid::from_raw(pid), Signal::SIGTERM).is_ok()) {
            // One that takes too long is killed when it is dropped.
            let _ = timeout(END_TIMEOUT, self.process.wait()).await;
        }
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        // Its process is killed with it, and leaves these.
        if let Fixture::Socket(control) = &self.slot.fixture {
            let _ = std::fs::remove_file(control);
        }
        let _ = std::fs::remove_file(self.slot.port.path());
    }
}

fn arguments(wanted: Wanted<'_>, slot: &Slot) -> Vec<OsString> {
    let flash = slot.port.path().with_extension("flash");
    // What an earlier unit left in the flash file is not this unit's.
    let _ = std::fs::remove_file(&flash);
    let [_, a, b, c] = (wanted.number + 1).to_be_bytes();
    let mac = Mac::new([MAC_PREFIX[0], MAC_PREFIX[1], MAC_PREFIX[2], a, b, c]);
    let mut arguments: Vec<OsString> = vec!["virtual-unit".into(), "--flash".into(), flash.into()];
    arguments.extend(["--link".into(), slot.port.path().into(), "--mac".into(), mac.to_string().into()]);
    if let Fixture::Socket(control) = &slot.fixture {
        arguments.extend(["--control".into(), control.into()]);
    }
    match wanted.args.unit_kind {
        UnitKind::Qemu => arguments.push("--emulator".into()),
        UnitKind::Virtual if wanted.args.no_pacing => arguments.push("--no-pacing".into()),
        UnitKind::Virtual => {}
    }
    let own = format!("{}=", slot.id);
    for fault in wanted.faults.iter().filter_map(|fault| fault.strip_prefix(&own)) {
        arguments.extend(["--fault".into(), fault.into()]);
    }
    arguments
}
