//! Reads a file of bounded length, whatever the path leads to (a device such as `/dev/zero` never ends).

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// The content of the file; an error when it is longer than `max` bytes.
pub(crate) fn read(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    File::open(path)?.take(max + 1).read_to_end(&mut content)?;
    if content.len() as u64 > max {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is longer than {max} bytes")));
    }
    Ok(content)
}
