//! Brings a unit into download mode or lets it run: over the adapter's DTR and RTS lines, or through a fixture with a
//! controller of its own. Knows no loader protocol.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

/// How long a fixture's controller may take for one command.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest answer line of a controller, in bytes.
const ANSWER_LEN_MAX: usize = 4096;
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
    /// No answer in [`ANSWER_TIMEOUT`].
    #[error("the fixture did not answer within {} s", ANSWER_TIMEOUT.as_secs())]
    Silent,
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
    let answer = read_line(BufReader::new(stream), token)?;
    let answer: Answer = serde_json::from_slice(&answer).map_err(FixtureError::Answer)?;
    if answer.ok { Ok(()) } else { Err(FixtureError::Refused { reason: answer.error.unwrap_or_default() }) }
}

/// Reads to the end of the line; what was read stays in `line` while the stream times out in between.
fn read_line(mut stream: impl BufRead, token: &CancellationToken) -> Result<Vec<u8>, FixtureError> {
    let deadline = Instant::now() + ANSWER_TIMEOUT;
    let mut line = Vec::new();
    while !token.is_cancelled() {
        match stream.read_until(b'\n', &mut line) {
            Ok(0) => return Err(FixtureError::Broken(io::ErrorKind::UnexpectedEof.into())),
            Ok(_) => return Ok(line),
            Err(err) if is_time_out(&err) && line.len() < ANSWER_LEN_MAX && Instant::now() < deadline => {}
            Err(err) if is_time_out(&err) => return Err(FixtureError::Silent),
            Err(err) => return Err(FixtureError::Broken(err)),
        }
    }
    Err(FixtureError::Cancelled)
}

fn is_time_out(err: &io::Error) -> bool {
    matches!(err.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::thread;

    use super::*;

    /// A controller that answers one command with `answer`; returns what it was told.
    fn controller(path: &Path, answer: &'static str) -> thread::JoinHandle<String> {
        let listener = UnixListener::bind(path).unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut line = String::new();
            BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            line
        })
    }

    #[test]
    fn a_controller_is_told_one_json_object_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fixture");
        let heard = controller(&path, "{\"ok\":true}\n");
        command(&path, Straps::Download, &CancellationToken::new()).unwrap();
        assert_eq!(heard.join().unwrap(), "{\"op\":\"download\"}\n");
    }

    #[test]
    fn the_reason_of_a_refusal_is_passed_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fixture");
        let heard = controller(&path, "{\"ok\":false,\"error\":\"lid is open\"}\n");
        let err = command(&path, Straps::Run, &CancellationToken::new()).unwrap_err();
        assert_eq!(err.to_string(), "the fixture refused: lid is open");
        assert_eq!(heard.join().unwrap(), "{\"op\":\"run\"}\n");
    }

    #[test]
    fn a_controller_that_hangs_up_or_talks_nonsense_is_a_failure() {
        for (answer, wanted) in [("", "the connection to the fixture broke"), ("yes\n", "the fixture's answer is not")]
        {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("fixture");
            let heard = controller(&path, answer);
            let err = command(&path, Straps::Run, &CancellationToken::new()).unwrap_err();
            assert!(err.to_string().starts_with(wanted), "{err}");
            heard.join().unwrap();
        }
        let missing = command(Path::new("/no/such/socket"), Straps::Run, &CancellationToken::new());
        assert!(matches!(missing, Err(FixtureError::Connect { .. })));
    }
}
