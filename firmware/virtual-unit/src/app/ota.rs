//! A download into the next OTA slot: streamed, verified by SHA-256, and made the one to boot.

use std::sync::Arc;
use std::time::Duration;

use firstpass_agent::OtaDownload;
use http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use rustls::ClientConfig;
use sha2::{Digest, Sha256};

use crate::flash::SECTOR;
use crate::partition::Region;
use crate::{AppContext, Flash};

use super::esp_tls::LinkFailure;
use super::https;
use super::otadata::Slots;

/// Longest pause between two pieces of the image.
const STALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Downloads, verifies and selects an image. The running one stays selected unless everything went well.
pub(super) async fn apply(
    context: &AppContext,
    download: &OtaDownload,
    tls: &Arc<ClientConfig>,
) -> Result<(), LinkFailure> {
    let slots = Slots::of(&context.partitions).ok_or_else(|| LinkFailure::named("ESP_ERR_NOT_FOUND"))?;
    let (number, slot) = slots.next_after(&context.image.partition);
    let mut response = https::get(&download.url, tls).await?;
    if response.status() != StatusCode::OK {
        return Err(LinkFailure::named("ESP_FAIL"));
    }
    let mut image = SlotWriter { flash: &context.flash, slot, written: 0, erased: 0, hash: Sha256::new() };
    while let Some(piece) = next_piece(response.body_mut()).await? {
        image.write(&piece)?;
    }
    image.verify(download)?;
    slots.select(&context.flash, number).map_err(|_| flash_failed())
}

async fn next_piece(body: &mut Incoming) -> Result<Option<bytes::Bytes>, LinkFailure> {
    let incomplete = || LinkFailure::named("ESP_ERR_HTTP_INCOMPLETE_DATA");
    let frame = tokio::time::timeout(STALL_TIMEOUT, body.frame()).await.map_err(|_| incomplete())?;
    let frame = frame.transpose().map_err(|_| incomplete())?;
    Ok(frame.map(|frame| frame.into_data().unwrap_or_default()))
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

fn flash_failed() -> LinkFailure {
    LinkFailure::named("ESP_ERR_FLASH_OP_FAIL")
}
