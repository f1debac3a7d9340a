//! `station diagnose`: what a kept UART log or build log says is wrong, or what one code means. Touches no unit and no
//! record.

mod findings;

use std::{
    fs::File,
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use clap::Args;
use firstpass_device::uart;
use firstpass_domain::{
    DiagnosisCode, Language, NextAction,
    diagnosis::{Owner, Phase},
};
use serde::Serialize;

use self::findings::Finding;
use crate::{
    exit::{Exit, Failure},
    output::Output,
};

/// Options of `station diagnose`.
#[derive(Debug, Args)]
pub(crate) struct DiagnoseArgs {
    /// A unit's UART log or the output of a build; `-` reads standard input.
    #[arg(required_unless_present = "code", conflicts_with = "code")]
    file: Option<PathBuf>,
    /// Explain this code, such as wifi_not_found.
    #[arg(long, value_parser = code)]
    code: Option<DiagnosisCode>,
    /// Language of the words: en, de or zh-Hans.
    #[arg(long, default_value_t = Language::English)]
    language: Language,
}

fn code(text: &str) -> Result<DiagnosisCode, String> {
    let known = DiagnosisCode::ALL.iter().find(|code| code.name() == text);
    known.copied().ok_or_else(|| "no code of the catalogue; docs/diagnoses.md lists them".to_owned())
}

/// Exit code 0 when nothing is wrong, 1 when something was found or no line is known.
pub(crate) fn run(args: &DiagnoseArgs, output: Output) -> Result<Exit, Failure> {
    match (&args.file, args.code) {
        (_, Some(code)) => {
            let row = Row::new(code, args.language, None);
            output.say(&row, || row.text());
            Ok(Exit::Done)
        }
        (Some(file), None) => diagnose(file, args.language, output),
        (None, None) => unreachable!("one of the two is required"),
    }
}

fn diagnose(file: &Path, language: Language, output: Output) -> Result<Exit, Failure> {
    let remarks = read(file).map_err(|error| {
        let why = format!("{}: {error}.", file.display());
        Failure::usage(
            "log_unreadable",
            "The log cannot be read.",
            why,
            "Name a file that is there, or - for standard input.",
        )
    })?;
    let findings = findings::of(&remarks);
    let mut exit = Exit::Done;
    for finding in &findings {
        match finding {
            Finding::Wrong { code, lines } => {
                exit = Exit::Failed;
                let row = Row::new(*code, language, Some(lines));
                output.say(&row, || row.text());
            }
            Finding::Expected { what, line } => {
                let row = Expected { expected: what.name(), line: *line, why: what.words(language) };
                output.say(&row, || format!("line {line}: {}", row.why));
            }
        }
    }
    if remarks.is_empty() {
        let unknown = Unknown { unknown: true, why: "no line of this log is known" };
        output.say(&unknown, || unknown.why.to_owned());
        return Ok(Exit::Failed);
    }
    if matches!(exit, Exit::Done) {
        let sound = Sound::new(findings::progress(&remarks));
        output.say(&sound, || sound.text());
    }
    Ok(exit)
}

fn read(file: &Path) -> io::Result<Vec<uart::Remark>> {
    if file == Path::new("-") {
        return uart::read_log(io::stdin().lock());
    }
    uart::read_log(BufReader::new(File::open(file)?))
}

/// A diagnosis as it is printed. Only its sentences are in `language`; names are the same in every one.
#[derive(Debug, Serialize)]
struct Row<'a> {
    code: &'static str,
    what: &'static str,
    why: &'static str,
    remedy: &'static str,
    phase: Phase,
    owner: Owner,
    next: NextAction,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<&'a [u64]>,
    #[serde(skip)]
    language: Language,
}

impl<'a> Row<'a> {
    fn new(code: DiagnosisCode, language: Language, lines: Option<&'a [u64]>) -> Self {
        let words = code.words(language);
        Self {
            code: code.name(),
            what: words.what,
            why: words.why,
            remedy: words.remedy,
            phase: code.phase(),
            owner: code.owner(),
            next: code.next_action(),
            lines,
            language,
        }
    }

    fn text(&self) -> String {
        let lines: Vec<String> = self.lines.into_iter().flatten().map(u64::to_string).collect();
        let place = if lines.is_empty() { String::new() } else { format!("line {}: ", lines.join(", ")) };
        let Self { code, what, why, remedy, .. } = self;
        let (owner, next) = (self.owner.words(self.language), self.next.words(self.language));
        format!("{place}{what} [{code}]\n  why:    {why}\n  remedy: {remedy}\n  fault:  {owner}; next: {next}")
    }
}

/// A log without any trouble that is known.
#[derive(Debug, Serialize)]
struct Sound {
    /// Whether the unit came all the way to its broker.
    healthy: bool,
    reached: Vec<&'static str>,
}

impl Sound {
    fn new(reached: Vec<&'static str>) -> Self {
        Self { healthy: reached.contains(&findings::CONNECTED), reached }
    }

    fn text(&self) -> String {
        let reached = self.reached.join(", ");
        match (self.healthy, self.reached.is_empty()) {
            (true, _) => format!("healthy: {reached}"),
            (false, false) => format!("no trouble is known in this log; the unit came as far as: {reached}"),
            (false, true) => "no trouble is known in this log".to_owned(),
        }
    }
}

/// A log that says nothing that is known.
#[derive(Debug, Serialize)]
struct Unknown {
    unknown: bool,
    why: &'static str,
}

/// What looks like trouble and is none.
#[derive(Debug, Serialize)]
struct Expected {
    expected: &'static str,
    line: u64,
    why: &'static str,
}
