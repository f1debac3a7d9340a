//! Faults as they are written on the command line. Knows the words, not what they do.

use std::str::FromStr;

use crate::faults::{Fault, ForeignChip};

/// What `--fault` takes, for error messages and help.
pub const FAULTS: &str = "drop-ack=N, corrupt-ack=N, vanish=BYTES, wrong-flash-size=SIZE, \
    wrong-chip=esp32s3|esp32c6|esp32h2, bad-md5, no-network, silent-after-boot, boot-loop";

/// A text that names no fault.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no fault: write one of {FAULTS}")]
pub struct FaultError(String);

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        parse(name, value).ok_or_else(|| FaultError(text.to_owned()))
    }
}

fn parse(name: &str, value: Option<&str>) -> Option<Fault> {
    Some(match (name, value) {
        ("drop-ack", Some(nth)) => Fault::DropAck { nth: positive(nth)? },
        ("corrupt-ack", Some(nth)) => Fault::CorruptAck { nth: positive(nth)? },
        ("vanish", Some(bytes)) => Fault::Vanish { bytes: positive(bytes)? },
        ("wrong-flash-size", Some(size)) => Fault::WrongFlashSize { size: size.parse().ok()? },
        ("wrong-chip", Some(chip)) => Fault::WrongChip { chip: foreign(chip)? },
        ("bad-md5", None) => Fault::BadMd5,
        ("no-network", None) => Fault::NoNetwork,
        ("silent-after-boot", None) => Fault::SilentAfterBoot,
        ("boot-loop", None) => Fault::BootLoop,
        _ => return None,
    })
}

fn positive(text: &str) -> Option<u32> {
    text.parse().ok().filter(|&number| number > 0)
}

fn foreign(text: &str) -> Option<ForeignChip> {
    match text {
        "esp32s3" => Some(ForeignChip::Esp32s3),
        "esp32c6" => Some(ForeignChip::Esp32c6),
        "esp32h2" => Some(ForeignChip::Esp32h2),
        _ => None,
    }
}
