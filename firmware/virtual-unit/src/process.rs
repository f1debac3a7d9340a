//! A unit as a process: starts it, says where it is, and ends it on a signal or a quit order. Knows no chip.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::sys::signal::{SigSet, Signal};
use serde::Serialize;

use crate::control::{Bound, Control, Held};
use crate::emulator::{Emulated, EmulatorError, EmulatorOptions};
use crate::stop::StopToken;
use crate::unit::{Straps, Unit, UnitError, UnitOptions};

/// What a unit's process is told.
#[derive(Clone)]
pub struct ProcessOptions {
    /// The unit.
    pub unit: UnitOptions,
    /// Where to listen for orders.
    pub control: Option<PathBuf>,
    /// The straps at power-on.
    pub straps: Straps,
    /// Whether the first line of the output is a JSON object instead of the terminal's path.
    pub ready_json: bool,
}

/// What the process of an emulated unit is told.
#[derive(Clone, Debug)]
pub struct EmulatedOptions {
    /// The unit.
    pub unit: EmulatorOptions,
    /// Where to listen for orders.
    pub control: Option<PathBuf>,
    /// The straps at power-on.
    pub straps: Straps,
    /// Whether the first line of the output is a JSON object instead of the terminal's path.
    pub ready_json: bool,
}

/// A unit's process that could not start.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The unit could not be started.
    #[error(transparent)]
    Unit(#[from] UnitError),
    /// The emulator could not be started.
    #[error(transparent)]
    Emulator(#[from] EmulatorError),
    /// The control socket could not be made.
    #[error("could not listen at {path}")]
    Control {
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The first line could not be written.
    #[error("could not say that the unit is ready")]
    Ready(#[source] io::Error),
    /// The unit had ended when it was to begin.
    #[error("could not release the reset line")]
    Release(#[source] io::Error),
    /// Signals could not be caught.
    #[error("could not catch signals")]
    Signals(#[source] io::Error),
}

/// The first line of output with `ready_json`.
#[derive(Serialize)]
struct Ready<'a> {
    port: Option<PathBuf>,
    link: Option<&'a PathBuf>,
    control: Option<&'a PathBuf>,
    mac: String,
}

/// Runs a unit until SIGINT, SIGTERM or a quit order; then its link and its control socket are removed.
///
/// Call it from the main thread, before other threads are started: it blocks the two signals for all of them.
pub fn run(options: ProcessOptions) -> Result<(), ProcessError> {
    let quit = quit_on_signal()?;
    let (link, control) = (options.unit.link.clone(), options.control.as_deref().map(bind).transpose()?);
    let unit = Arc::new(Unit::start(options.unit, options.straps)?);
    let _listening = attend(unit.clone(), link.as_ref(), control, options.ready_json, &quit)?;
    unit.end();
    Ok(())
}

/// As [`run`], for a unit that Espressif's emulator is.
pub fn run_emulated(options: EmulatedOptions) -> Result<(), ProcessError> {
    let quit = quit_on_signal()?;
    let (link, control) = (options.unit.link.clone(), options.control.as_deref().map(bind).transpose()?);
    let unit = Arc::new(Emulated::start(options.unit, options.straps)?);
    let _listening = attend(unit.clone(), link.as_ref(), control, options.ready_json, &quit)?;
    unit.end();
    Ok(())
}

/// The control socket of a unit that is about to be there.
fn bind(path: &Path) -> Result<(PathBuf, Bound), ProcessError> {
    let bound = Control::bind(path).map_err(|source| ProcessError::Control { path: path.to_owned(), source })?;
    Ok((path.to_owned(), bound))
}

/// Serves the unit until it is to end. Its socket stays until its link is gone.
fn attend(
    unit: Arc<dyn Held>,
    link: Option<&PathBuf>,
    control: Option<(PathBuf, Bound)>,
    ready_json: bool,
    quit: &StopToken,
) -> Result<Option<Control>, ProcessError> {
    let path = control.as_ref().map(|(path, _)| path.clone());
    let attend = |(path, bound): (PathBuf, Bound)| {
        bound.attend(unit.clone(), quit.clone()).map_err(|source| ProcessError::Control { path, source })
    };
    let listening = control.map(attend).transpose()?;
    let status = unit.status();
    let ready = Ready { port: status.port, link, control: path.as_ref(), mac: status.mac };
    say_ready(&ready, ready_json).map_err(ProcessError::Ready)?;
    unit.release().map_err(ProcessError::Release)?;
    while !quit.wait(std::time::Duration::from_secs(3600)) {}
    Ok(listening)
}

fn say_ready(ready: &Ready<'_>, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match &ready.port {
        Some(port) if !json => writeln!(out, "{}", port.display())?,
        Some(_) | None => writeln!(out, "{}", serde_json::to_string(ready)?)?,
    }
    out.flush()
}

fn quit_on_signal() -> Result<StopToken, ProcessError> {
    let quit = StopToken::new();
    stop_on_signal(quit.clone()).map_err(ProcessError::Signals)?;
    Ok(quit)
}

fn stop_on_signal(quit: StopToken) -> io::Result<()> {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGINT);
    signals.add(Signal::SIGTERM);
    signals.thread_block()?;
    let wait = move || {
        if let Err(error) = signals.wait() {
            tracing::error!(%error, "could not wait for signals");
        }
        quit.stop();
    };
    std::thread::Builder::new().name("signals".into()).spawn(wait)?;
    Ok(())
}
