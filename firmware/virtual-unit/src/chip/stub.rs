//! The flasher stub in RAM: which requests it knows. Knows no wire.
//!
//! It behaves as the current stub (v2) does: a soft reset leaves it running, so only the reset line leads back to the
//! ROM. The older stub, which reloads the ROM then, is not told apart.

use super::loader::{Loader, Outcome, Then};
use super::readout::Readout;
use super::registers::RegisterFault;
use super::reply::{Answer, Failure};
use super::request::{RegisterWrite, Request};

/// Replies to a SYNC after the first one.
const SYNC_REPEATS: usize = 7;

/// What a stub says when it starts, as a frame.
pub(crate) const GREETING: &[u8] = b"OHAI";

/// Acts on one request.
pub(crate) fn act(loader: &mut Loader, request: Request<'_>) -> Outcome {
    match request {
        Request::Begin { medium, begin } => loader.begin(medium, begin).into(),
        Request::Data { medium, bytes, sound } => loader.data(medium, bytes, sound),
        Request::FlashEnd { .. } => {
            loader.end();
            Ok(Answer::default()).into()
        }
        Request::MemEnd { stay: true, .. } => Ok(Answer::default()).into(),
        Request::MemEnd { entry, stay: false } => Outcome::then(loader.jump(entry)),
        Request::RunUserCode => Outcome::then(Then::Leave),
        Request::Sync => Outcome::then(Then::Repeat(SYNC_REPEATS)),
        Request::ReadRegister { address } => match loader.read_register(address) {
            Ok(value) => Ok(Answer::value(value)).into(),
            Err(RegisterFault) => Outcome::then(Then::Fault),
        },
        Request::WriteRegisters(writes) => {
            let write = |write: &RegisterWrite| loader.write_register(write.address, write.value, write.mask);
            match writes.iter().try_for_each(write) {
                Ok(()) => Ok(Answer::default()).into(),
                Err(RegisterFault) => Outcome::then(Then::Fault),
            }
        }
        Request::SpiSetParams | Request::SpiAttach => Ok(Answer::default()).into(),
        Request::ReadFlashSlow { .. } => Err(Failure::Command).into(),
        Request::ChangeBaud { baud } => Outcome::then(Then::Baud(baud)),
        Request::FlashMd5 { offset, length } => loader.md5(offset, length).into(),
        Request::GetSecurityInfo => Ok(Answer::data(loader.security_info())).into(),
        Request::EraseFlash => loader.erase_all().into(),
        Request::EraseRegion { offset, length } => loader.erase(offset, length).into(),
        Request::ReadFlash { offset, length, block, in_flight } => {
            match Readout::begin(offset, length, block, in_flight, &loader.flash) {
                Some(readout) => Outcome::then(Then::Send(Box::new(readout))),
                None => Err(Failure::FlashRead).into(),
            }
        }
    }
}
