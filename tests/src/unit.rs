//! A virtual unit in a process of its own, which survives the station.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
};

use crate::{Process, process::guarded, unit_program};

/// A unit in a slot.
#[derive(Debug)]
pub struct VirtualUnit {
    name: String,
    folder: PathBuf,
    mac: String,
    process: Process,
}

impl VirtualUnit {
    /// Starts a unit whose flash lies in `folder`, on the slot `name`; a flash that is there is kept.
    /// `options` are those of the program, such as `--fault`.
    #[track_caller]
    pub fn start(folder: &Path, name: &str, mac: &str, options: &[&str]) -> Self {
        Self::start_paced(folder, name, mac, &[&["--no-pacing"], options].concat())
    }

    /// The same at the speed of a real line.
    #[track_caller]
    pub fn start_paced(folder: &Path, name: &str, mac: &str, options: &[&str]) -> Self {
        let file = |extension: &str| folder.join(format!("{name}.{extension}"));
        let mut command = guarded(unit_program(), "KILL");
        command.args(["--mac", mac]).arg("--flash").arg(flash_file(folder, mac));
        command.arg("--link").arg(file("tty")).arg("--control").arg(file("sock")).args(options);
        let mut process = Process::start(&mut command);
        process.wait_for("path of a terminal", |_| true);
        Self { name: name.to_owned(), folder: folder.to_owned(), mac: mac.to_owned(), process }
    }

    /// Its slot, as `--ports` takes it.
    pub fn slot(&self) -> String {
        format!("{}={}@{}", self.name, self.link().display(), self.folder.join(format!("{}.sock", self.name)).display())
    }

    /// The link to its terminal.
    pub fn link(&self) -> PathBuf {
        self.folder.join(format!("{}.tty", self.name))
    }

    /// The terminal that its link leads to now.
    pub fn terminal(&self) -> String {
        std::fs::read_link(self.link()).expect("the unit keeps its link").display().to_string()
    }

    /// Its factory MAC.
    pub fn mac(&self) -> &str {
        &self.mac
    }

    /// What its flash holds. A unit writes through, so this may be read at any time.
    pub fn flash(&self) -> Vec<u8> {
        std::fs::read(flash_file(&self.folder, &self.mac)).expect("the unit's flash can be read")
    }

    /// Gives its fixture an order, a JSON object, and waits until it is carried out.
    #[track_caller]
    pub fn order(&self, order: &str) {
        let mut stream =
            UnixStream::connect(self.folder.join(format!("{}.sock", self.name))).expect("a fixture listens");
        writeln!(stream, "{order}").expect("the fixture reads");
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).expect("the fixture answers");
        assert!(answer.contains("\"ok\":true"), "{order}: {answer}");
    }

    /// Unplugs it: its terminal goes away.
    #[track_caller]
    pub fn unplug(self) {
        self.process.stop().expect_code(0);
    }
}

/// The flash belongs to the unit, whatever slot it is put into.
fn flash_file(folder: &Path, mac: &str) -> PathBuf {
    folder.join(format!("{}.flash", mac.replace(':', "-")))
}
