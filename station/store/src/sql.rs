//! What the methods of the record do, in SQL that both databases run. One file per topic; none of them commits.

pub(crate) mod admission;
pub(crate) mod answers;
pub(crate) mod audit;
pub(crate) mod batch_size;
pub(crate) mod batches;
pub(crate) mod certificates;
pub(crate) mod claims;
pub(crate) mod codes;
pub(crate) mod deliveries;
pub(crate) mod evidence;
pub(crate) mod figures;
pub(crate) mod finish;
pub(crate) mod golden;
pub(crate) mod holds;
pub(crate) mod outbox;
pub(crate) mod outbox_facts;
pub(crate) mod people;
pub(crate) mod people_sessions;
pub(crate) mod people_tokens;
pub(crate) mod plans;
pub(crate) mod proofs;
pub(crate) mod pulse;
pub(crate) mod quota;
pub(crate) mod recipes;
pub(crate) mod run_pages;
pub(crate) mod runs;
pub(crate) mod search_audit;
pub(crate) mod search_units;
pub(crate) mod serials;
pub(crate) mod sessions;
pub(crate) mod setup;
pub(crate) mod size;
pub(crate) mod slots;
pub(crate) mod steps;
pub(crate) mod units;
pub(crate) mod webhooks;
pub(crate) mod yields;

/// Actor of what the line does by itself.
pub(crate) const LINE: &str = "line";
/// Actor of what a unit asked for.
pub(crate) const UNIT: &str = "unit";
