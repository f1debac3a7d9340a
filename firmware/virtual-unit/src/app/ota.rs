//! A download into the next OTA slot: piece by piece with `Range`, as `esp_https_ota` does with partial downloads,
//! verified by SHA-256 and as an image, and made the one to boot.

use std::time::Duration;

use firstpass_agent::OtaDownload;
use http::header::CONTENT_RANGE;
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use sha2::{Digest, Sha256};

use crate::flash::SECTOR;
use crate::otadata::{self, OtaData};
use crate::partition::Region;
use crate::{AppContext, Flash};

use super::esp_tls::LinkFailure;
use super::https::Client;

/// Longest pause between two pieces of a body.
const STALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes that one request asks for.
const PIECE_BYTES: u32 = 256 * 1024;

/// Downloads, verifies and selects an image. The running one stays selected unless everything went well.
pub(super) async fn apply(
    context: &AppContext,
    download: &OtaDownload,
    client: &mut Client,
) -> Result<(), LinkFailure> {
    let limit = Duration::from_millis(download.timeout_ms.into());
    let whole = fetch(context, download, client);
    tokio::time::timeout(limit, whole).await.unwrap_or_else(|_| Err(LinkFailure::named("ESP_ERR_TIMEOUT")))
}

async fn fetch(context: &AppContext, download: &OtaDownload, client: &mut Client) -> Result<(), LinkFailure> {
    let slots = otadata::slots(&context.partitions);
    let data = OtaData::read(&context.flash, &context.partitions).map_err(|_| not_found())?;
    let current = slots.iter().position(|slot| slot.region == context.image.partition.region);
    let number = current.map_or(0, |number| (number + 1) % slots.len());
    let slot = slots.get(number).ok_or_else(not_found)?.region;
    let mut image = SlotWriter { flash: &context.flash, slot, written: 0, erased: 0, hash: Sha256::new() };
    while image.next(&download.url, client).await? {}
    image.verify(download)?;
    data.select(&context.flash, number, slots.len()).map_err(|_| flash_failed())
}

/// Fills a slot from its start, erasing as it goes.
struct SlotWriter<'a> {
    flash: &'a Flash,
    slot: Region,
    written: u32,
    erased: u32,
    hash: Sha256,
}

impl SlotWriter<'_> {
    /// Fetches the next piece; returns whether there is more.
    async fn next(&mut self, url: &str, client: &mut Client) -> Result<bool, LinkFailure> {
        let first = self.written;
        let range = format!("bytes={first}-{}", first + PIECE_BYTES - 1);
        let mut response = client.get(url, &range).await?;
        let size = match response.status() {
            // A server that knows no ranges sends everything at once.
            StatusCode::OK if first == 0 => None,
            StatusCode::PARTIAL_CONTENT => Some(whole_size(&response, first)?),
            _ => return Err(LinkFailure::named("ESP_FAIL")),
        };
        while let Some(piece) = next_piece(response.body_mut()).await? {
            self.write(&piece)?;
        }
        match size {
            Some(size) if self.written < size && self.written > first => Ok(true),
            Some(size) if self.written == size => Ok(false),
            Some(_) => Err(incomplete()),
            None => Ok(false),
        }
    }

    fn write(&mut self, piece: &[u8]) -> Result<(), LinkFailure> {
        let length = u32::try_from(piece.len()).unwrap_or(u32::MAX);
        let end = self.written.saturating_add(length);
        if end > self.slot.size {
            return Err(LinkFailure::named("ESP_ERR_INVALID_SIZE"));
        }
        while self.erased < end {
            self.flash.erase(self.slot.offset + self.erased, SECTOR).map_err(|_| flash_failed())?;
            self.erased += SECTOR;
        }
        self.flash.write(self.slot.offset + self.written, piece).map_err(|_| flash_failed())?;
        self.hash.update(piece);
        self.written = end;
        Ok(())
    }

    fn verify(self, expected: &OtaDownload) -> Result<(), LinkFailure> {
        let hash: String = self.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let size_fits = expected.size.is_none_or(|size| size == self.written);
        match size_fits && hash.eq_ignore_ascii_case(&expected.sha256) {
            true => Ok(()),
            false => Err(LinkFailure::named("ESP_ERR_OTA_VALIDATE_FAILED")),
        }
    }
}

/// `98304` out of `bytes 0-65535/98304`, of an answer that begins where it was asked to.
fn whole_size(response: &Response<Incoming>, first: u32) -> Result<u32, LinkFailure> {
    let text = response.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
    let parse = |text: &str| {
        let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
        let begins: u32 = range.split_once('-')?.0.parse().ok()?;
        size.parse().ok().filter(|_| begins == first)
    };
    text.and_then(parse).ok_or_else(|| LinkFailure::named("ESP_FAIL"))
}

async fn next_piece(body: &mut Incoming) -> Result<Option<bytes::Bytes>, LinkFailure> {
    let frame = tokio::time::timeout(STALL_TIMEOUT, body.frame()).await.map_err(|_| incomplete())?;
    let frame = frame.transpose().map_err(|_| incomplete())?;
    Ok(frame.map(|frame| frame.into_data().unwrap_or_default()))
}

fn incomplete() -> LinkFailure {
    LinkFailure::named("ESP_ERR_HTTP_INCOMPLETE_DATA")
}

fn not_found() -> LinkFailure {
    LinkFailure::named("ESP_ERR_NOT_FOUND")
}

fn flash_failed() -> LinkFailure {
    LinkFailure::named("ESP_ERR_FLASH_OP_FAIL")
}
