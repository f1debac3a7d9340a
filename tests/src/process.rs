//! Processes that end with the test that started them, however that ends. Each is ended by its own id.

use std::{
    io::{BufRead, BufReader, Read},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use nix::{
    sys::{
        signal::{Signal, kill, killpg},
        wait::{Id, WaitPidFlag, WaitStatus, waitid},
    },
    unistd::Pid,
};
use serde_json::Value;

use crate::Outcome;

/// How long anything may take, also on a machine that is busy with other things.
pub const LIMIT: Duration = Duration::from_secs(180);
/// How often a process is asked whether it has ended.
const TICK: Duration = Duration::from_millis(10);

/// A running program, alone in its process group.
#[derive(Debug)]
pub struct Process {
    child: Child,
    lines: Receiver<String>,
    stdout: Vec<String>,
    stderr: Option<JoinHandle<String>>,
}

/// A command that gets `signal` when the thread that started it ends; so nothing outlives a test that was killed.
pub(crate) fn guarded(program: &Path, signal: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", signal, "--"]).arg(program);
    command
}

impl Process {
    /// Starts a program; its standard output is read line by line.
    #[track_caller]
    pub fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let (stdout, stderr) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let stderr = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            BufReader::new(stderr).read_to_end(&mut bytes).expect("a pipe can be read");
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Self { child, lines, stdout: Vec::new(), stderr: Some(stderr) }
    }

    /// Waits for a line of standard output.
    #[track_caller]
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + LIMIT;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.stdout.push(line.clone());
                    if wanted(&line) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("no {what} in {LIMIT:?}, only {:#?}", self.stdout),
                Err(RecvTimeoutError::Disconnected) => panic!("{what} never came: {:#?}", self.end(None)),
            }
        }
    }

    /// Waits for a JSON object whose `event` is `name`, and that `fits`.
    #[track_caller]
    pub fn wait_for_event(&mut self, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let parse = |line: &str| serde_json::from_str::<Value>(line).ok();
        let line = self.wait_for(name, |line| parse(line).is_some_and(|event| event["event"] == name && fits(&event)));
        parse(&line).expect("it was parsed before")
    }

    /// Sends a signal to this process alone.
    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("the process was started here and not waited for");
    }

    /// Asks it to end, as a service manager does, and waits until it has.
    #[track_caller]
    pub fn stop(self) -> Outcome {
        self.signal(Signal::SIGTERM);
        self.finish()
    }

    /// Waits until it has ended by itself.
    #[track_caller]
    pub fn finish(mut self) -> Outcome {
        self.end(Some(Instant::now() + LIMIT))
    }

    /// Ends what is left of the group (at once without a deadline) and collects what was printed.
    #[track_caller]
    fn end(&mut self, deadline: Option<Instant>) -> Outcome {
        let in_time = deadline.is_none_or(|deadline| self.ends_before(deadline));
        // Children of a station that was killed still hold its standard error.
        let _ = killpg(self.pid(), Signal::SIGKILL);
        let ended = self.child.wait().expect("a child can be waited for");
        self.stdout.extend(self.lines.iter());
        let stderr = self.stderr.take().map(|reader| reader.join().expect("the reader does not panic"));
        let (stdout, stderr) = (self.stdout.join("\n"), stderr.unwrap_or_default());
        assert!(in_time, "no end in {LIMIT:?}; stdout: {stdout}\nstderr: {stderr}");
        Outcome { code: ended.code(), signal: ended.signal(), stdout, stderr }
    }

    /// Leaves the process waitable, so that its group's id stays its own.
    fn ends_before(&self, deadline: Instant) -> bool {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        while Instant::now() < deadline {
            let status = waitid(Id::Pid(self.pid()), flags).expect("a child can be asked");
            if status != WaitStatus::StillAlive {
                return true;
            }
            std::thread::sleep(TICK);
        }
        false
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("a process id is an i32"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.stderr.is_some() {
            let _ = killpg(self.pid(), Signal::SIGKILL);
            let _ = self.child.wait();
        }
    }
}
