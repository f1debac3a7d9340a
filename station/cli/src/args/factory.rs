//! Shapes of the commands on batches, units and serial numbers.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use firstpass_domain::{Language, Mac};

use super::ReprovisionArgs;

/// Batches that `batch list` shows unless told otherwise.
const BATCHES_SHOWN: u32 = 50;

/// Why something is done, and who does it: both go on record.
#[derive(Debug, Clone, Args)]
pub(crate) struct ActArgs {
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Who [default: the user's name].
    #[arg(long, value_name = "NAME", env = "USER", default_value = "unknown")]
    pub(crate) by: String,
}

/// `station batch …`
#[derive(Debug, Subcommand)]
pub(crate) enum BatchCommand {
    /// Open a batch for a recipe.
    Open(BatchOpenArgs),
    /// List batches, newest first.
    List {
        /// Show at most this many.
        #[arg(long, value_name = "N", default_value_t = BATCHES_SHOWN, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Show a batch with its yield, its retests and why units failed.
    Show {
        /// Its name; of several, the newest.
        name: String,
        /// Language of what people read of failures: en, de or zh-Hans.
        #[arg(long, default_value = "en")]
        language: Language,
    },
    /// Let a batch take no further unit; those in work go on to their end.
    Pause {
        /// Its name.
        name: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// Let a paused batch take units again.
    Resume {
        /// Its name.
        name: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// Change how many units a batch is to make.
    Change(BatchChangeArgs),
    /// Close a batch for ever.
    Close {
        /// Its name.
        name: String,
        #[command(flatten)]
        act: ActArgs,
    },
}

/// Options of `station batch open`.
#[derive(Debug, Args)]
pub(crate) struct BatchOpenArgs {
    /// Its name; no other open batch has it.
    pub(crate) name: String,
    /// Recipe.
    #[arg(long, value_name = "FILE")]
    pub(crate) recipe: PathBuf,
    /// Product, for people and for the ERP [default: the recipe's name].
    #[arg(long)]
    pub(crate) product: Option<String>,
    /// How many units are to pass; the batch then closes by itself.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) quantity: Option<u32>,
    /// Most units that may have a place in it at a time; failed and scrapped ones have none [default: the quantity].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) quota: Option<u32>,
}

/// Options of `station batch change`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("size").args(["quantity", "quota"]).required(true).multiple(true))]
pub(crate) struct BatchChangeArgs {
    /// Its name.
    pub(crate) name: String,
    /// How many units are to pass; not fewer than have a place in the batch.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) quantity: Option<u32>,
    /// Most units that may have a place in it at a time; not fewer than have one.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) quota: Option<u32>,
    #[command(flatten)]
    pub(crate) act: ActArgs,
}

/// `station units …`
#[derive(Debug, Subcommand)]
pub(crate) enum UnitsCommand {
    /// List units.
    List(UnitsListArgs),
    /// Show everything about one unit.
    Show {
        /// Its MAC.
        mac: Mac,
        /// Language of what people read of failures: en, de or zh-Hans.
        #[arg(long, default_value = "en")]
        language: Language,
    },
    /// Set a unit aside until it is released; the line refuses it meanwhile.
    Quarantine {
        /// Its MAC.
        mac: Mac,
        #[command(flatten)]
        act: ActArgs,
    },
    /// Let a unit in quarantine run again.
    Release {
        /// Its MAC.
        mac: Mac,
        #[command(flatten)]
        act: ActArgs,
    },
    /// Refuse a unit for ever, and revoke its certificates, sessions and codes.
    Scrap {
        /// Its MAC.
        mac: Mac,
        #[command(flatten)]
        act: ActArgs,
    },
    /// Repair the credentials of the unit on a port: provision it once with a code, and prove that it connects.
    Reprovision(ReprovisionArgs),
}

/// Options of `station units list`.
#[derive(Debug, Clone, Copy, Args)]
#[group(multiple = false)]
pub(crate) struct UnitsListArgs {
    /// Only those that passed last.
    #[arg(long)]
    pub(crate) passed: bool,
    /// Only those that failed last.
    #[arg(long)]
    pub(crate) failed: bool,
    /// Only those in quarantine.
    #[arg(long)]
    pub(crate) quarantined: bool,
    /// Only those that were scrapped.
    #[arg(long)]
    pub(crate) scrapped: bool,
}

/// `station serials …`
#[derive(Debug, Subcommand)]
pub(crate) enum SerialsCommand {
    /// List every number that was given, its unit, and what became of it.
    List,
}
