//! The error bytes of the ROM, after Espressif's "Serial Protocol". What is not in there was seen in the real ROM.

/// The packet is no valid request.
pub(super) const INVALID: u8 = 0x05;
/// The request is valid and cannot be carried out.
pub(super) const FAILED: u8 = 0x06;
pub(super) const CHECKSUM: u8 = 0x07;
/// What was written does not read back.
pub(super) const WRITE: u8 = 0x08;
pub(super) const READ: u8 = 0x09;
/// More is to be read than an answer holds.
pub(super) const READ_LENGTH: u8 = 0x0a;
/// Encrypted writing is not possible.
pub(super) const ENCRYPTED: u8 = 0x64;

/// The error for a status of the inflater, which is below zero.
pub(super) fn inflate(status: i8) -> u8 {
    10 + status.unsigned_abs()
}
