//! Finds the units that a text names exactly, each through the index of that name.

use super::{Named, Text};
use crate::{MatchedBy, StoreError, db::values, tx::Tx};

/// In the order of [`MatchedBy`], each unit once.
pub(super) async fn find(tx: &mut Tx, text: &Text) -> Result<Vec<Named>, StoreError> {
    let mut found = Vec::new();
    for by in MatchedBy::ALL {
        for named in by_name(tx, by, text).await? {
            if found.iter().all(|known: &Named| known.mac != named.mac) {
                found.push(named);
            }
        }
    }
    Ok(found)
}

async fn by_name(tx: &mut Tx, by: MatchedBy, text: &Text) -> Result<Vec<Named>, StoreError> {
    let [typed, upper, lower] = text.names();
    let (sql, values) = match (by, text.mac(), text.fingerprint(), text.hexadecimal()) {
        (MatchedBy::Mac, Some(mac), _, _) => ("SELECT mac, '' FROM units WHERE mac = $1", values![mac]),
        (MatchedBy::Serial, ..) => {
            ("SELECT mac, serial FROM serials WHERE serial IN ($1, $2, $3)", values![typed, upper, lower])
        }
        (MatchedBy::DeviceId, ..) => {
            ("SELECT mac, device_id FROM sessions WHERE device_id IN ($1, $2, $3)", values![typed, upper, lower])
        }
        (MatchedBy::CertificateSerial, _, _, Some(serial)) => {
            ("SELECT mac, serial FROM certificates WHERE serial = $1 AND mac IS NOT NULL", values![serial])
        }
        (MatchedBy::Fingerprint, _, Some(print), _) => {
            let sql = "SELECT mac, $2 FROM certificates WHERE fingerprint = $1 AND mac IS NOT NULL";
            (sql, values![print, print.to_string()])
        }
        (MatchedBy::Mac | MatchedBy::CertificateSerial | MatchedBy::Fingerprint, ..) => return Ok(Vec::new()),
    };
    let rows = tx.rows(sql, values).await?;
    rows.into_iter().map(|mut row| Ok(Named { mac: row.next()?, by, name: row.next()? })).collect()
}
