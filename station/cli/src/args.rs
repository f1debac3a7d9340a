//! The command line: names, help and shapes. Does nothing.

mod factory;
mod image;
mod users;
mod work;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use firstpass_line::CrashPoint;

pub(crate) use self::{
    factory::{ActArgs, BatchChangeArgs, BatchCommand, BatchOpenArgs, SerialsCommand, UnitsCommand, UnitsListArgs},
    image::{CodeSource, ImageCommand, ImagePatchArgs},
    users::{ByArgs, TokenArgs, UserAddArgs, UsersCommand},
    work::{FlashArgs, ReprovisionArgs, ServeArgs},
};
use crate::commands::diagnose::DiagnoseArgs;

/// The factory line station for ESP32 products.
///
/// Flashes units, gives each its credentials, and passes a unit only when it has proved that it works.
#[derive(Debug, Parser)]
#[command(name = "station", version)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Print JSON, one object a line.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Folder of the record, the CA and the logs [default: the config's, or ~/.local/share/firstpass].
    #[arg(long, global = true, value_name = "DIR", env = "FIRSTPASS_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// Station configuration.
    #[arg(long, global = true, value_name = "FILE", env = "FIRSTPASS_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Die at this place of a run (for recovery tests).
    #[arg(long, global = true, hide = true)]
    pub(crate) crash_at: Option<CrashPoint>,
}

/// What the station can be asked.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a whole line on virtual units: flash, provision, connect, attest, pass.
    Demo(DemoArgs),
    /// Run the configured slots until stopped.
    Serve(ServeArgs),
    /// Run a batch on serial ports.
    Flash(FlashArgs),
    /// Open, show, pause, resume and close batches (work orders).
    #[command(subcommand)]
    Batch(BatchCommand),
    /// List serial ports.
    Ports,
    /// Work with recipes.
    #[command(subcommand)]
    Recipe(RecipeCommand),
    /// Look units up in the record, set them aside, repair their credentials.
    #[command(subcommand)]
    Units(UnitsCommand),
    /// Add and change the users of the dashboard, and issue API tokens.
    #[command(subcommand)]
    Users(UsersCommand),
    /// Account for the serial numbers that were given.
    #[command(subcommand)]
    Serials(SerialsCommand),
    /// Check and export the audit log.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Build and read NVS partitions.
    #[command(subcommand)]
    Nvs(NvsCommand),
    /// Inspect firmware images, and patch a unit's code into one.
    #[command(subcommand)]
    Image(ImageCommand),
    /// Work with the station's certificate authority.
    #[command(subcommand)]
    Ca(CaCommand),
    /// Read a unit's log or a build's and say what is wrong, or explain a code.
    Diagnose(DiagnoseArgs),
    /// Check that this machine can run a line.
    Doctor,
    /// Print the description of the HTTP API (OpenAPI 3.1, JSON).
    Openapi,
    /// Print a completion script.
    Completions {
        /// For which shell.
        shell: Shell,
    },
    /// Be one virtual unit (used by `demo`).
    #[command(hide = true)]
    VirtualUnit(virtual_unit::cli::Cli),
}

/// Options of `station demo`.
#[derive(Debug, Clone, Args)]
pub(crate) struct DemoArgs {
    /// How many units; 8 virtual ones or 1 emulated one unless said.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) units: Option<u16>,
    /// What the units are.
    #[arg(long, value_enum, default_value_t = UnitKind::Virtual)]
    pub(crate) unit_kind: UnitKind,
    /// Folder with the images of the emulator's variant of the firmware, for emulated units.
    #[arg(long, value_name = "FOLDER", default_value = "firmware/esp32c3/target/images/emulator")]
    pub(crate) images: PathBuf,
    /// How units get their identity.
    #[arg(long, value_enum, default_value_t = DemoInjection::Nvs)]
    pub(crate) injection: DemoInjection,
    /// Let the virtual wires be as fast as the machine.
    #[arg(long)]
    pub(crate) no_pacing: bool,
    /// Give unit N (from 1) a fault: N=FAULT, such as 3=no-network. May be repeated. With --dashboard, every other unit in
    /// slot N has it.
    #[arg(long, value_name = "N=FAULT")]
    pub(crate) fault: Vec<String>,
    /// Keep the line going, unit after unit, and serve the dashboard until Ctrl-C.
    #[arg(long)]
    pub(crate) dashboard: bool,
    /// Port of the dashboard on this machine; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 0, requires = "dashboard")]
    pub(crate) port: u16,
}

impl DemoArgs {
    /// How many units.
    pub(crate) fn unit_count(&self) -> u16 {
        self.units.unwrap_or(match self.unit_kind {
            UnitKind::Virtual => 8,
            UnitKind::Qemu => 1,
        })
    }
}

/// Units that the demo knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum UnitKind {
    /// This program's own, which need nothing.
    Virtual,
    /// Espressif's emulator: real ROM code and the real firmware (see docs/emulator.md).
    Qemu,
}

/// Injections that the demo knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum DemoInjection {
    /// A one-time code in NVS; the unit provisions itself.
    Nvs,
    /// A complete session in NVS, made by the line.
    Session,
}

/// `station recipe …`
#[derive(Debug, Subcommand)]
pub(crate) enum RecipeCommand {
    /// Check recipes and their images; names file, line and column of what is wrong.
    Check {
        /// Recipe files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// `station audit …`
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Check the hash chain from the first entry to the last.
    Verify,
    /// Print every entry as JSON Lines.
    Export {
        /// Write to this file instead.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Compute every verdict again from the recorded evidence, and report any that differs.
    Replay,
}

/// `station nvs …`
#[derive(Debug, Subcommand)]
pub(crate) enum NvsCommand {
    /// Build a partition image from CSV (the format of ESP-IDF's NVS partition generator).
    Build {
        /// CSV file.
        csv: PathBuf,
        /// Image to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Size in bytes, a multiple of 4096; decimal or 0x.
        #[arg(long, default_value = "0x6000")]
        size: String,
    },
    /// Print the entries of a partition image.
    Dump {
        /// Image file.
        image: PathBuf,
        /// Show secrets too (codes, passwords, keys).
        #[arg(long)]
        secrets: bool,
    },
}

/// `station ca …`
#[derive(Debug, Subcommand)]
pub(crate) enum CaCommand {
    /// Show the CA and the certificates it issued.
    Show {
        /// Only print the root certificate as PEM.
        #[arg(long)]
        root_pem: bool,
    },
    /// Issue a client certificate.
    Issue {
        /// Device id, or a person's name.
        name: String,
        /// Folder for `NAME.crt.pem` and `NAME.key.pem`.
        #[arg(long, value_name = "DIR", default_value = ".")]
        out: PathBuf,
    },
    /// Revoke a certificate.
    Revoke {
        /// Serial number, hexadecimal.
        serial: String,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Who [default: the user's name].
        #[arg(long, env = "USER", default_value = "unknown")]
        by: String,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn no_command_contradicts_another() {
        Cli::command().debug_assert();
        Cli::command().build();
    }
}
