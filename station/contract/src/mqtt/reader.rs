//! Takes the fields of MQTT packets out of bytes, without ever reading beyond them.

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use super::{PacketId, error::DecodeError, topic::is_topic_name};

/// What is left of a packet's body.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.0)
    }

    pub(super) fn byte(&mut self) -> Result<u8, DecodeError> {
        self.take(1).map(|bytes| bytes[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16, DecodeError> {
        self.take(2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    pub(super) fn packet_id(&mut self) -> Result<PacketId, DecodeError> {
        PacketId::new(self.u16()?).ok_or(DecodeError::PacketId)
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    pub(super) fn str(&mut self) -> Result<&'a str, DecodeError> {
        let text = core::str::from_utf8(self.bytes()?).map_err(|_| DecodeError::Text)?;
        if text.contains('\0') { Err(DecodeError::Text) } else { Ok(text) }
    }

    pub(super) fn text(&mut self) -> Result<String, DecodeError> {
        self.str().map(str::to_owned)
    }

    pub(super) fn topic_name(&mut self) -> Result<String, DecodeError> {
        let text = self.str()?;
        if is_topic_name(text) { Ok(text.to_owned()) } else { Err(DecodeError::TopicName) }
    }

    /// Reads items to the end of the body; at least one [MQTT-3.8.3-3, 3.10.3-2].
    pub(super) fn list<T>(&mut self, item: fn(&mut Self) -> Result<T, DecodeError>) -> Result<Vec<T>, DecodeError> {
        let mut items = Vec::new();
        while !self.0.is_empty() {
            items.push(item(self)?);
        }
        if items.is_empty() { Err(DecodeError::Empty) } else { Ok(items) }
    }
}
