//! The flasher stub in RAM: which requests it knows. Knows no wire.
//!
//! It behaves as the current stub (v2) does: a soft reset leaves it running, so only the reset line leads back to the
//! ROM. The older stub, which reloads the ROM then, is not told apart.

use super::loader::{Loader, Outcome, Then};
use super::readout::Readout;
use super::reply::{Answer, Dialect, Failure};
use super::request::Request;
use super::rom::SYNC_REPEATS;

const DIALECT: Dialect = Dialect::Stub;

/// What a stub says when it starts, as a frame.
pub(crate) const GREETING: &[u8] = b"OHAI";

/// Acts on one request.
pub(crate) fn act(loader: &mut Loader, request: Request<'_>) -> Outcome {
    match request {
        Request::Begin { medium, begin } => loader.begin(medium, begin, DIALECT).into(),
        Request::Data { medium, bytes, sound } => loader.data(medium, bytes, sound),
        Request::FlashEnd { .. } => {
            loader.end();
            Ok(Answer::default()).into()
        }
        Request::MemEnd { entry, stay } => loader.jump(entry, stay),
        Request::RunUserCode => Outcome::then(Then::Leave),
        Request::Sync => Outcome::then(Then::Repeat(SYNC_REPEATS)),
        Request::ReadRegister { address } => Ok(Answer::value(loader.registers.read(address))).into(),
        Request::WriteRegisters(writes) => {
            writes.into_iter().for_each(|write| loader.registers.write(write));
            Ok(Answer::default()).into()
        }
        Request::SpiSetParams | Request::SpiAttach => Ok(Answer::default()).into(),
        Request::ReadFlashSlow { .. } => Err(Failure::Command).into(),
        Request::ChangeBaud { baud } => Outcome::then(Then::Baud(baud)),
        Request::FlashMd5 { offset, length } => loader.md5(offset, length, DIALECT).into(),
        Request::GetSecurityInfo => Ok(loader.security_info()).into(),
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
