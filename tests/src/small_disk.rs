//! A small file system in memory, for stories about full disks. Mounting needs root, as continuous integration has it.

use std::{fs::OpenOptions, io::Write, path::Path, process::Command};

use tempfile::TempDir;

/// A mounted file system of its own; unmounted when dropped.
#[derive(Debug)]
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// Mounts one of `mebibytes`; without root, says so and returns `None`.
    pub fn mount(mebibytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let size = format!("size={mebibytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self { folder });
        }
        eprintln!("SKIPPED: only root may mount the small disk that this story needs");
        None
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Fills it to its last byte.
    pub fn fill(&self) {
        let filler = OpenOptions::new().create(true).append(true).open(self.filler());
        let mut filler = filler.expect("the disk can be written");
        while filler.write_all(&[0; 4096]).is_ok() {}
        while filler.write_all(&[0]).is_ok() {}
    }

    /// Gives the space back.
    pub fn make_room(&self) {
        std::fs::remove_file(self.filler()).expect("the disk was filled before");
    }

    /// Lets nobody write any more, root included.
    pub fn make_read_only(&self) {
        let status = Command::new("mount").args(["-o", "remount,ro"]).arg(self.path()).status();
        assert!(status.is_ok_and(|status| status.success()), "the disk can be remounted");
    }

    fn filler(&self) -> std::path::PathBuf {
        self.path().join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, because a process of a story that failed may still be ending.
        let _ = Command::new("umount").arg("-l").arg(self.folder.path()).status();
    }
}
