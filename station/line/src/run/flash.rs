//! Writes every region and has the chip verify it; then lets the unit run.

use std::time::{Duration, Instant};

use firstpass_device::{LinkError, Region};
use firstpass_domain::{Evidence, Fact, Step, evidence::RegionDigest};

use super::{Driver, Hardware, Witnessed, hardware::ActError};
use crate::{
    StationError,
    event::{LineEvent, LineEventKind},
};

/// Shortest time between two progress events of a slot.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

impl Driver {
    /// Writes the recipe's regions and the unit's NVS.
    pub(super) async fn flash(&mut self) -> Result<(), StationError> {
        match self.write_regions(Step::Flash, self.first_regions()).await {
            Ok(digests) => {
                let at = self.now();
                let fact = |digest| Evidence { at, fact: Fact::RegionWritten(digest) };
                let written = digests.into_iter().map(|digest| Witnessed { evidence: fact(digest), recorded: false });
                self.take_in(written.collect()).await?;
                self.remember_rate().await
            }
            Err(error) => self.testify_failure(error).await,
        }
    }

    /// Everything that the first stage writes to this unit, in order.
    pub(super) fn first_regions(&self) -> Vec<Region> {
        let fixed = self.context.recipe.regions.iter().cloned();
        let own = self.gift.iter().flat_map(|gift| gift.app.iter().chain(&gift.nvs).cloned());
        fixed.chain(own).collect()
    }

    /// Writes `regions` through the link, which is there again afterwards.
    pub(super) async fn write_regions(
        &mut self,
        step: Step,
        regions: Vec<Region>,
    ) -> Result<Vec<RegionDigest>, ActError> {
        let mut link = self.hardware.take_link().ok_or(StationError::Stuck { step })?;
        let mut progress = self.progress_sink(step, &regions);
        let (link, digests) = self
            .act(step, "flashing the unit", move |_| {
                let digests = link.write(&regions, &mut progress)?;
                Ok((link, digests))
            })
            .await?;
        self.note_link(&link).await?;
        self.hardware = Hardware::Linked(link);
        Ok(digests)
    }

    /// Publishes how many bytes of all regions are written.
    fn progress_sink(&self, step: Step, regions: &[Region]) -> impl FnMut(&str, u32, u32) + Send + use<> {
        let (events, clock) = (self.context.events.clone(), self.context.clock.clone());
        let (slot, run) = (self.slot.id.clone(), self.run.id);
        let sizes: Vec<(String, u64)> =
            regions.iter().map(|region| (region.name.clone(), u64::from(region.image.len()))).collect();
        let total: u64 = sizes.iter().map(|(_, len)| len).sum();
        let mut last = None::<Instant>;
        move |region, written, _| {
            let before: u64 = sizes.iter().take_while(|(name, _)| name != region).map(|(_, len)| len).sum();
            let done = before + u64::from(written);
            if done < total && last.is_some_and(|last| last.elapsed() < PROGRESS_INTERVAL) {
                return;
            }
            last = Some(Instant::now());
            let kind = LineEventKind::Progress { run, step, done, total };
            // Nobody listening is no error: events are views.
            let _ = events.send(LineEvent { at: clock(), slot: slot.clone(), kind });
        }
    }

    /// Resets the unit into its app, with its log captured from the first byte, and waits for the app.
    pub(super) async fn boot(&mut self) -> Result<(), StationError> {
        if self.start_unit(Step::Boot).await? { self.watch(Step::Boot).await } else { Ok(()) }
    }

    /// Lets the unit run; `false` when it could not be started, which is then on record.
    pub(super) async fn start_unit(&mut self, step: Step) -> Result<bool, StationError> {
        let link = self.hardware.take_link().ok_or(StationError::Stuck { step })?;
        let (log, clock, redactor) = (self.uart_log(), self.context.clock.clone(), self.redactor.clone());
        let started = self
            .act(step, "starting the unit", move |_| -> Result<_, LinkError> {
                link.run_discreetly(&log, clock, redactor)
            })
            .await;
        match started {
            Ok((capture, events)) => {
                self.hardware = Hardware::Running { capture, events };
                Ok(true)
            }
            Err(error) => {
                self.testify_failure(error).await?;
                Ok(false)
            }
        }
    }
}
