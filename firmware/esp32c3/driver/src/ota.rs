//! A download into the next OTA slot: piece by piece with `Range`, as `esp_https_ota` does with partial downloads,
//! verified by SHA-256, read back, and made the one to boot.

use alloc::format;
use alloc::vec::Vec;

use embassy_time::{Duration, with_timeout};
use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use firstpass_agent::{EspError, OtaDownload};
use sha2::{Digest, Sha256};

use crate::flash::{RegionFlash, SECTOR};
use crate::http::{Body, Client, Head};
use crate::image::hex;
use crate::{Firmware, LinkFailure, OtaData, PartitionTable, Platform, Region};

/// Longest pause between two pieces of a body.
const STALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes that one request asks for.
const PIECE_BYTES: u32 = 256 * 1024;
/// What an erased byte of flash reads as.
const ERASED: u8 = 0xff;

/// Downloads, verifies and selects an image. The running one stays selected unless everything went well.
pub(crate) async fn apply<P: Platform>(
    platform: &P,
    table: &PartitionTable,
    firmware: &Firmware,
    download: &OtaDownload,
    client: &mut Client<'_, P>,
) -> Result<(), LinkFailure> {
    let limit = Duration::from_millis(download.timeout_ms.into());
    let whole = fetch(platform, table, firmware, download, client);
    with_timeout(limit, whole).await.unwrap_or_else(|_| Err(named("ESP_ERR_TIMEOUT")))
}

async fn fetch<P: Platform>(
    platform: &P,
    table: &PartitionTable,
    firmware: &Firmware,
    download: &OtaDownload,
    client: &mut Client<'_, P>,
) -> Result<(), LinkFailure> {
    let slots = table.slots();
    let mut data = OtaData::read(platform.flash(), table).map_err(LinkFailure::named)?;
    let current = slots.iter().position(|slot| slot.offset == firmware.running_at);
    let number = current.map_or(0, |number| (number + 1) % slots.len());
    let slot = slots.get(number).copied().filter(|slot| slot.offset != firmware.running_at);
    let slot = slot.ok_or_else(|| named("ESP_ERR_NOT_FOUND"))?;
    let mut writer = SlotWriter {
        flash: RegionFlash { flash: platform.flash(), region: slot },
        slot,
        sector: Vec::with_capacity(SECTOR as usize),
        flushed: 0,
        hash: Sha256::new(),
    };
    while writer.next(platform, &download.url, client).await? {}
    writer.finish(download)?;
    data.select(number, slots.len()).map_err(LinkFailure::named)
}

/// Fills a slot from its start, sector by sector.
struct SlotWriter<'a, F> {
    flash: RegionFlash<'a, F>,
    slot: Region,
    /// What has come and is not in the flash yet; less than a sector.
    sector: Vec<u8>,
    flushed: u32,
    hash: Sha256,
}

impl<F: NorFlash> SlotWriter<'_, F> {
    /// Fetches the next piece; returns whether there is more.
    async fn next<P: Platform>(
        &mut self,
        platform: &P,
        url: &str,
        client: &mut Client<'_, P>,
    ) -> Result<bool, LinkFailure> {
        let first = self.received();
        let range = format!("bytes={first}-{}", first + PIECE_BYTES - 1);
        let (head, mut body) = client.get(url, &range).await?;
        let size = match head.status {
            // A server that knows no ranges sends everything at once.
            200 if first == 0 => None,
            206 => Some(whole_size(&head, first)?),
            _ => return Err(named("ESP_FAIL")),
        };
        while let Some(piece) = next_piece(&mut body).await? {
            self.write(&piece)?;
            platform.alive();
        }
        if head.content_length.is_none() && !head.chunked {
            client.forget();
        }
        match size {
            Some(size) if self.received() < size && self.received() > first => Ok(true),
            Some(size) if self.received() == size => Ok(false),
            Some(_) => Err(incomplete()),
            None => Ok(false),
        }
    }

    fn received(&self) -> u32 {
        self.flushed + self.sector.len() as u32
    }

    fn write(&mut self, mut piece: &[u8]) -> Result<(), LinkFailure> {
        self.hash.update(piece);
        while !piece.is_empty() {
            let room = SECTOR as usize - self.sector.len();
            let (now, later) = piece.split_at(piece.len().min(room));
            self.sector.extend_from_slice(now);
            piece = later;
            if self.sector.len() == SECTOR as usize {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), LinkFailure> {
        let used = self.sector.len() as u32;
        if self.flushed + SECTOR > self.slot.size {
            return Err(named("ESP_ERR_INVALID_SIZE"));
        }
        self.sector.resize(SECTOR as usize, ERASED);
        self.flash.erase(self.flushed, self.flushed + SECTOR).map_err(|_| flash_failed())?;
        self.flash.write(self.flushed, &self.sector).map_err(|_| flash_failed())?;
        self.flushed += used;
        self.sector.clear();
        Ok(())
    }

    /// Compares what came with what was announced, and what is in the flash with what came.
    fn finish(mut self, expected: &OtaDownload) -> Result<(), LinkFailure> {
        if !self.sector.is_empty() {
            self.flush()?;
        }
        let came = self.hash.clone().finalize();
        let right = expected.size.is_none_or(|size| size == self.flushed);
        if !right || !hex(&came).eq_ignore_ascii_case(&expected.sha256) || self.read_back()? != came.as_slice() {
            return Err(named("ESP_ERR_OTA_VALIDATE_FAILED"));
        }
        Ok(())
    }

    fn read_back(&mut self) -> Result<Vec<u8>, LinkFailure> {
        let mut hash = Sha256::new();
        let mut sector = core::mem::take(&mut self.sector);
        sector.resize(SECTOR as usize, ERASED);
        let mut at = 0;
        while at < self.flushed {
            let length = (self.flushed - at).min(SECTOR) as usize;
            self.flash.read(at, &mut sector[..length]).map_err(|_| flash_failed())?;
            hash.update(&sector[..length]);
            at += length as u32;
        }
        Ok(hash.finalize().to_vec())
    }
}

/// `98304` out of `bytes 0-65535/98304`, of an answer that begins where it was asked to.
fn whole_size(head: &Head, first: u32) -> Result<u32, LinkFailure> {
    let parse = |text: &str| {
        let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
        let begins: u32 = range.split_once('-')?.0.parse().ok()?;
        size.parse().ok().filter(|_| begins == first)
    };
    head.content_range.as_deref().and_then(parse).ok_or_else(|| named("ESP_FAIL"))
}

async fn next_piece<S: embedded_io_async::Read + embedded_io_async::Write>(
    body: &mut Body<'_, '_, S>,
) -> Result<Option<Vec<u8>>, LinkFailure> {
    with_timeout(STALL_TIMEOUT, body.next()).await.unwrap_or_else(|_| Err(incomplete()))
}

fn named(name: &'static str) -> LinkFailure {
    LinkFailure::named(EspError(name))
}

fn incomplete() -> LinkFailure {
    named("ESP_ERR_HTTP_INCOMPLETE_DATA")
}

fn flash_failed() -> LinkFailure {
    named("ESP_ERR_FLASH_OP_FAIL")
}
