//! The second stage: the field image goes over the factory image, NVS untouched, and the unit must come up with it.

use std::sync::Arc;

use firstpass_device::{PreparedImage, Region};
use firstpass_domain::{
    Evidence, Fact, Mac, Step, Verdict,
    evidence::{LinkFault, RegionDigest},
    judge,
};

use super::{Driver, Hardware, Witnessed, hardware::ActError};
use crate::StationError;

/// Flash is erased by the sector.
const SECTOR: u32 = 0x1000;
/// A byte of erased flash.
const ERASED: u8 = 0xff;

impl Driver {
    /// Resets the unit into its loader, makes sure that it is the same, and writes the field image.
    pub(super) async fn flash_field(&mut self) -> Result<(), StationError> {
        self.end_capture().await?;
        if let Verdict::Fail(_) = judge(&self.context.recipe.policy, &self.evidence) {
            return Ok(());
        }
        match self.read_mac_again().await {
            Ok(mac) => self.testify(Fact::Reconnected { mac }).await?,
            Err(error) => return self.testify_failure(error).await,
        }
        // Another unit's flash is not to be touched.
        if let Verdict::Fail(_) = judge(&self.context.recipe.policy, &self.evidence) {
            return Ok(());
        }
        match self.write_field().await {
            Ok(digests) => {
                let at = self.now();
                let fact = |digest| Evidence { at, fact: Fact::RegionWritten(digest) };
                let written = digests.into_iter().map(|digest| Witnessed { evidence: fact(digest), recorded: false });
                self.take_in(written.collect()).await
            }
            Err(error) => self.testify_failure(error).await,
        }
    }

    async fn read_mac_again(&mut self) -> Result<Mac, ActError> {
        let mut link = self.connect(Step::FieldFlash).await?;
        let (link, mac) = self
            .act(Step::FieldFlash, "reading the MAC again", move |_| {
                let mac = link.read_mac()?;
                Ok((link, mac))
            })
            .await?;
        self.note_link(&link).await?;
        self.hardware = Hardware::Linked(link);
        Ok(mac)
    }

    /// Erases what the factory image would leave behind, then writes the field's regions.
    async fn write_field(&mut self) -> Result<Vec<RegionDigest>, ActError> {
        let (field, factory) = (self.field_regions(), self.first_regions());
        let own: Vec<&Region> =
            factory.iter().filter(|region| region.offset != self.context.recipe.nvs.offset).collect();
        let left = leftovers(&own, &field);
        let erased = self.write_regions(Step::FieldFlash, left).await?;
        if let Some(still) = erased.iter().find(|digest| !digest.md5_matches) {
            let detail = format!("{} bytes at {:#x} were not erased", still.len, still.offset);
            return Err(ActError::Fact(Fact::LinkFailed {
                step: Step::FieldFlash,
                fault: LinkFault::VerifyFailed,
                detail,
            }));
        }
        self.write_regions(Step::FieldFlash, field).await
    }

    /// What the second stage writes.
    pub(super) fn field_regions(&self) -> Vec<Region> {
        self.context.recipe.field.as_ref().map(|field| field.regions.clone()).unwrap_or_default()
    }

    /// Lets the field image run, with a new capture into the same log, and waits for its proof of life.
    pub(super) async fn connect_field(&mut self) -> Result<(), StationError> {
        (self.stage_began, self.pinged) = (self.evidence.len(), None);
        if self.start_unit(Step::FieldConnect).await? { self.watch(Step::FieldConnect).await } else { Ok(()) }
    }
}

/// Whole sectors that a factory region fills beyond the field region that replaces it. Writing a region erases all of
/// its last sector.
fn leftovers(factory: &[&Region], field: &[Region]) -> Vec<Region> {
    let left = factory.iter().filter_map(|old| {
        let new = field.iter().find(|new| new.offset == old.offset)?;
        let end = (old.offset + old.image.len()).next_multiple_of(SECTOR);
        let start = (new.offset + new.image.len()).next_multiple_of(SECTOR);
        (start < end).then(|| erased(&old.name, start, end - start))
    });
    left.collect()
}

fn erased(name: &str, offset: u32, len: u32) -> Region {
    let image = Arc::new(PreparedImage::new(&vec![ERASED; len as usize]));
    Region { name: format!("rest of {name}"), offset, image }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(name: &str, offset: u32, len: usize) -> Region {
        Region { name: name.to_owned(), offset, image: Arc::new(PreparedImage::new(&vec![1; len])) }
    }

    #[test]
    fn what_a_longer_factory_image_leaves_is_erased_by_whole_sectors() {
        let factory = [region("app", 0x1_0000, 0x5001), region("bootloader", 0, 0x1000)];
        let field = [region("field/app", 0x1_0000, 0x2001), region("field/bootloader", 0, 0x1000)];
        let left = leftovers(&factory.iter().collect::<Vec<_>>(), &field);
        assert_eq!(left.len(), 1);
        assert_eq!((left[0].offset, left[0].image.len()), (0x1_3000, 0x3000));
    }

    #[test]
    fn a_region_that_stays_is_left_alone() {
        let factory = [region("table", 0x8000, 0xc00)];
        assert!(leftovers(&factory.iter().collect::<Vec<_>>(), &[region("field/app", 0x1_0000, 16)]).is_empty());
    }
}
