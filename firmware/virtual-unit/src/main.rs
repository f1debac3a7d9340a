//! The `virtual-unit` program.

use clap::Parser;
use virtual_unit::cli::Cli;

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    Ok(Cli::parse().run()?)
}
