//! Reads a password: from the terminal without showing it, or one line of standard input for scripts. Never from an
//! argument, which every process of the machine could read.

use std::{
    io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _},
    os::fd::AsFd as _,
};

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

use crate::exit::Failure;

/// Longest line that is read.
const LINE_MAX: u64 = 4096;

/// The password that is typed, without its end of line; from a terminal it is asked for twice.
pub(super) fn read(prompt: &str) -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        return line().map_err(|error| unread(&error));
    }
    let (first, again) = (ask(prompt)?, ask("The same again: ")?);
    if first == again {
        return Ok(first);
    }
    let why = "The two that were typed differ.";
    Err(Failure::usage("passwords_differ", "The password is not known.", why, "Try again."))
}

fn ask(prompt: &str) -> Result<String, Failure> {
    let read = || {
        let _hidden = Hidden::begin()?;
        eprint!("{prompt}");
        io::stderr().flush()?;
        let line = line();
        eprintln!();
        line
    };
    read().map_err(|error| unread(&error))
}

fn line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().take(LINE_MAX).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

fn unread(error: &io::Error) -> Failure {
    let remedy = "Type it at a terminal, or send it as one line of UTF-8 on standard input.";
    Failure::usage("password_unread", "The password cannot be read.", format!("{error}."), remedy)
}

/// The terminal without echo, as long as this lives.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin().as_fd())?;
        let mut hidden = before.clone();
        hidden.local_flags.remove(LocalFlags::ECHO);
        tcsetattr(io::stdin().as_fd(), SetArg::TCSAFLUSH, &hidden)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // There is nothing left to do for a terminal that has gone.
        let _ = tcsetattr(io::stdin().as_fd(), SetArg::TCSAFLUSH, &self.0);
    }
}
