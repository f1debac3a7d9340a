//! A PostgreSQL server in a temporary folder, reachable through a socket in it and by nothing else.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use tempfile::TempDir;

/// PostgreSQL refuses to run as root, so root runs it as this user, which Debian's package makes.
const USER: &str = "postgres";

/// A running server. Stops when dropped.
pub(crate) struct Server {
    postmaster: Child,
    folder: TempDir,
}

impl Server {
    pub(crate) fn start() -> Self {
        let programs = programs();
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        if is_root() {
            run(Command::new("chown").arg("-R").arg(USER).arg(folder.path()));
        }
        let initdb = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync", "-D"];
        run(unprivileged(&programs.join("initdb")).args(initdb).arg(&data).env("LC_ALL", "C.UTF-8"));
        let postmaster = run_postmaster(folder.path());
        Self { postmaster, folder }
    }

    /// Ends the server at once, as a power cut would, and waits until it is gone.
    pub(crate) fn stop(&mut self) {
        // SIGQUIT is PostgreSQL's immediate shutdown.
        run(Command::new("kill").args(["-QUIT", &self.postmaster.id().to_string()]));
        self.postmaster.wait().unwrap();
    }

    /// Starts the server again on the same data and at the same address.
    pub(crate) fn start_again(&mut self) {
        self.postmaster = run_postmaster(self.folder.path());
    }

    /// Address of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.folder.path().display())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT is PostgreSQL's fast shutdown.
        let killed = Command::new("kill").args(["-INT", &self.postmaster.id().to_string()]).status();
        if killed.is_ok_and(|status| status.success()) {
            self.postmaster.wait().ok();
        }
    }
}

fn run_postmaster(folder: &Path) -> Child {
    let mut postmaster = unprivileged(&programs().join("postgres"))
        .arg("-D")
        .arg(folder.join("data"))
        .arg("-k")
        .arg(folder)
        // No network; and what a power cut would cost is not what these tests ask.
        .args(["-c", "listen_addresses=", "-F"])
        .env("LC_ALL", "C.UTF-8")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until_ready(&mut postmaster);
    postmaster
}

/// Folder of the newest installed version.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let number = |path: &Path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let newest = versions.map(|entry| entry.path()).max_by_key(|path| number(path));
    let programs = newest.map(|path| path.join("bin")).filter(|path| path.join("postgres").exists());
    programs.expect("no PostgreSQL under /usr/lib/postgresql: run ./test, which installs it")
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").unwrap().uid() == 0
}

fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]).arg(program);
    command
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Reads the server's log up to the line that says so, and the rest in a thread, so that the server never blocks on it.
fn wait_until_ready(postmaster: &mut Child) {
    let mut lines = BufReader::new(postmaster.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mut seen = Vec::new();
    let is_ready = lines.any(|line| {
        let is_ready = line.contains("ready to accept connections");
        seen.push(line);
        is_ready
    });
    assert!(is_ready, "the server ended: {seen:#?}");
    thread::spawn(move || lines.for_each(drop));
}
