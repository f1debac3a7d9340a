//! The `station` program: the command line on top of the line.

mod args;
mod audit_end;
mod clock;
mod commands;
mod config;
mod dashboard;
mod data;
mod exit;
mod language;
mod lost_authority;
mod output;
mod progress;
mod report;
mod secrets;
mod slots;
mod station;
mod upstream;
mod whole_file;
mod withdrawals;
mod work_order;

use std::{
    io::{IsTerminal, Write as _},
    process::ExitCode,
};

use clap::{CommandFactory, Parser, error::ErrorKind};
use firstpass_domain::Problem;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use args::{Cli, Command};
use exit::{Exit, Failure};
use output::Output;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return not_understood(&error),
    };
    let output = Output::new(cli.global.json);
    start_log();
    // A virtual unit is a process of its own kind: it has no record and no station.
    if let Command::VirtualUnit(unit) = cli.command {
        return commands::virtual_unit::run(unit);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = runtime
        .map_err(|error| Failure::station("runtime", "The station cannot start.", format!("{error}."), "Free memory."))
        .and_then(|runtime| runtime.block_on(run(cli, output)));
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output.problem(&failure.problem);
            failure.exit.into()
        }
    }
}

/// Help and versions are what they are; a command line that is wrong is a problem like any other with `--json`.
fn not_understood(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
        Output::new(true).problem(&usage_problem(error));
    } else {
        let _ = error.print();
    }
    if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() }
}

fn usage_problem(error: &clap::Error) -> Problem {
    let text = error.render().to_string();
    let said = text.split("\n\n").next().unwrap_or_default();
    let why = if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        "a command or an argument is missing".to_owned()
    } else {
        said.trim_start_matches("error: ").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let remedy = "Compare with --help.";
    Failure::usage("usage", "The command line is not understood.", format!("{why}."), remedy).problem
}

async fn run(cli: Cli, output: Output) -> Result<Exit, Failure> {
    let Cli { global, command } = cli;
    let token = stop_on_signal();
    match command {
        Command::Demo(args) => commands::demo::run(&global, &args, output, token).await,
        Command::Serve(args) => commands::serve::run(&global, &args, output, token).await,
        Command::Flash(args) => commands::flash::run(&global, &args, output, token).await,
        Command::Batch(command) => commands::batch::run(&global, &command, output).await,
        Command::Ports => commands::ports::run(&global, output),
        Command::Recipe(command) => commands::recipe::run(&command, output),
        Command::Units(command) => commands::units::run(&global, &command, output, token).await,
        Command::Users(command) => commands::users::run(&global, &command, output).await,
        Command::Serials(command) => commands::serials::run(&global, &command, output).await,
        Command::Audit(command) => commands::audit::run(&global, &command, output).await,
        Command::Image(command) => commands::image::run(&command, output),
        Command::Nvs(command) => commands::nvs::run(&command, output),
        Command::Ca(command) => commands::ca::run(&global, &command, output).await,
        Command::Diagnose(args) => commands::diagnose::run(&args, output),
        Command::Doctor => commands::doctor::run(&global, output).await,
        Command::Openapi => {
            let written = output::written(writeln!(std::io::stdout(), "{}", firstpass_server::openapi()));
            written.map(|_| Exit::Done)
        }
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "station", &mut std::io::stdout());
            Ok(Exit::Done)
        }
        Command::VirtualUnit(_) => unreachable!("virtual units are started before the runtime"),
    }
}

/// Log lines go to standard error; `RUST_LOG` chooses which, and by default only what needs a person.
fn start_log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("error"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
}

/// A token that SIGINT or SIGTERM cancels. A second signal ends the program at once.
fn stop_on_signal() -> CancellationToken {
    let token = CancellationToken::new();
    let cancel = token.clone();
    tokio::spawn(async move {
        wait_for_signal().await;
        cancel.cancel();
        wait_for_signal().await;
        // The record is safe at every moment: open runs are closed with a reason at the next start.
        std::process::exit(130);
    });
    token
}

async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
