//! The host as the driver's platform. All names are this machine's; time servers answer only if there is one.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{Future, pending};
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::Instant;

use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use firstpass_agent::{CompiledIn, EspError, Event, Mac, NvsRead};
use firstpass_contract::logline::Level;
use firstpass_contract::nvs;
use firstpass_unit_driver::{Firmware, LinkFailure, Platform, WallClock};
use mbedtls_rs::{Tls, TlsReference};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

use super::flash::MemoryFlash;

pub(crate) struct Host {
    pub(crate) flash: RefCell<MemoryFlash>,
    pub(crate) log: RefCell<Vec<String>>,
    pub(crate) up: Cell<bool>,
    started: Instant,
}

pub(crate) struct HostStream(TcpStream);

impl Host {
    pub(crate) fn new(flash: Vec<u8>) -> Self {
        let (flash, log) = (RefCell::new(MemoryFlash(flash)), RefCell::default());
        Self { flash, log, up: Cell::new(false), started: Instant::now() }
    }

    pub(crate) fn said(&self, text: &str) -> bool {
        self.log.borrow().iter().any(|line| line.contains(text))
    }
}

impl Platform for Host {
    type Stream = HostStream;
    type Flash = MemoryFlash;

    async fn next_event(&self) -> Event {
        if self.up.replace(true) {
            return pending().await;
        }
        Event::NetworkUp { ip: "127.0.0.1".into() }
    }

    async fn connect(&self, _: &str, port: u16) -> Result<HostStream, LinkFailure> {
        let tcp = TcpStream::connect(("127.0.0.1", port)).await.map_err(|_| LinkFailure::refused())?;
        Ok(HostStream(tcp))
    }

    async fn exchange(&self, host: &str, _: u16, _: &[u8], _: &mut [u8]) -> Result<usize, LinkFailure> {
        Err(LinkFailure::unresolved(host))
    }

    fn flash(&self) -> &RefCell<MemoryFlash> {
        &self.flash
    }

    fn log(&self, level: Level, tag: &str, text: fmt::Arguments<'_>) {
        self.log.borrow_mut().push(format!("{} {tag}: {text}", level.letter()));
    }

    fn now_ms(&self) -> u64 {
        self.started.elapsed().as_millis().try_into().unwrap()
    }

    fn random(&self) -> u64 {
        rand::random()
    }

    fn alive(&self) {}
}

impl ErrorType for HostStream {
    type Error = ErrorKind;
}

impl Read for HostStream {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        self.0.read(buffer).await.map_err(|_| ErrorKind::ConnectionReset)
    }
}

impl Write for HostStream {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        self.0.write(bytes).await.map_err(|_| ErrorKind::ConnectionReset)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// Keys of NVS as a test sets them.
#[derive(Default)]
pub(crate) struct Keys(pub(crate) Vec<(&'static str, String)>);

impl Keys {
    pub(crate) fn trusting(ca_pem: &str) -> Self {
        Self(vec![(nvs::CA_PEM, ca_pem.to_owned())])
    }
}

impl NvsRead for Keys {
    fn text(&mut self, key: &'static str) -> Result<Option<String>, EspError> {
        Ok(self.0.iter().find(|(name, _)| *name == key).map(|(_, text)| text.clone()))
    }

    fn i32(&mut self, _: &'static str) -> Result<Option<i32>, EspError> {
        Ok(None)
    }

    fn i8(&mut self, _: &'static str) -> Result<Option<i8>, EspError> {
        Ok(None)
    }

    fn u32(&mut self, _: &'static str) -> Result<Option<u32>, EspError> {
        Ok(None)
    }
}

pub(crate) fn firmware() -> Firmware {
    Firmware {
        mac: Mac([2, 0, 0, 0, 0, 1]),
        version: "1.2.3",
        running_at: 0x2_0000,
        compiled_in: CompiledIn::default(),
        provisions: true,
        own_key: false,
        built_at_s: super::pki::NOW_S - 3600,
        time_server: None,
    }
}

/// The one TLS stack of the process, and the right to use it and the clock.
pub(crate) struct Stack {
    tls: &'static Tls<'static>,
    _alone: MutexGuard<'static, ()>,
}

impl Stack {
    pub(crate) fn reference(&self) -> TlsReference<'static> {
        self.tls.reference()
    }
}

/// Mbed TLS and its clock are the process's own, so that tests go one by one.
pub(crate) fn stack() -> Stack {
    static ALONE: Mutex<()> = Mutex::new(());
    static TLS: OnceLock<Tls<'static>> = OnceLock::new();
    let alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let tls = TLS.get_or_init(|| {
        WallClock::install();
        Tls::new(Box::leak(Box::new(UnwrapErr(SysRng)))).unwrap()
    });
    WallClock::forget();
    Stack { tls, _alone: alone }
}

/// Runs a test with its servers on this thread.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, work)
}
