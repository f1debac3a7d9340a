//! The SPI NOR flash of a unit, kept in a file. Knows bits and sectors, and nothing of what they mean.
//!
//! A write only clears bits, an erase sets them, a sector at a time, as NOR flash does. Each change is in the file
//! when the call returns, so that a unit survives the end of its process.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::faults::{Fault, Faults};
use crate::flash_size::FlashSize;
use crate::stop::StopToken;

/// The smallest unit of erasure, in bytes.
pub const SECTOR: u32 = 0x1000;
/// What a worn byte holds for ever.
const WORN: u8 = 0xa5;

/// A unit's flash. Clones share it.
#[derive(Clone, Debug)]
pub struct Flash {
    file: Arc<Mutex<File>>,
    size: FlashSize,
    stop: Option<StopToken>,
    faults: Faults,
}

/// A flash operation that could not be done.
#[derive(Debug, thiserror::Error)]
pub enum FlashError {
    /// The backing file cannot be opened, or made as long as the flash.
    #[error("could not open the flash file {path}")]
    Open {
        /// The backing file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The range does not lie within the flash.
    #[error("flash range {offset:#x}..+{length:#x} ends beyond {size:#x}")]
    Range {
        /// First byte.
        offset: u32,
        /// Length in bytes.
        length: u32,
        /// Size of the flash in bytes.
        size: u32,
    },
    /// An erase that does not start and end at a sector boundary.
    #[error("erase of {offset:#x}..+{length:#x} is not aligned to sectors of {SECTOR:#x}")]
    Unaligned {
        /// First byte.
        offset: u32,
        /// Length in bytes.
        length: u32,
    },
    /// The chip does not answer; what is read of it is 0xff.
    #[error("the flash chip does not answer")]
    Silent,
    /// The unit was reset or powered off, so whoever asked no longer runs.
    #[error("the unit has been stopped")]
    Stopped,
    /// The backing file cannot be read or written.
    #[error("could not access the flash file")]
    File(#[from] io::Error),
}

impl Flash {
    /// Opens the file at `path`, or makes it. What the file lacks up to `size` is erased flash (0xff).
    pub fn open(path: &Path, size: FlashSize) -> Result<Self, FlashError> {
        let file =
            open_filled(path, size.bytes()).map_err(|source| FlashError::Open { path: path.to_owned(), source })?;
        Ok(Self { file: Arc::new(Mutex::new(file)), size, stop: None, faults: Faults::default() })
    }

    /// The flash as seen by code that runs until `stop` is set; from then on its operations fail.
    #[must_use]
    pub fn until(&self, stop: StopToken) -> Self {
        Self { stop: Some(stop), ..self.clone() }
    }

    /// The flash with what `faults` says of it: `Fault::FlashSilent` and `Fault::WornFlash`.
    #[must_use]
    pub fn with_faults(self, faults: Faults) -> Self {
        Self { faults, ..self }
    }

    /// The size of the chip.
    #[must_use]
    pub fn size(&self) -> FlashSize {
        self.size
    }

    /// Fills `into` with what stands at `offset`.
    pub fn read(&self, offset: u32, into: &mut [u8]) -> Result<(), FlashError> {
        self.access(offset, into.len(), |file| file.read_exact_at(into, offset.into()))?;
        if self.is_silent() {
            into.fill(0xff);
        }
        let worn = |fault: &Fault| if let Fault::WornFlash { offset } = fault { Some(*offset) } else { None };
        let worn = self.faults.find(worn).and_then(|worn| worn.checked_sub(offset));
        if let Some(byte) = worn.and_then(|at| into.get_mut(at as usize)) {
            *byte = WORN;
        }
        Ok(())
    }

    /// What stands at `offset`, `length` bytes of it.
    pub fn read_vec(&self, offset: u32, length: u32) -> Result<Vec<u8>, FlashError> {
        self.check(offset, length as usize)?;
        let mut bytes = vec![0; length as usize];
        self.read(offset, &mut bytes)?;
        Ok(bytes)
    }

    /// Clears the bits that are zero in `bytes`; a bit that is zero already stays zero.
    pub fn write(&self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.answers()?;
        self.access(offset, bytes.len(), |file| {
            let mut cells = vec![0; bytes.len()];
            file.read_exact_at(&mut cells, offset.into())?;
            cells.iter_mut().zip(bytes).for_each(|(cell, byte)| *cell &= byte);
            file.write_all_at(&cells, offset.into())
        })
    }

    /// Sets all bits of the sectors in the range. `offset` and `length` are multiples of [`SECTOR`].
    pub fn erase(&self, offset: u32, length: u32) -> Result<(), FlashError> {
        if !offset.is_multiple_of(SECTOR) || !length.is_multiple_of(SECTOR) {
            return Err(FlashError::Unaligned { offset, length });
        }
        self.answers()?;
        self.access(offset, length as usize, |file| fill(file, offset.into(), length.into()))
    }

    /// Returns when no operation of a stopped holder can still be under way.
    pub(crate) fn settle(&self) {
        drop(self.file.lock().expect("no holder of this lock panics"));
    }

    fn is_silent(&self) -> bool {
        self.faults.is_on(&Fault::FlashSilent)
    }

    fn answers(&self) -> Result<(), FlashError> {
        if self.is_silent() { Err(FlashError::Silent) } else { Ok(()) }
    }

    fn access(
        &self,
        offset: u32,
        length: usize,
        operate: impl FnOnce(&File) -> io::Result<()>,
    ) -> Result<(), FlashError> {
        self.check(offset, length)?;
        let file = self.file.lock().expect("no holder of this lock panics");
        // Asked under the lock, so that nothing changes once `settle` has returned after a stop.
        if self.stop.as_ref().is_some_and(StopToken::is_stopped) {
            return Err(FlashError::Stopped);
        }
        Ok(operate(&file)?)
    }

    fn check(&self, offset: u32, length: usize) -> Result<(), FlashError> {
        let size = self.size.bytes();
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        match offset.checked_add(length) {
            Some(end) if end <= size => Ok(()),
            Some(_) | None => Err(FlashError::Range { offset, length, size }),
        }
    }
}

fn open_filled(path: &Path, size: u32) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    let present = file.metadata()?.len();
    if present < u64::from(size) {
        fill(&file, present, u64::from(size) - present)?;
    }
    Ok(file)
}

fn fill(file: &File, offset: u64, length: u64) -> io::Result<()> {
    static ERASED: [u8; 0x1_0000] = [0xff; 0x1_0000];
    let mut done = 0;
    while done < length {
        let step = (length - done).min(ERASED.len() as u64);
        file.write_all_at(&ERASED[..step as usize], offset + done)?;
        done += step;
    }
    Ok(())
}
