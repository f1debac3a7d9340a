//! Who is in the slot, and may it go on.

use firstpass_domain::{
    Fact, Mac, Step, Verdict,
    evidence::{Identity, LinkFault},
    judge,
};
use firstpass_store::Admission;

use super::{Driver, Hardware, hardware::ActError};
use crate::{StationError, event::LineEventKind};

impl Driver {
    /// Reads the unit's identity, ties the run to it, and asks the rules. A unit that this run is not for stays out of
    /// it: it is not tied to the run, nothing is asked about it, and nothing is written to it.
    pub(super) async fn identify(&mut self) -> Result<(), StationError> {
        let identity = match self.read_identity().await {
            Ok(identity) => identity,
            Err(error) => return self.testify_failure(error).await,
        };
        let mac = identity.mac;
        if let Some(expected) = self.context.only.filter(|only| *only != mac) {
            return self.testify(stranger(expected, mac)).await;
        }
        self.testify(Fact::Identified(identity)).await?;
        let policy = &self.context.recipe.policy;
        let admission = self.context.store.identify_run(self.run.id, mac, policy, self.now()).await?;
        let (attempt, refused) = match admission {
            Admission::Admitted { attempt } => (attempt, None),
            Admission::Refused { attempt, rule } => (attempt, Some(rule)),
        };
        (self.run.mac, self.run.attempt) = (Some(mac), attempt);
        self.publish(LineEventKind::Identified { run: self.run.id, mac, attempt });
        // A chip that the recipe is not for is told so, whatever the rules say of it.
        match (refused, judge(policy, &self.evidence)) {
            (Some(rule), Verdict::Open { .. }) => self.testify(Fact::Refused { rule }).await,
            (Some(_) | None, _) => Ok(()),
        }
    }

    async fn read_identity(&mut self) -> Result<Identity, ActError> {
        let mut link = self.connect(Step::Identify).await?;
        let (link, identity) = self
            .act(Step::Identify, "identifying the unit", move |_| {
                let identity = link.identify()?;
                Ok((link, identity))
            })
            .await?;
        self.note_link(&link).await?;
        self.hardware = Hardware::Linked(link);
        Ok(identity)
    }
}

/// Another unit is in the slot than the one that the run is for.
fn stranger(expected: Mac, found: Mac) -> Fact {
    let detail = format!("{found} instead of {expected}");
    Fact::LinkFailed { step: Step::Identify, fault: LinkFault::OtherUnit, detail }
}
