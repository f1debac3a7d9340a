//! The emulator as a process: how it is started, and how it is ended so that the flash file is whole. Knows no terminal.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::EmulatorOptions;
use super::monitor::{self, Monitor};
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
    process: Option<(Child, UnixStream)>,
}

impl Machine {
    pub(super) fn new(options: &EmulatorOptions, efuse: PathBuf) -> Self {
        Self { program: options.program.clone(), flash: options.flash.clone(), efuse, process: None }
    }

    /// Starts the emulator; returns its UART and its controls. To be called from a thread that lives as long as the unit.
    pub(super) fn start(&mut self, straps: Straps) -> io::Result<(UnixStream, Monitor)> {
        self.stop()?;
        let (uart, its_uart) = UnixStream::pair()?;
        let (controls, its_controls) = UnixStream::pair()?;
        let words = File::create(self.flash.with_extension("emulator.log"))?;
        let mut command = bound_to_us(&self.program);
        command.args(arguments(&self.flash, &self.efuse, straps));
        command.stdin(OwnedFd::from(its_uart)).stdout(OwnedFd::from(its_controls)).stderr(Stdio::from(words));
        self.process = Some((command.spawn()?, controls.try_clone()?));
        // What the emulator has of the sockets goes with it, so that they end when it does.
        drop(command);
        uart.set_nonblocking(true)?;
        Ok((uart, Monitor::greet(controls)?))
    }

    /// Waits for an emulator that has closed its UART; returns whether it ended because its unit was reset.
    pub(super) fn was_reset(&mut self) -> bool {
        self.process.take().is_some_and(|(mut process, _)| process.wait().is_ok_and(|status| status.success()))
    }

    /// Ends the emulator, which writes what the flash file lacks.
    pub(super) fn stop(&mut self) -> io::Result<()> {
        let Some((mut process, controls)) = self.process.take() else { return Ok(()) };
        // One that has ended by itself takes no order.
        let _ = monitor::quit(&controls);
        let until = Instant::now() + END_TIMEOUT;
        while process.try_wait()?.is_none() {
            if Instant::now() > until {
                tracing::warn!("the emulator did not end in time");
                process.kill()?;
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
    // This process blocks the signals that ask, and its child begins with the same mask.
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

fn arguments(flash: &Path, efuse: &Path, straps: Straps) -> Vec<OsString> {
    // A reset by the firmware itself ends the emulator, too: what it has translated of one app it would run of the next.
    let mut arguments: Vec<OsString> =
        ["-no-reboot", "-machine", "esp32c3", "-display", "none", "-monitor", "none"].map(Into::into).into();
    arguments.extend(["-drive".into(), drive("if=mtd", flash)]);
    arguments.extend(["-drive".into(), drive("if=none,id=efuse", efuse)]);
    let straps = format!("driver=esp32c3.gpio,property=strap_mode,value={:#04x}", strap_mode(straps));
    for (option, value) in [
        ("-global", "driver=nvram.esp32c3.efuse,property=drive,value=efuse"),
        ("-global", straps.as_str()),
        // The sockets that are its standard input and output.
        ("-chardev", "socket,id=uart0,fd=0"),
        ("-serial", "chardev:uart0"),
        ("-chardev", "socket,id=controls,fd=1"),
        ("-mon", "chardev=controls,mode=control"),
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
