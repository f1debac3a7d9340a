//! The loader in the ROM: which requests it knows, and how it takes leave. Knows no wire.
//!
//! Its peculiarities were seen in Espressif's emulator: a SYNC is answered eight times with a value that is not zero;
//! there is no command that erases or reads fast; and a C3 that is told to run user code while its straps say
//! "download" does not boot.

use super::loader::{Loader, Outcome, Then};
use super::reply::{Answer, Dialect, Failure};
use super::request::{Medium, Request};

const DIALECT: Dialect = Dialect::Rom;
/// Replies to a SYNC after the first one.
pub(crate) const SYNC_REPEATS: usize = 7;
/// The value of a ROM's reply to SYNC: its first four bytes, by which tools tell it from a stub, which sends zero.
const SYNC_VALUE: u32 = 0x2012_0707;

/// Acts on one request.
pub(crate) fn act(loader: &mut Loader, request: Request<'_>) -> Outcome {
    if loader.is_secured() && !is_allowed_when_secured(&request) {
        return Err(Failure::Command).into();
    }
    match request {
        Request::Begin { medium, begin } => loader.begin(medium, begin, DIALECT).into(),
        Request::Data { medium, bytes, sound } => loader.data(medium, bytes, sound),
        Request::FlashEnd { reboot } => end(loader, reboot),
        Request::MemEnd { entry, stay } => loader.jump(entry, stay),
        Request::Sync => Outcome { result: Ok(Answer::value(SYNC_VALUE)), then: Then::Repeat(SYNC_REPEATS) },
        Request::ReadRegister { address } => Ok(Answer::value(loader.registers.read(address))).into(),
        Request::WriteRegisters(writes) => {
            writes.into_iter().for_each(|write| loader.registers.write(write));
            Ok(Answer::default()).into()
        }
        Request::SpiSetParams | Request::SpiAttach => Ok(Answer::default()).into(),
        Request::ReadFlashSlow { offset, length } => loader.read_slow(offset, length).into(),
        Request::ChangeBaud { baud } => Outcome::then(Then::Baud(baud)),
        Request::FlashMd5 { offset, length } => loader.md5(offset, length, DIALECT).into(),
        Request::GetSecurityInfo => Ok(loader.security_info()).into(),
        Request::EraseFlash | Request::EraseRegion { .. } | Request::ReadFlash { .. } | Request::RunUserCode => {
            Err(Failure::Command).into()
        }
    }
}

/// A reboot with download straps ends in the loader again, which answers as before.
fn end(loader: &mut Loader, reboot: bool) -> Outcome {
    loader.end();
    if reboot { Ok(Answer::default()).into() } else { Outcome::then(Then::Leave) }
}

/// Secure download mode keeps what is needed to write flash, and takes away all that reads or runs something.
fn is_allowed_when_secured(request: &Request<'_>) -> bool {
    match request {
        Request::Begin { medium, .. } | Request::Data { medium, .. } => *medium != Medium::Ram,
        Request::FlashEnd { .. }
        | Request::Sync
        | Request::SpiSetParams
        | Request::SpiAttach
        | Request::ChangeBaud { .. }
        | Request::GetSecurityInfo => true,
        Request::MemEnd { .. }
        | Request::ReadRegister { .. }
        | Request::WriteRegisters(_)
        | Request::ReadFlashSlow { .. }
        | Request::FlashMd5 { .. }
        | Request::EraseFlash
        | Request::EraseRegion { .. }
        | Request::ReadFlash { .. }
        | Request::RunUserCode => false,
    }
}
