//! The control socket, which stands for the fixture's hand on reset line, straps and power. Knows the unit's public
//! face, and no chip.
//!
//! One JSON object per line in, one per line out. `{"op":"download"}` and `{"op":"run"}` reset the unit with those
//! straps; the reset line is released when the reply has been written, so a host that is ready before it asks hears
//! the unit from its first byte, and nothing from before.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

use crate::faults::Fault;
use crate::stop::StopToken;
use crate::surroundings::Service;
use crate::unit::{Status, Straps, Unit, UnitError};

/// What lies in a fixture: something with a reset line, straps and power.
pub trait Held: Send + Sync {
    /// Carries an order out; after a reset the reset line is held.
    fn obey(&self, order: &Order) -> Result<(), String>;

    /// Releases the reset line.
    fn release(&self) -> io::Result<()>;

    /// What it is doing.
    fn status(&self) -> Status;
}

/// Clients that are served at once.
const CLIENTS_MAX: usize = 8;
/// The longest line a client may send, in bytes.
const LINE_MAX: u64 = 4096;

/// An order of the fixture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Order {
    /// Reset with download straps; does nothing without power.
    Download,
    /// Reset with run straps; does nothing without power.
    Run,
    /// Power off, or on again, with which the unit boots from its flash. A terminal that had vanished comes back.
    Power {
        /// Whether there is power.
        on: bool,
    },
    /// Faults: `clear` switches all off, then `set` switches one on.
    Fault {
        /// Whether to switch all off first.
        #[serde(default)]
        clear: bool,
        /// What to switch on.
        #[serde(default)]
        set: Option<Fault>,
    },
    /// Leads the unit's connections to a service to another address, from the next one on.
    Route {
        /// Which connections.
        service: Service,
        /// Where to; `null` is directly.
        to: Option<SocketAddr>,
    },
    /// What the unit is doing.
    Status,
    /// Ends the unit.
    Quit,
}

/// The answer to an order.
#[derive(Debug, Serialize)]
pub struct Reply {
    /// Whether it was carried out.
    pub ok: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What the unit is doing now.
    #[serde(flatten)]
    pub status: Status,
}

impl Held for Unit {
    fn obey(&self, order: &Order) -> Result<(), String> {
        obey(order, self).map_err(|error| error.to_string())
    }

    fn release(&self) -> io::Result<()> {
        Self::release(self).map_err(io::Error::other)
    }

    fn status(&self) -> Status {
        Self::status(self)
    }
}

/// A socket that takes orders for a unit. Dropping it removes the socket's file.
pub struct Control {
    path: PathBuf,
}

impl Control {
    /// Listens at `path`. `quit` is stopped by a quit order.
    pub fn listen(path: &Path, unit: Arc<dyn Held>, quit: StopToken) -> io::Result<Self> {
        Self::bind(path)?.attend(unit, quit)
    }

    /// Makes the socket. Whoever connects waits until a unit attends to it, so that none is there without its socket.
    pub(crate) fn bind(path: &Path) -> io::Result<Bound> {
        remove_stale(path)?;
        let listener = UnixListener::bind(path)?;
        Ok(Bound { listener, control: Self { path: path.to_owned() } })
    }
}

/// A socket that nobody attends to yet.
pub(crate) struct Bound {
    listener: UnixListener,
    control: Control,
}

impl Bound {
    pub(crate) fn attend(self, unit: Arc<dyn Held>, quit: StopToken) -> io::Result<Control> {
        let Self { listener, control } = self;
        std::thread::Builder::new().name("control".into()).spawn(move || accept(&listener, &unit, &quit))?;
        Ok(control)
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "could not remove the control socket");
        }
    }
}

/// A socket that nobody listens to is what a killed unit leaves.
fn remove_stale(path: &Path) -> io::Result<()> {
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn accept(listener: &UnixListener, unit: &Arc<dyn Held>, quit: &StopToken) {
    let clients = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming().map_while(Result::ok) {
        if clients.load(Ordering::Relaxed) >= CLIENTS_MAX {
            continue;
        }
        clients.fetch_add(1, Ordering::Relaxed);
        let (unit, quit, clients) = (unit.clone(), quit.clone(), clients.clone());
        std::thread::spawn(move || {
            if let Err(error) = serve(&stream, &*unit, &quit) {
                tracing::debug!(%error, "a control client has gone");
            }
            clients.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

fn serve(stream: &UnixStream, unit: &dyn Held, quit: &StopToken) -> io::Result<()> {
    let mut lines = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if lines.by_ref().take(LINE_MAX).read_line(&mut line)? == 0 || !line.ends_with('\n') {
            return Ok(());
        }
        let order = serde_json::from_str::<Order>(&line);
        let result = match &order {
            Ok(order) => unit.obey(order),
            Err(error) => Err(format!("no order: {error}")),
        };
        let written = answer(stream, result.err(), unit);
        // Released even if the client has gone: a unit does not stay in reset because its fixture crashed.
        if let Ok(Order::Download | Order::Run | Order::Power { on: true }) = order {
            unit.release()?;
        }
        written?;
        if let Ok(Order::Quit) = order {
            quit.stop();
            return Ok(());
        }
    }
}

fn obey(order: &Order, unit: &Unit) -> Result<(), UnitError> {
    match order {
        Order::Download => unit.reset(Straps::Download)?,
        Order::Run => unit.reset(Straps::Run)?,
        Order::Power { on: true } => unit.power_on()?,
        Order::Power { on: false } => unit.power_off()?,
        Order::Fault { clear, set } => {
            if *clear {
                unit.faults().clear();
            }
            set.iter().for_each(|fault| unit.faults().set(fault.clone()));
        }
        Order::Route { service, to } => unit.surroundings().set_route(*service, *to),
        Order::Status | Order::Quit => {}
    }
    Ok(())
}

fn answer(mut stream: &UnixStream, error: Option<String>, unit: &dyn Held) -> io::Result<()> {
    let reply = Reply { ok: error.is_none(), error, status: unit.status() };
    let mut line = serde_json::to_vec(&reply)?;
    line.push(b'\n');
    stream.write_all(&line)
}
