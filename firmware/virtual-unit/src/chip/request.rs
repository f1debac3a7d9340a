//! The requests to the stub, parsed. Knows the packets, not what they do.
//!
//! After Espressif's "Serial Protocol" (docs.espressif.com, esptool, ESP32-C3): direction 0, command, size of the
//! data (u16), checksum (u32), data; all numbers little endian.

/// Length of the header of a request and of a reply, in bytes.
pub(crate) const HEADER: usize = 8;
/// Start of the checksum of a data block.
const CHECKSUM_SEED: u8 = 0xef;

/// Where an upload goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Medium {
    /// Flash, as it comes.
    Flash,
    /// Flash, from a zlib stream.
    Deflated,
    /// RAM.
    Ram,
}

/// The announcement of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Begin {
    /// Bytes that are to be written (for the ROM: erased).
    pub(crate) size: u32,
    /// Length of a block.
    pub(crate) block_size: u32,
    /// Where they go: a flash offset or an address in RAM.
    pub(crate) offset: u32,
}

/// A write to a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RegisterWrite {
    pub(crate) address: u32,
    pub(crate) value: u32,
    pub(crate) mask: u32,
}

/// What the host asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request<'a> {
    Begin { medium: Medium, begin: Begin },
    Data { medium: Medium, bytes: &'a [u8], sound: bool },
    FlashEnd { reboot: bool },
    MemEnd { entry: u32, stay: bool },
    Sync,
    ReadRegister { address: u32 },
    WriteRegisters(Vec<RegisterWrite>),
    SpiSetParams,
    SpiAttach,
    ReadFlashSlow { offset: u32, length: u32 },
    ChangeBaud { baud: u32 },
    FlashMd5 { offset: u32, length: u32 },
    GetSecurityInfo,
    EraseFlash,
    EraseRegion { offset: u32, length: u32 },
    ReadFlash { offset: u32, length: u32, block: u32, in_flight: u32 },
    RunUserCode,
}

/// The command byte of `packet`, if it is a request at all.
pub(crate) fn opcode(packet: &[u8]) -> Option<u8> {
    (packet.len() >= HEADER && packet[0] == 0).then(|| packet[1])
}

/// Parses a request; `None` when the command is unknown or its data too short.
pub(crate) fn parse(packet: &[u8]) -> Option<Request<'_>> {
    let opcode = opcode(packet)?;
    let length = usize::from(u16::from_le_bytes([packet[2], packet[3]]));
    let data = packet[HEADER..].get(..length)?;
    let at = |index: usize| word(data, index);
    Some(match opcode {
        0x02 => Request::Begin { medium: Medium::Flash, begin: begin(data)? },
        0x03 => block(Medium::Flash, packet[4], data)?,
        0x04 | 0x12 => Request::FlashEnd { reboot: at(0)? == 0 },
        0x05 => Request::Begin { medium: Medium::Ram, begin: begin(data)? },
        0x06 => Request::MemEnd { stay: at(0)? != 0, entry: at(1)? },
        0x07 => block(Medium::Ram, packet[4], data)?,
        0x08 => Request::Sync,
        0x09 => Request::WriteRegisters(register_writes(data)?),
        0x0a => Request::ReadRegister { address: at(0)? },
        0x0b => Request::SpiSetParams,
        0x0d => Request::SpiAttach,
        0x0e => Request::ReadFlashSlow { offset: at(0)?, length: at(1)? },
        0x0f => Request::ChangeBaud { baud: at(0)? },
        0x10 => Request::Begin { medium: Medium::Deflated, begin: begin(data)? },
        0x11 => block(Medium::Deflated, packet[4], data)?,
        0x13 => Request::FlashMd5 { offset: at(0)?, length: at(1)? },
        0x14 => Request::GetSecurityInfo,
        0xd0 => Request::EraseFlash,
        0xd1 => Request::EraseRegion { offset: at(0)?, length: at(1)? },
        0xd2 => Request::ReadFlash { offset: at(0)?, length: at(1)?, block: at(2)?, in_flight: at(3)? },
        0xd3 => Request::RunUserCode,
        _ => return None,
    })
}

fn begin(data: &[u8]) -> Option<Begin> {
    Some(Begin { size: word(data, 0)?, block_size: word(data, 2)?, offset: word(data, 3)? })
}

fn block(medium: Medium, checksum: u8, data: &[u8]) -> Option<Request<'_>> {
    let length = word(data, 0)? as usize;
    let bytes = data.get(16..)?;
    let sum = bytes.iter().fold(CHECKSUM_SEED, |sum, byte| sum ^ byte);
    Some(Request::Data { medium, bytes, sound: sum == checksum && bytes.len() == length })
}

fn register_writes(data: &[u8]) -> Option<Vec<RegisterWrite>> {
    let write =
        |group: &[u8]| Some(RegisterWrite { address: word(group, 0)?, value: word(group, 1)?, mask: word(group, 2)? });
    data.chunks(16).map(write).collect()
}

fn word(data: &[u8], index: usize) -> Option<u32> {
    let bytes = data.get(index * 4..index * 4 + 4)?;
    Some(u32::from_le_bytes(bytes.try_into().expect("a slice of four bytes")))
}
