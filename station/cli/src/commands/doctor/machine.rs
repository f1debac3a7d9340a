//! Clock, disk, ports, pseudo-terminals and limits of the machine.

use std::{
    fs::{self, OpenOptions},
    io,
    path::Path,
};

use rustix::{
    fs::{Access, access, statvfs},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
};

use super::Check;
use crate::{commands::ports, config::Config, output::utc, station::now};

/// 2024-01-01T00:00:00Z in microseconds: a clock before it was never set.
const CLOCK_MIN_MICROS: i64 = 1_704_067_200_000_000;
/// Free space below which a line should not start a shift, in bytes.
const SPACE_WARN: u64 = 1024 * 1024 * 1024;
/// Free space below which the record could fill the disk within minutes, in bytes.
const SPACE_FAIL: u64 = 64 * 1024 * 1024;
/// Open files that 32 slots with their units' connections may need.
const OPEN_FILES_MIN: u64 = 1024;

pub(super) fn clock() -> Check {
    let now = now();
    if now.as_micros() < CLOCK_MIN_MICROS {
        let what = format!("the clock says {}, which is long ago", utc(now));
        return Check::fail("clock", what, "Set the clock (see `timedatectl`): certificates and records depend on it.");
    }
    Check::ok("clock", utc(now))
}

pub(super) fn data_folder(path: &Path) -> Check {
    const NAME: &str = "data folder";
    let shown = path.display();
    let Some(there) = nearest(path) else {
        return Check::fail(NAME, format!("{shown} cannot be reached"), "Name another folder with --data.");
    };
    if !there.is_dir() {
        return Check::fail(NAME, format!("{} is no folder", there.display()), "Name another folder with --data.");
    }
    if let Err(error) = access(there, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK) {
        let what = format!("{} cannot be written: {}", there.display(), io::Error::from(error));
        return Check::fail(NAME, what, "Give the folder to the station's user, or name another with --data.");
    }
    if there == path {
        return Check::ok(NAME, format!("{shown} can be written"));
    }
    Check::ok(NAME, format!("{shown} is not there yet; the first batch makes it"))
}

pub(super) fn free_space(path: &Path) -> Check {
    const NAME: &str = "free space";
    let remedy = "Make room on the disk of the data folder, or name another folder with --data.";
    let found = nearest(path).map(|there| statvfs(there).map_err(io::Error::from));
    let free = match found {
        Some(Ok(disk)) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Some(Err(error)) => return Check::fail(NAME, format!("cannot be read: {error}"), remedy),
        None => return Check::fail(NAME, "the data folder cannot be reached", remedy),
    };
    let what = format!("{} MiB", free / (1024 * 1024));
    match free {
        ..SPACE_FAIL => Check::fail(NAME, what, remedy),
        SPACE_FAIL..SPACE_WARN => Check::warn(NAME, what, remedy),
        SPACE_WARN.. => Check::ok(NAME, what),
    }
}

/// The folder itself, or the nearest one above that is there.
fn nearest(path: &Path) -> Option<&Path> {
    path.ancestors()
        .map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
        .find(|f| f.exists())
}

pub(super) fn serial_ports(config: &Config) -> Check {
    const NAME: &str = "serial ports";
    let slots = config.slots();
    let found = match ports::list(&slots) {
        Ok(found) => found,
        Err(failure) => return Check::fail(NAME, failure.problem.why, failure.problem.remedy),
    };
    let absent: Vec<_> = slots.iter().filter(|slot| !slot.port.path().exists()).map(|s| s.port.to_string()).collect();
    if !absent.is_empty() {
        let what = format!("configured and not there: {}", absent.join(", "));
        return Check::warn(NAME, what, "Plug the adapters in, or mend [[slot]] in the configuration.");
    }
    let closed: Vec<_> = found
        .iter()
        .map(|info| info.port.path())
        .filter(|path| !ports::may_open(path))
        .map(|path| path.display().to_string())
        .collect();
    if !closed.is_empty() {
        let what = format!("this user may not open {}", closed.join(", "));
        return Check::fail(
            NAME,
            what,
            "Add the user to the group that owns them (often `dialout`), then log in again.",
        );
    }
    if found.is_empty() {
        return Check::warn(NAME, "none", "Plug an adapter in; `station demo` needs none.");
    }
    let names: Vec<_> = found.iter().map(|info| info.port.to_string()).collect();
    Check::ok(NAME, names.join(", "))
}

pub(super) fn pseudo_terminals() -> Check {
    const NAME: &str = "pseudo-terminals";
    match open_pair() {
        Ok(name) => Check::ok(NAME, format!("work ({name})")),
        Err(error) => {
            let remedy = "Mount /dev/pts (in a container: allow it); only virtual units and `station demo` need them.";
            Check::warn(NAME, format!("do not work: {error}"), remedy)
        }
    }
}

fn open_pair() -> io::Result<String> {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&controller)?;
    unlockpt(&controller)?;
    let name = ptsname(&controller, Vec::new())?.to_string_lossy().into_owned();
    OpenOptions::new().read(true).write(true).open(&name)?;
    Ok(name)
}

pub(super) fn open_files() -> Check {
    const NAME: &str = "open-file limit";
    let remedy = "Raise it: `ulimit -n 4096`, or LimitNOFILE= in the service file.";
    match fs::read_to_string("/proc/self/limits").ok().as_deref().and_then(soft_limit) {
        None => Check::warn(NAME, "unknown: /proc is not there", remedy),
        Some(Limit::Unlimited) => Check::ok(NAME, "none"),
        Some(Limit::Files(files)) if files < OPEN_FILES_MIN => Check::warn(NAME, files.to_string(), remedy),
        Some(Limit::Files(files)) => Check::ok(NAME, files.to_string()),
    }
}

enum Limit {
    Unlimited,
    Files(u64),
}

/// The first number of the line `Max open files`. Source: Linux, `proc_pid_limits(5)`.
fn soft_limit(limits: &str) -> Option<Limit> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(Limit::Unlimited),
        number => number.parse().ok().map(Limit::Files),
    }
}
