//! Brings a unit into download mode or lets it run: over the adapter's DTR and RTS lines, or through a fixture with a
//! controller of its own. Knows no loader protocol.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

/// How long a fixture's controller may take for one command.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest answer line of a controller, in bytes.
pub const ANSWER_LEN_MAX: usize = 4096;
/// How often a wait looks at its cancellation token.
const TICK: Duration = Duration::from_millis(100);

/// How the unit in a slot is reset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fixture {
    /// The adapter's DTR and RTS lines drive the chip's boot strap and reset (the usual two-transistor circuit).
    DtrRts,
    /// A controller that listens on this Unix socket: one JSON object a line in, `{"op":"download"}` or `{"op":"run"}`;
    /// one out, `{"ok":true}` or `{"ok":false,"error":"…"}`.
    Socket(PathBuf),
}

/// Which way the straps are set while the chip is reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Straps {
    /// Into the ROM loader.
    Download,
    /// Into the app.
    Run,
}

/// A fixture's controller did not do what it was told.
#[derive(Debug, Error)]
pub enum FixtureError {
    /// Its socket cannot be reached.
    #[error("could not reach the fixture at {path}")]
    Connect {
        /// Path of the socket.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The connection failed on the way.
    #[error("the connection to the fixture broke")]
    Broken(#[source] io::Error),
    /// No whole answer in [`ANSWER_TIMEOUT`].
    #[error("the fixture did not answer within {} s", ANSWER_TIMEOUT.as_secs())]
    Silent,
    /// The answer has no end within [`ANSWER_LEN_MAX`] bytes.
    #[error("the fixture's answer is longer than {ANSWER_LEN_MAX} bytes")]
    TooLong,
    /// The answer is none of the protocol.
    #[error("the fixture's answer is not understood")]
    Answer(#[source] serde_json::Error),
    /// The controller says no.
    #[error("the fixture refused: {reason}")]
    Refused {
        /// Its reason.
        reason: String,
    },
    /// The port has no reset lines, or they cannot be set.
    #[error("could not set the port's DTR and RTS lines")]
    Lines(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The station gave up waiting.
    #[error("cancelled")]
    Cancelled,
}

#[derive(Deserialize)]
struct Answer {
    ok: bool,
    #[serde(default)]
    error: Option<String>,
}

/// Tells the controller behind `path` to reset the unit with `straps`, and waits for its answer.
pub(crate) fn command(path: &Path, straps: Straps, token: &CancellationToken) -> Result<(), FixtureError> {
    let connect = |source| FixtureError::Connect { path: path.to_owned(), source };
    let mut stream = UnixStream::connect(path).map_err(connect)?;
    stream.set_read_timeout(Some(TICK)).map_err(FixtureError::Broken)?;
    stream.set_write_timeout(Some(ANSWER_TIMEOUT)).map_err(FixtureError::Broken)?;
    let mut line = serde_json::to_vec(&straps).expect("an enum without data is always JSON");
    line.push(b'\n');
    stream.write_all(&line).map_err(FixtureError::Broken)?;
    let answer = read_line(stream, Instant::now() + ANSWER_TIMEOUT, token)?;
    let answer: Answer = serde_json::from_slice(&answer).map_err(FixtureError::Answer)?;
    if answer.ok { Ok(()) } else { Err(FixtureError::Refused { reason: answer.error.unwrap_or_default() }) }
}

/// Reads to the end of the line, or of the stream. Neither a long answer nor one that drips in gets past its limit.
fn read_line(mut stream: impl Read, deadline: Instant, token: &CancellationToken) -> Result<Vec<u8>, FixtureError> {
    let mut line = [0; ANSWER_LEN_MAX];
    let mut len = 0;
    while !token.is_cancelled() {
        let came = match stream.read(&mut line[len..]) {
            Ok(0) if len == 0 => return Err(FixtureError::Broken(io::ErrorKind::UnexpectedEof.into())),
            Ok(0) => return Ok(line[..len].to_vec()),
            Ok(count) => &line[len..len + count],
            Err(err) if is_time_out(&err) => &[],
            Err(err) => return Err(FixtureError::Broken(err)),
        };
        if let Some(end) = came.iter().position(|byte| *byte == b'\n') {
            return Ok(line[..len + end].to_vec());
        }
        len += came.len();
        if len == ANSWER_LEN_MAX {
            return Err(FixtureError::TooLong);
        }
        if Instant::now() >= deadline {
            return Err(FixtureError::Silent);
        }
    }
    Err(FixtureError::Cancelled)
}

fn is_time_out(err: &io::Error) -> bool {
    matches!(err.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests;
