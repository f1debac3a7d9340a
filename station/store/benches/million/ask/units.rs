//! Finding units by each of their names and by parts of them.

use firstpass_domain::Mac;
use firstpass_store::{Search as _, SqliteStore, StoreError, UnitSearch};

use super::Asked;
use crate::{floor, unit};

/// Rows of a page.
const PAGE: u32 = 50;

async fn find(store: &SqliteStore, text: String, after: Option<Mac>) -> Result<usize, StoreError> {
    Ok(store.search_units(&UnitSearch { text, after, limit: PAGE }).await?.len())
}

/// Names of a unit: serial number, device id, certificate's serial number and fingerprint.
fn names(unit: usize) -> [String; 4] {
    [
        unit::serial(unit).to_string(),
        unit::device_of(unit).to_string(),
        unit::certificate_of(unit),
        unit::print_of(unit),
    ]
}

pub(super) async fn ask(asked: &mut Asked<'_>) -> Result<(), StoreError> {
    let (store, units) = (asked.store, asked.units);
    let any = move |number: u64| number as usize % units;
    let mac = move |number| floor::mac(any(number));
    let name = move |number, kind: usize| names(any(number))[kind].clone();
    asked.time("unit by MAC", |n| find(store, mac(n).to_string(), None)).await?;
    asked.time("unit by MAC without colons", |n| find(store, mac(n).to_string().replace(':', ""), None)).await?;
    asked.time("unit by serial number", |n| find(store, name(n, 0), None)).await?;
    asked.time("unit by serial number in lower case", |n| find(store, name(n, 0).to_lowercase(), None)).await?;
    asked.time("unit by device id", |n| find(store, name(n, 1), None)).await?;
    asked.time("unit by certificate serial number", |n| find(store, name(n, 2), None)).await?;
    asked.time("unit by fingerprint", |n| find(store, name(n, 3), None)).await?;
    asked
        .time("units by the end of a MAC (3 octets)", |n| find(store, mac(n).to_string()[9..].to_owned(), None))
        .await?;
    asked.time("units by 4 digits of a MAC", |n| find(store, mac(n).to_string()[10..15].to_owned(), None)).await?;
    asked.time("units by what all MACs begin with", |_| find(store, "60:55:f9".to_owned(), None)).await?;
    asked
        .time("units by the middle of a serial number (5)", |n| find(store, name(n, 0)[3..8].to_owned(), None))
        .await?;
    asked.time("units by the end of a serial number (6)", |n| find(store, name(n, 0)[4..].to_owned(), None)).await?;
    asked.time("units by most of a serial number (9)", |n| find(store, name(n, 0)[..9].to_owned(), None)).await?;
    asked.time("units by 8 characters of a device id", |n| find(store, name(n, 1)[8..16].to_owned(), None)).await?;
    asked
        .time("units by 10 digits of a certificate's number", |n| find(store, name(n, 2)[7..17].to_owned(), None))
        .await?;
    asked.time("units by 8 digits of a fingerprint", |n| find(store, name(n, 3)[20..28].to_owned(), None)).await?;
    asked.time("units by 16 digits of a fingerprint", |n| find(store, name(n, 3)[30..46].to_owned(), None)).await?;
    asked.time("units by 3 digits of anything", |n| find(store, name(n, 3)[5..8].to_owned(), None)).await?;
    asked.time("units by 5 digits of anything", |n| find(store, name(n, 3)[5..10].to_owned(), None)).await?;
    let odd =
        ["zzz", "00000000", "000000000000", "ffffffff", "fp-none", "dev-0000", "5f9000", "12345678", "p0000", "f900f9"];
    for text in odd {
        asked.time(&format!("units by {text}"), |_| find(store, text.to_owned(), None)).await?;
    }
    asked.time("units by FP0, a page deep in", |n| find(store, "FP0".to_owned(), Some(mac(n)))).await?;
    asked.time("units by 4 digits, a page deep in", |n| find(store, name(n, 3)[5..9].to_owned(), Some(mac(n)))).await
}
