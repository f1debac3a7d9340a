//! The verdict: a pure function of policy and evidence, the same today and years later.
//!
//! Also what drives a run: an open verdict names the first step whose evidence is not complete.

mod complete;
mod decisive;
mod proof;
mod stage;
mod timeout;

pub use self::proof::connection_to_hold;

use serde::{Deserialize, Serialize};

use crate::{Diagnosis, Evidence, Policy, Step};

/// What policy and evidence say of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// Everything the policy demands was seen.
    Pass,
    /// Something was seen that ends the run.
    Fail(Diagnosis),
    /// This step is the first that lacks evidence.
    Open {
        /// Which step.
        step: Step,
    },
}

/// Judges a unit. A contradiction or failure anywhere in the evidence outweighs all that went well.
///
/// `evidence` stands in the order in which it was recorded.
pub fn judge(policy: &Policy, evidence: &[Evidence]) -> Verdict {
    if let Some(diagnosis) = decisive::find(policy, evidence) {
        return Verdict::Fail(diagnosis);
    }
    match complete::first_open(policy, evidence) {
        None => Verdict::Pass,
        Some(step) => match timeout::explain(policy, evidence) {
            Some(diagnosis) => Verdict::Fail(diagnosis),
            None => Verdict::Open { step },
        },
    }
}
