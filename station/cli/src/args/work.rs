//! Shapes of the commands that work on units.

use std::path::PathBuf;

use clap::Args;
use firstpass_domain::Language;

use crate::config::PresenceSetting;

/// Options of `station serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Recipe that all slots work by [default: every slot goes on with what people last told it, and one that was never
    /// told anything works by the config's recipe, if it names one].
    #[arg(long, value_name = "FILE")]
    pub(crate) recipe: Option<PathBuf>,
    /// Name of the batch (work order) that all slots work on; one that is open goes on [default: one for this recipe].
    #[arg(long)]
    pub(crate) batch: Option<String>,
    /// Who starts the slots, for the record [default: the user's name].
    #[arg(long, value_name = "NAME", env = "USER", default_value = "unknown")]
    pub(crate) by: String,
}

/// Options of `station flash`.
#[derive(Debug, Args)]
pub(crate) struct FlashArgs {
    /// Recipe.
    #[arg(long, value_name = "FILE")]
    pub(crate) recipe: PathBuf,
    /// `auto`, or a list of slots and ports: PORT, NAME=PORT or NAME=PORT@SOCKET (a fixture's control socket),
    /// separated by commas.
    #[arg(long, value_name = "LIST", default_value = "auto")]
    pub(crate) ports: String,
    /// How slots know that a unit is there [default: probe with DTR and RTS, port with a fixture's socket].
    #[arg(long, value_enum)]
    pub(crate) presence: Option<PresenceSetting>,
    /// End after this many passes [default: one run on every port].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) count: Option<u32>,
    /// Name of the batch (work order); one that is open goes on, or else it is opened [default: one for this command
    /// alone].
    #[arg(long)]
    pub(crate) batch: Option<String>,
    /// Most sessions that this batch may issue; for a batch that this command opens.
    #[arg(long)]
    pub(crate) quota: Option<u32>,
    /// Language of what people read of failures: en, de or zh-Hans.
    #[arg(long, default_value = "en")]
    pub(crate) language: Language,
}

/// Options of `station units reprovision`.
#[derive(Debug, Args)]
pub(crate) struct ReprovisionArgs {
    /// The unit's port: PORT or PORT@SOCKET (a fixture's control socket).
    #[arg(long)]
    pub(crate) port: String,
    /// Recipe of the unit's product.
    #[arg(long, value_name = "FILE")]
    pub(crate) recipe: PathBuf,
    /// How the slot knows that the unit is there [default: probe with DTR and RTS, port with a fixture's socket].
    #[arg(long, value_enum)]
    pub(crate) presence: Option<PresenceSetting>,
    /// Language of what people read of a failure: en, de or zh-Hans.
    #[arg(long, default_value = "en")]
    pub(crate) language: Language,
}
