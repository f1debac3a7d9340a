//! Offered firmware, as curl fetches it.

use std::{sync::Arc, time::Duration};

use firstpass_domain::{Fact, RunId, Sha256Digest};
use firstpass_gateway::https::{FirmwareImage, GatewayEvent, Limits, Offer, Rate};

use crate::station::{Station, Unit, refused};

/// Bytes of the image: many chunks, and not a whole number of them.
const LEN: usize = 200_001;

fn image() -> FirmwareImage {
    let image: Arc<[u8]> = (0..LEN).map(|index| b'a' + u8::try_from(index % 23).unwrap()).collect();
    FirmwareImage { sha256: Sha256Digest::of(&image), image }
}

/// A unit, the offer made to it, and the path of the image that its provisioning answer named.
async fn offered(station: &mut Station) -> (Unit, Offer, String) {
    let unit = station.unit(false).await;
    let offer = station.provisioner.offer(unit.run, &image(), &station.url("/api/v1")).unwrap();
    let answer = station.provision(&unit).await.session();
    assert!(matches!(station.event().await, GatewayEvent::Provisioned { .. }));
    assert_eq!(answer.firmware_size_bytes, Some(u32::try_from(LEN).unwrap()));
    assert_eq!(answer.firmware_checksum_sha256, Some(image().sha256.to_string()));
    let path = answer.firmware_url.unwrap().replace(&station.url(""), "");
    (unit, offer, path)
}

/// Run, bytes and milliseconds of the next event.
async fn served(station: &mut Station) -> (RunId, u64, u64) {
    let event = station.event().await;
    let GatewayEvent::FirmwareServed { run, evidence } = event else { panic!("{event:?}") };
    let Fact::FirmwareServed { sha256, bytes, duration_ms } = evidence.fact else { panic!("{evidence:?}") };
    assert_eq!(sha256, image().sha256);
    (run, bytes, duration_ms)
}

fn text() -> String {
    String::from_utf8(image().image.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_fetches_what_it_was_offered_and_the_line_is_told() {
    let mut station = Station::start().await;
    let (unit, _offer, path) = offered(&mut station).await;
    let answer = station.curl(&path, &[]).await;
    assert_eq!((answer.status, answer.body == text()), (200, true));
    assert!(answer.head.contains(&format!("content-length: {LEN}")) && answer.head.contains("accept-ranges: bytes"));
    assert_eq!(served(&mut station).await, (unit.run, LEN as u64, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_tells_the_size_and_is_no_download() {
    let mut station = Station::start().await;
    let (unit, _offer, path) = offered(&mut station).await;
    let head = station.curl(&path, &["--head"]).await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert!(head.head.contains(&format!("content-length: {LEN}")), "{}", head.head);
    station.advance(Duration::from_secs(7));
    station.curl(&path, &[]).await;
    assert_eq!(served(&mut station).await, (unit.run, LEN as u64, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_make_up_the_whole_and_the_time_is_from_the_first_to_the_last() {
    let mut station = Station::start().await;
    let (unit, _offer, path) = offered(&mut station).await;
    let (mut body, part) = (String::new(), 60_000);
    for first in (0..LEN).step_by(part) {
        let answer = station.curl(&path, &["-r", &format!("{first}-{}", first + part - 1)]).await;
        let last = (first + part).min(LEN) - 1;
        assert_eq!(answer.status, 206);
        assert!(answer.head.contains(&format!("content-range: bytes {first}-{last}/{LEN}")), "{}", answer.head);
        body += &answer.body;
        station.advance(Duration::from_secs(1));
    }
    assert!(body == text());
    assert_eq!(served(&mut station).await, (unit.run, LEN as u64, 3000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_alone_is_no_download() {
    let mut station = Station::start().await;
    let (_unit, _offer, path) = offered(&mut station).await;
    assert_eq!(station.curl(&path, &["-r", "1-"]).await.status, 206);
    let other = station.unit(false).await;
    station.provision(&other).await.session();
    assert!(matches!(station.event().await, GatewayEvent::Provisioned { run, .. } if run == other.run));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_behind_the_end_is_416_and_several_ranges_get_the_whole() {
    let mut station = Station::start().await;
    let (_unit, _offer, path) = offered(&mut station).await;
    let behind = station.curl(&path, &["-r", &format!("{LEN}-")]).await;
    assert_eq!(behind.refusal(), refused(416, "range_not_satisfiable"));
    assert!(behind.head.contains(&format!("content-range: bytes */{LEN}")), "{}", behind.head);
    assert_eq!(station.curl(&path, &["-r", "0-1,5-6"]).await.status, 200);
    let other_image = ["-r", "0-1", "-H", "If-Range: \"another\""];
    assert_eq!(station.curl(&path, &other_image).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_was_not_told_or_whose_run_ended_is_404() {
    let mut station = Station::start().await;
    let (unit, offer, path) = offered(&mut station).await;
    let guessed = format!("{}x", &path[..path.len() - 1]);
    assert_eq!(station.curl(&guessed, &[]).await.refusal(), refused(404, "no_such_firmware"));
    let _second = station.provisioner.offer(unit.run, &image(), &station.url("/api/v1")).unwrap();
    assert_eq!(station.curl(&path, &[]).await.refusal(), refused(404, "no_such_firmware"));
    // The end of the first offer does not take the second one away.
    drop(offer);
    let other = station.unit(false).await;
    let third = station.provisioner.offer(other.run, &image(), &station.url("/api/v1")).unwrap();
    let told = station.provision(&other).await.session().firmware_url.unwrap().replace(&station.url(""), "");
    assert_eq!(station.curl(&told, &["-r", "0-0"]).await.status, 206);
    drop(third);
    assert_eq!(station.curl(&told, &[]).await.refusal(), refused(404, "no_such_firmware"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_without_an_offer_is_told_of_no_firmware() {
    let mut station = Station::start().await;
    let (_unit, _offer, _path) = offered(&mut station).await;
    let other = station.unit(false).await;
    let answer = station.provision(&other).await.session();
    assert_eq!((answer.firmware_url, answer.firmware_checksum_sha256, answer.firmware_size_bytes), (None, None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_are_held_to_the_rate_of_strangers_and_a_download_to_its_own() {
    let slow = Duration::from_secs(3600);
    let limits = Limits {
        per_peer: Rate { burst: 3, interval: slow },
        per_download: Rate { burst: 2, interval: slow },
        ..Limits::default()
    };
    let mut station = Station::with(limits).await;
    let (_unit, _offer, path) = offered(&mut station).await;
    for status in [404, 404, 429] {
        assert_eq!(station.curl("/api/v1/firmware/guess", &[]).await.status, status);
    }
    for status in [206, 206, 429] {
        assert_eq!(station.curl(&path, &["-r", "0-9"]).await.status, status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_no_unit_could_store_is_refused_before_it_is_told() {
    let station = Station::start().await;
    let unit = station.unit(false).await;
    let base = format!("https://{}/api/v1", "x".repeat(500));
    let error = station.provisioner.offer(unit.run, &image(), &base).err().unwrap();
    assert!(std::error::Error::source(&error).is_some(), "{error}");
}
