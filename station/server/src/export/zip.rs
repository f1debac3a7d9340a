//! A ZIP archive that is written once from front to back, with members of any length. Knows no record and no network.
//!
//! Layout: PKWARE's APPNOTE 6.3.10. Sizes stand behind each member (its data descriptor), always in the form of Zip64, so
//! that nothing must be known beforehand; every member is deflated, which tells a reader where it ends.

use std::io::{self, Write};

use firstpass_domain::Sha256Digest;
use flate2::{Compression, Crc, write::DeflateEncoder};
use sha2::{Digest, Sha256};

/// Version needed to read it: 4.5, for Zip64.
const VERSION: u16 = 45;
/// Sizes follow the member (bit 3); names are UTF-8 (bit 11).
const FLAGS: u16 = 1 << 3 | 1 << 11;
const DEFLATED: u16 = 8;
/// 1980-01-01, 00:00: the manifest tells the time; the archive of the same rows is the same bytes.
const DOS_TIME: u16 = 0;
const DOS_DATE: u16 = 1 << 5 | 1;
/// In the place of a size or an offset that stands in the Zip64 field.
const ELSEWHERE: u32 = u32::MAX;
const ZIP64_FIELD: u16 = 1;

/// A member that is complete.
#[derive(Debug, Clone)]
pub(super) struct Written {
    /// Its name.
    pub(super) name: String,
    /// Its length before it was packed.
    pub(super) bytes: u64,
    /// SHA-256 of its content, as `sha256sum` finds it after unpacking.
    pub(super) sha256: Sha256Digest,
    crc: u32,
    packed: u64,
    offset: u64,
}

/// An archive between two members.
pub(super) struct Archive<W: Write> {
    sink: Counted<W>,
    written: Vec<Written>,
}

/// A member that is being written.
pub(super) struct Member<W: Write> {
    deflate: DeflateEncoder<Counted<W>>,
    crc: Crc,
    sha256: Sha256,
    bytes: u64,
    name: String,
    offset: u64,
    /// Where its packed bytes begin.
    begin: u64,
    written: Vec<Written>,
}

impl<W: Write> Archive<W> {
    pub(super) const fn new(sink: W) -> Self {
        Self { sink: Counted { inner: sink, count: 0 }, written: Vec::new() }
    }

    /// The members so far.
    pub(super) fn written(&self) -> &[Written] {
        &self.written
    }

    /// What it is written to.
    pub(super) const fn sink_mut(&mut self) -> &mut W {
        &mut self.sink.inner
    }

    /// Begins a member. `name` is a plain file name.
    pub(super) fn member(mut self, name: impl Into<String>) -> io::Result<Member<W>> {
        let (name, offset) = (name.into(), self.sink.count);
        let mut header = Bytes::new(*b"PK\x03\x04");
        header.u16(VERSION).u16(FLAGS).u16(DEFLATED).u16(DOS_TIME).u16(DOS_DATE);
        header.u32(0).u32(ELSEWHERE).u32(ELSEWHERE).u16(len16(&name)).u16(20).text(&name);
        header.u16(ZIP64_FIELD).u16(16).u64(0).u64(0);
        self.sink.write_all(&header.0)?;
        let (begin, written) = (self.sink.count, self.written);
        let deflate = DeflateEncoder::new(self.sink, Compression::fast());
        Ok(Member { deflate, crc: Crc::new(), sha256: Sha256::new(), bytes: 0, name, offset, begin, written })
    }

    /// Writes the directory of the members, which ends the archive.
    pub(super) fn finish(mut self) -> io::Result<W> {
        let begin = self.sink.count;
        for written in &self.written {
            self.sink.write_all(&directory_entry(written).0)?;
        }
        let end = self.sink.count;
        let count = self.written.len() as u64;
        let mut tail = Bytes::new(*b"PK\x06\x06");
        tail.u64(44).u16(VERSION).u16(VERSION).u32(0).u32(0).u64(count).u64(count).u64(end - begin).u64(begin);
        tail.bytes(b"PK\x06\x07").u32(0).u64(end).u32(1);
        tail.bytes(b"PK\x05\x06").u16(0).u16(0).u16(u16::MAX).u16(u16::MAX).u32(ELSEWHERE).u32(ELSEWHERE).u16(0);
        self.sink.write_all(&tail.0)?;
        Ok(self.sink.inner)
    }
}

fn directory_entry(written: &Written) -> Bytes {
    let Written { name, bytes, crc, packed, offset, .. } = written;
    let mut entry = Bytes::new(*b"PK\x01\x02");
    entry.u16(VERSION).u16(VERSION).u16(FLAGS).u16(DEFLATED).u16(DOS_TIME).u16(DOS_DATE);
    entry.u32(*crc).u32(ELSEWHERE).u32(ELSEWHERE).u16(len16(name)).u16(28).u16(0).u16(0).u16(0).u32(0);
    entry.u32(ELSEWHERE).text(name).u16(ZIP64_FIELD).u16(24).u64(*bytes).u64(*packed).u64(*offset);
    entry
}

impl<W: Write> Member<W> {
    /// Ends the member.
    pub(super) fn finish(self) -> io::Result<Archive<W>> {
        let Self { deflate, crc, sha256, bytes, name, offset, begin, mut written } = self;
        let mut sink = deflate.finish()?;
        let packed = sink.count - begin;
        let mut descriptor = Bytes::new(*b"PK\x07\x08");
        descriptor.u32(crc.sum()).u64(packed).u64(bytes);
        sink.write_all(&descriptor.0)?;
        let sha256 = Sha256Digest::new(sha256.finalize().into());
        written.push(Written { name, bytes, sha256, crc: crc.sum(), packed, offset });
        Ok(Archive { sink, written })
    }
}

impl<W: Write> Write for Member<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.deflate.write(bytes)?;
        self.crc.update(&bytes[..count]);
        self.sha256.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    /// Does nothing: to flush in the middle costs packing, and nobody reads an archive before it is complete.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Counted<W> {
    inner: W,
    count: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.count += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Little-endian fields one after the other.
struct Bytes(Vec<u8>);

impl Bytes {
    fn new(signature: [u8; 4]) -> Self {
        Self(signature.to_vec())
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend(bytes);
        self
    }

    fn u16(&mut self, number: u16) -> &mut Self {
        self.bytes(&number.to_le_bytes())
    }

    fn u32(&mut self, number: u32) -> &mut Self {
        self.bytes(&number.to_le_bytes())
    }

    fn u64(&mut self, number: u64) -> &mut Self {
        self.bytes(&number.to_le_bytes())
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }
}

fn len16(name: &str) -> u16 {
    u16::try_from(name.len()).expect("names of members are short")
}
