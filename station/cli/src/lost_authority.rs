//! Whether the certificate authority of a record is gone. A new one in its place would be made without a word, and the
//! units on record trust the old one only.

use std::path::Path;

use firstpass_store::{Store, UnitFilter};

use crate::{exit::Failure, station::CA_DIR};

/// Files of which an authority keeps at least one, whatever became of it.
const FILES: [&str; 4] = ["root.pem", "root.key", "intermediate.key", "intermediate.pem"];

/// Refuses a record with units whose authority is not there.
pub(crate) async fn refuse(store: &dyn Store, data: &Path) -> Result<(), Failure> {
    let folder = data.join(CA_DIR);
    if FILES.iter().any(|file| folder.join(file).exists()) {
        return Ok(());
    }
    let units = store.units(&UnitFilter { after: None, standing: None, limit: 1 }).await?;
    if units.is_empty() {
        return Ok(());
    }
    Err(Failure::station(
        "ca_lost",
        "The certificate authority of this record is gone.",
        format!(
            "{} is empty or missing, and the units on record trust the authority that was there.",
            folder.display()
        ),
        "Put the folder back from its backup. When there is none, move the data folder away and begin a new one: units \
         that are in the field keep the old authority.",
    ))
}
