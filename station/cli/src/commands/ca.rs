//! `station ca`: shows the authority and what it issued, issues for people and tools, revokes.

mod issue;
mod revoke;
mod show;
mod view;

pub(super) use self::view::CertificateView;
use crate::{
    args::{CaCommand, Global},
    data::DataFolder,
    exit::{Exit, Failure},
    output::Output,
};

/// Does one of the subcommands on the CA of the data folder.
pub(crate) async fn run(global: &Global, command: &CaCommand, output: Output) -> Result<Exit, Failure> {
    let data = DataFolder::find(global)?;
    match command {
        CaCommand::Show { root_pem: true } => show::root_pem(&data, output),
        CaCommand::Show { root_pem: false } => show::all(&data, output).await,
        CaCommand::Issue { name, out } => issue::run(&data, name, out, output).await,
        CaCommand::Revoke { serial, reason, by } => revoke::run(&data, serial, reason, by, output).await,
    }
}
