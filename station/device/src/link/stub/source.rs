//! Gets the flasher stubs out of espflash, which keeps them to itself: espflash loads one into a chip that is played
//! here, on a pseudo-terminal, and what arrives is kept. So no unit's bytes ever pass through espflash's own reader, which
//! has no limit in time and does not look at a cancellation token. Knows no unit.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use espflash::command::CommandType;
use espflash::flasher::Flasher;
use espflash::target::Chip;
use serialport::{SerialPort, TTYPort};

use crate::link::error::WireError;
use crate::link::reset::connection;
use crate::link::slip::{self, Decoder};
use crate::ports::IO_TICK;

/// How long espflash may take for one stub; it takes a few hundredths of a second.
const RECORD_TIMEOUT: Duration = Duration::from_secs(5);
/// A ROM answers a SYNC this often.
const SYNC_ANSWERS: usize = 8;
/// Longest stub part that is kept.
const PART_LEN_MAX: usize = 0x1_0000;
const HEADER_LEN: usize = 8;
/// Bytes of a data command before its data: length, sequence, two that are not used.
const DATA_HEADER_LEN: usize = 16;

/// A stub: what goes where in RAM, and where it starts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::link) struct Stub {
    /// Address and bytes.
    pub(in crate::link) parts: Vec<(u32, Vec<u8>)>,
    /// Address of the first instruction.
    pub(in crate::link) entry: u32,
}

/// A chip and, where there is more than one stub for it, its revision as `major * 100 + minor`.
type Kind = (Chip, Option<u32>);

static STUBS: LazyLock<Mutex<HashMap<Kind, Arc<Stub>>>> = LazyLock::new(Mutex::default);

/// The stub for `chip`, recorded once in the life of this process.
pub(in crate::link) fn stub(chip: Chip, revision: Option<u32>) -> Result<Arc<Stub>, WireError> {
    let mut stubs = STUBS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(stub) = stubs.get(&(chip, revision)) {
        return Ok(stub.clone());
    }
    let stub = Arc::new(record(chip, revision).ok_or(WireError::NoStub { chip: chip.to_string() })?);
    stubs.insert((chip, revision), stub.clone());
    Ok(stub)
}

fn record(chip: Chip, revision: Option<u32>) -> Option<Stub> {
    let (played, port) = TTYPort::pair().ok()?;
    // It fails when the played chip hangs up; what it has loaded until then is what counts.
    let espflash =
        thread::spawn(move || drop(Flasher::try_connect(connection(port, 0), true, false, false, None, None)));
    let recorded = PlayedChip { port: played, chip, revision: revision.unwrap_or(0), stub: Stub::default() }.play();
    espflash.join().ok()?;
    recorded.filter(|stub| !stub.parts.is_empty() && stub.parts.iter().all(|(_, part)| !part.is_empty()))
}

/// A chip in its ROM loader.
struct PlayedChip {
    port: TTYPort,
    chip: Chip,
    revision: u32,
    stub: Stub,
}

impl PlayedChip {
    /// Answers until the stub is told to start.
    fn play(mut self) -> Option<Stub> {
        self.port.set_timeout(IO_TICK).ok()?;
        let deadline = Instant::now() + RECORD_TIMEOUT;
        let mut decoder = Decoder::default();
        let mut bytes = [0; 4096];
        while Instant::now() < deadline {
            let came = self.port.read(&mut bytes).unwrap_or(0);
            decoder.push(&bytes[..came]);
            while let Some(packet) = decoder.pop() {
                if self.take(&packet)? {
                    return Some(self.stub);
                }
            }
        }
        None
    }

    /// Acts on one command; true when it was the last.
    fn take(&mut self, packet: &[u8]) -> Option<bool> {
        let (header, data) = packet.split_first_chunk::<HEADER_LEN>()?;
        let command = header[1];
        let (mut repeats, mut value, mut answer) = (1, 0, Vec::new());
        match command {
            command if command == CommandType::Sync as u8 => repeats = SYNC_ANSWERS,
            command if command == CommandType::GetSecurityInfo as u8 => answer = self.security_info(),
            command if command == CommandType::ReadReg as u8 => value = self.register(word(data, 0)?),
            command if command == CommandType::MemBegin as u8 => {
                let len = usize::try_from(word(data, 0)?).ok().filter(|len| *len <= PART_LEN_MAX)?;
                self.stub.parts.push((word(data, 12)?, Vec::with_capacity(len)));
            }
            command if command == CommandType::MemData as u8 => self.keep(data)?,
            command if command == CommandType::MemEnd as u8 => {
                self.stub.entry = word(data, 4)?;
                return Some(true);
            }
            _ => {}
        }
        answer.extend([0; 4]);
        let len = u16::try_from(answer.len()).ok()?.to_le_bytes();
        let reply = [&[1, command], len.as_slice(), &u32::to_le_bytes(value), &answer].concat();
        self.port.write_all(&slip::encode(&reply).repeat(repeats)).ok()?;
        Some(false)
    }

    /// Keeps a block, without what pads its end to a word.
    fn keep(&mut self, data: &[u8]) -> Option<()> {
        let (_, part) = self.stub.parts.last_mut()?;
        let room = part.capacity() - part.len();
        let block = data.get(DATA_HEADER_LEN..)?;
        part.extend(&block[..block.len().min(room)]);
        Some(())
    }

    fn security_info(&self) -> Vec<u8> {
        [&[0; 12], u32::from(self.chip.id()).to_le_bytes().as_slice(), &[0; 4]].concat()
    }

    /// Every register is 0 but the eFuse word of an ESP32-P4 that tells its revision (espflash, `efuse::esp32p4`).
    fn register(&self, address: u32) -> u32 {
        const P4_WAFER_VERSION: u32 = 0x5012_d044 + 2 * 4;
        let (major, minor) = (self.revision / 100, self.revision % 100);
        if self.chip == Chip::Esp32p4 && address == P4_WAFER_VERSION {
            (major >> 2 & 1) << 23 | (major & 3) << 4 | minor & 0xf
        } else {
            0
        }
    }
}

fn word(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*data.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chip_of_the_line_has_a_stub_of_text_and_data() {
        let chips = [
            Chip::Esp32,
            Chip::Esp32s2,
            Chip::Esp32s3,
            Chip::Esp32c2,
            Chip::Esp32c3,
            Chip::Esp32c5,
            Chip::Esp32c6,
            Chip::Esp32h2,
            Chip::Esp32p4,
        ];
        for chip in chips {
            let stub = stub(chip, None).unwrap();
            assert_eq!(stub.parts.len(), 2, "{chip}");
            let (address, text) = &stub.parts[0];
            let end = address + u32::try_from(text.len()).unwrap();
            assert!(text.len() > 1000 && (*address..end).contains(&stub.entry), "{chip}");
        }
    }

    #[test]
    fn an_early_esp32_p4_has_its_own_stub() {
        let of = |revision| stub(Chip::Esp32p4, Some(revision)).unwrap();
        assert_ne!(of(100), of(301));
        assert_eq!(of(301), of(302));
    }
}
