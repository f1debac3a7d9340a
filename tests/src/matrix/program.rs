//! Runs every fault, alone and in pairs, on the whole line and prints the confusion matrix.
//!
//! With `--json` the last line is an object with `false_pass`, `false_fail`, `single_right` and `pair_right`. Exit code 1
//! when the line does not keep what it promises of them.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use super::{Case, Report, good_units, pairs, run, singles};

/// Pairs that are run unless more are asked for.
const PAIRS: usize = 160;
/// Good units that are run.
const GOOD: usize = 48;

/// Runs what the command line asks for.
///
/// # Errors
///
/// The line could not be set up, or a case has no end.
pub fn main() -> Result<ExitCode> {
    let options = Options::parse(std::env::args().skip(1))?;
    if options.list {
        singles().iter().for_each(|case| println!("{}", case.name()));
        return Ok(ExitCode::SUCCESS);
    }
    let wanted = |case: &Case| options.only.as_ref().is_none_or(|only| case.name().contains(only));
    let cases = good_units(GOOD).into_iter().chain(singles()).chain(pairs(options.pairs)).filter(wanted).collect();
    let report = Report::of(run(cases)?);
    if options.json {
        report.outcomes().for_each(|outcome| println!("{}", outcome.to_json()));
        println!("{}", report.to_json());
    } else {
        println!("{report}");
    }
    Ok(if report.is_kept() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

struct Options {
    json: bool,
    list: bool,
    pairs: Option<usize>,
    only: Option<String>,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self { json: false, list: false, pairs: Some(PAIRS), only: None };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{argument} wants a value"));
            match argument.as_str() {
                "--json" => options.json = true,
                "--list" => options.list = true,
                "--only" => options.only = Some(value()?),
                "--pairs" => {
                    let text = value()?;
                    options.pairs =
                        if text == "all" { None } else { Some(text.parse().context("--pairs NUMBER|all")?) };
                }
                // What cargo gives to every benchmark.
                "--bench" => {}
                other => bail!("{other} is no option: --json, --list, --only TEXT, --pairs NUMBER|all"),
            }
        }
        Ok(options)
    }
}
