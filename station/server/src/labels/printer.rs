//! Sends a label to a network printer: plain TCP, port 9100 as a rule. Everything has a time limit, and one label is sent
//! at a time. Knows nothing of what is on it.

use std::{fmt, io, str::FromStr, time::Duration};

use firstpass_domain::Problem;
use serde::Deserialize;
use thiserror::Error;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Mutex,
    time::timeout,
};

use super::status::{self, Fault};

/// Port for raw data, as network printers have it.
const RAW_PORT: u16 = 9100;
/// For finding and reaching the printer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// For its word on how it is; printers that speak no ZPL say none.
const STATUS_TIMEOUT: Duration = Duration::from_secs(1);
/// For taking a label.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);
/// For closing the connection after it.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);
/// For the labels before this one.
const TURN_TIMEOUT: Duration = Duration::from_secs(15);
/// Longest name of a host. Source: RFC 1035, section 2.3.4.
const HOST_MAX: usize = 253;

/// Where a label printer listens: `host:port`, or a host alone for port 9100.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PrinterAddress {
    host: String,
    port: u16,
}

impl FromStr for PrinterAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no printer's address: write host:port, such as \"10.0.0.20:9100\"");
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)?),
            None => (text, RAW_PORT),
        };
        let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
        if host.is_empty() || host.len() > HOST_MAX || !host.chars().all(is_host) {
            return Err(wrong());
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl TryFrom<String> for PrinterAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for PrinterAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// A label did not get to the printer, or it will not print it.
#[derive(Debug, Error)]
pub(crate) enum PrinterError {
    /// Nobody answers there.
    #[error("{address} cannot be reached: {err}")]
    Unreachable {
        /// Where.
        address: PrinterAddress,
        /// Why.
        err: io::Error,
    },
    /// The connection broke, or was too slow, when a part of the label was under way.
    #[error("{address} did not take the label: {err}")]
    Broken {
        /// Where.
        address: PrinterAddress,
        /// Why.
        err: io::Error,
    },
    /// It says itself that it cannot print.
    #[error("{address} says that {}", .fault.words())]
    NotReady {
        /// Where.
        address: PrinterAddress,
        /// What it says.
        fault: Fault,
    },
    /// Other labels are before this one.
    #[error("{address} is busy with other labels")]
    Busy {
        /// Where.
        address: PrinterAddress,
    },
}

impl PrinterError {
    /// Whether the label may come out all the same.
    pub(crate) const fn may_be_printed(&self) -> bool {
        match self {
            Self::Broken { .. } => true,
            Self::Unreachable { .. } | Self::NotReady { .. } | Self::Busy { .. } => false,
        }
    }

    /// For people.
    pub(crate) fn problem(&self) -> Problem {
        let (code, remedy) = match self {
            Self::Unreachable { .. } => (
                "printer_unreachable",
                "Switch the printer on and check its cable and [server] label_printer; then print again.",
            ),
            Self::Broken { .. } => (
                "printer_broken_off",
                "Look whether the label came out; if not, check the printer's network, and print again.",
            ),
            Self::NotReady { fault, .. } => ("printer_not_ready", remedy_of(*fault)),
            Self::Busy { .. } => ("printer_busy", "Wait for the labels that are on their way, then print again."),
        };
        let what = if self.may_be_printed() {
            "Nobody knows whether the label was printed."
        } else {
            "The label was not printed."
        };
        Problem { code: code.to_owned(), what: what.to_owned(), why: format!("{self}."), remedy: remedy.to_owned() }
    }
}

const fn remedy_of(fault: Fault) -> &'static str {
    match fault {
        Fault::PaperOut => "Put a new roll of labels in, then print again.",
        Fault::HeadOpen => "Close the printer, then print again.",
        Fault::RibbonOut => "Put a new ribbon in, then print again.",
        Fault::Paused => "Press the printer's pause button, then print again.",
        Fault::BufferFull => "Let the printer finish, or switch it off and on; then print again.",
        Fault::Temperature => "Let the printer come to its temperature, then print again.",
    }
}

/// The printer of a station.
#[derive(Debug)]
pub(crate) struct Printer {
    address: PrinterAddress,
    turn: Mutex<()>,
}

impl Printer {
    pub(crate) fn new(address: PrinterAddress) -> Self {
        Self { address, turn: Mutex::new(()) }
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> &PrinterAddress {
        &self.address
    }

    /// Sends one label. That it was sent does not prove that it was printed; what can be known before is asked.
    pub(crate) async fn print(&self, label: &[u8]) -> Result<(), PrinterError> {
        let busy = |_| PrinterError::Busy { address: self.address.clone() };
        let _turn = timeout(TURN_TIMEOUT, self.turn.lock()).await.map_err(busy)?;
        let mut stream = self.connect().await?;
        if let Some(fault) = ask(&mut stream).await.map_err(|err| self.unreachable(err))? {
            return Err(PrinterError::NotReady { address: self.address.clone(), fault });
        }
        within(SEND_TIMEOUT, stream.write_all(label)).await.map_err(|err| self.broken(err))?;
        within(SEND_TIMEOUT, stream.shutdown()).await.map_err(|err| self.broken(err))?;
        // A connection that is dropped with unread words in it may take the label with it.
        let _ = timeout(CLOSE_TIMEOUT, tokio::io::copy(&mut stream, &mut tokio::io::sink())).await;
        Ok(())
    }

    async fn connect(&self) -> Result<TcpStream, PrinterError> {
        let host = self.address.host.trim_matches(['[', ']']);
        let connected = within(CONNECT_TIMEOUT, TcpStream::connect((host, self.address.port))).await;
        connected.map_err(|err| self.unreachable(err))
    }

    fn unreachable(&self, err: io::Error) -> PrinterError {
        PrinterError::Unreachable { address: self.address.clone(), err }
    }

    fn broken(&self, err: io::Error) -> PrinterError {
        PrinterError::Broken { address: self.address.clone(), err }
    }
}

/// Asks the printer how it is. One that says nothing is taken to be ready.
async fn ask(stream: &mut TcpStream) -> io::Result<Option<Fault>> {
    within(SEND_TIMEOUT, stream.write_all(status::QUESTION)).await?;
    let mut answer = Vec::new();
    let read = async {
        let mut part = [0; 128];
        while answer.len() < status::ANSWER_MAX && !status::is_whole(&answer) {
            match stream.read(&mut part).await {
                Ok(0) | Err(_) => break,
                Ok(len) => answer.extend_from_slice(&part[..len]),
            }
        }
    };
    let _ = timeout(STATUS_TIMEOUT, read).await;
    Ok(status::fault(&answer))
}

async fn within<T>(limit: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(limit, work).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

#[cfg(test)]
mod tests {
    use super::PrinterAddress;

    #[test]
    fn an_address_is_a_host_with_or_without_a_port() {
        for (text, shown) in [
            ("10.0.0.20", "10.0.0.20:9100"),
            ("zebra.line:6101", "zebra.line:6101"),
            ("[fd00::7]:9100", "[fd00::7]:9100"),
        ] {
            assert_eq!(text.parse::<PrinterAddress>().unwrap().to_string(), shown);
        }
        for text in ["", ":9100", "host:", "host:0", "host:port", "http://host", "a b:9100", "host:99999"] {
            assert!(text.parse::<PrinterAddress>().is_err(), "{text}");
        }
    }
}
