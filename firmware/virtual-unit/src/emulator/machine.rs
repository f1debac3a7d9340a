//! The emulator as a process: how it is started, and how it is ended so that the flash file is whole. Knows no terminal.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::EmulatorOptions;
use crate::unit::Straps;

/// How long the emulator may take to end; it has the flash to write.
const END_TIMEOUT: Duration = Duration::from_secs(3);
/// How often is looked whether it has ended.
const END_POLL: Duration = Duration::from_millis(5);

/// What the strapping pins say to the ROM: the loader on the UART, or the flash.
const fn strap_mode(straps: Straps) -> u8 {
    match straps {
        Straps::Download => 0x02,
        Straps::Run => 0x08,
    }
}

/// An emulator that runs or does not.
#[derive(Debug)]
pub(super) struct Machine {
    program: PathBuf,
    flash: PathBuf,
    efuse: PathBuf,
    process: Option<Child>,
}

impl Machine {
    pub(super) fn new(options: &EmulatorOptions, efuse: PathBuf) -> Self {
        Self { program: options.program.clone(), flash: options.flash.clone(), efuse, process: None }
    }

    /// Starts the emulator; returns its UART. To be called from a thread that lives as long as the unit.
    pub(super) fn start(&mut self, straps: Straps) -> io::Result<UnixStream> {
        self.stop()?;
        let (ours, theirs) = UnixStream::pair()?;
        let theirs = OwnedFd::from(theirs);
        let words = File::create(self.flash.with_extension("emulator.log"))?;
        let mut command = bound_to_us(&self.program);
        command.args(arguments(&self.flash, &self.efuse, straps));
        command.stdin(theirs.try_clone()?).stdout(theirs).stderr(Stdio::from(words));
        self.process = Some(command.spawn()?);
        ours.set_nonblocking(true)?;
        Ok(ours)
    }

    /// Ends the emulator, which writes what the flash file lacks.
    pub(super) fn stop(&mut self) -> io::Result<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        let pid = i32::try_from(process.id()).map_err(io::Error::other)?;
        kill(Pid::from_raw(pid), Signal::SIGTERM)?;
        let until = Instant::now() + END_TIMEOUT;
        while process.try_wait()?.is_none() {
            if Instant::now() > until {
                tracing::warn!("the emulator did not end in time");
                process.kill()?;
                process.wait()?;
            }
            std::thread::sleep(END_POLL);
        }
        Ok(())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::error!(%error, "the emulator could not be ended");
        }
    }
}

/// The emulator, ended by the system when this process is killed. `setpriv` (util-linux) tells the system so.
fn bound_to_us(program: &Path) -> Command {
    let has_setpriv = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join("setpriv").is_file()));
    if !has_setpriv {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "--"]).arg(program);
    command
}

fn arguments(flash: &Path, efuse: &Path, straps: Straps) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = ["-machine", "esp32c3", "-display", "none", "-monitor", "none"].map(Into::into).into();
    arguments.extend(["-drive".into(), drive("if=mtd", flash)]);
    arguments.extend(["-drive".into(), drive("if=none,id=efuse", efuse)]);
    let straps = format!("driver=esp32c3.gpio,property=strap_mode,value={:#04x}", strap_mode(straps));
    for (option, value) in [
        ("-global", "driver=nvram.esp32c3.efuse,property=drive,value=efuse"),
        ("-global", straps.as_str()),
        ("-chardev", "stdio,id=uart0,signal=off"),
        ("-serial", "chardev:uart0"),
        ("-nic", "user,model=open_eth"),
    ] {
        arguments.extend([option.into(), value.into()]);
    }
    arguments
}

/// A comma in a file's name is written twice.
fn drive(kind: &str, file: &Path) -> OsString {
    let file = file.to_string_lossy().replace(',', ",,");
    format!("{kind},format=raw,file={file}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_in_a_path_does_not_end_the_option() {
        assert_eq!(drive("if=mtd", Path::new("/a,b/c")), OsString::from("if=mtd,format=raw,file=/a,,b/c"));
    }

    #[test]
    fn the_straps_are_the_levels_of_the_pins() {
        let straps = |straps| {
            let all = arguments(Path::new("f"), Path::new("e"), straps);
            all.iter().any(|word| word.to_string_lossy().ends_with("strap_mode,value=0x02"))
        };
        assert!(straps(Straps::Download));
        assert!(!straps(Straps::Run));
    }
}
