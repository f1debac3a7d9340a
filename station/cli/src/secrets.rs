//! Warns of secrets that others may have read: files with open rights, and files that git tracks. Names the file, never
//! what is in it.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use firstpass_domain::Problem;
use firstpass_line::recipe::Recipe;
use serde::Serialize;

use crate::{config::Config, output::Output, upstream::UpstreamSection};

/// Rights to a file that holds a secret which nobody but its owner and group may have.
const OTHERS: u32 = 0o007;
/// How long git may take to answer.
const GIT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often it is asked whether git has answered.
const GIT_POLL: Duration = Duration::from_millis(5);

/// What is to be said of the recipe's secrets.
pub(crate) fn of_recipe(recipe: &Recipe) -> Vec<Problem> {
    of_files(recipe.nvs.secret_files.iter().map(AsRef::as_ref))
}

/// What is to be said of the configuration's secrets.
pub(crate) fn of_config(config: &Config) -> Vec<Problem> {
    let file = config.upstream.as_ref().and_then(UpstreamSection::secret_file);
    of_files(file.iter().map(AsRef::as_ref))
}

/// What is to be said of files that hold secrets.
fn of_files<'a>(files: impl Iterator<Item = &'a Path>) -> Vec<Problem> {
    files.flat_map(|file| [open_to_others(file), tracked(file)]).flatten().collect()
}

/// Prints warnings; they change no exit code.
pub(crate) fn warn(output: Output, problems: Vec<Problem>) {
    #[derive(Serialize)]
    struct Warning<'a> {
        event: &'static str,
        problem: &'a Problem,
    }
    for problem in &problems {
        if output.is_json() {
            output.object(&Warning { event: "warning", problem });
        } else {
            eprintln!("warning: {problem}");
        }
    }
}

fn open_to_others(file: &Path) -> Option<Problem> {
    let mode = fs::metadata(file).ok()?.permissions().mode();
    (mode & OTHERS != 0).then(|| Problem {
        code: "secret_in_file".to_owned(),
        what: "A file with a secret is open to everybody on this machine.".to_owned(),
        why: format!("{} has mode {:03o}.", file.display(), mode & 0o777),
        remedy: format!("Run: chmod o-rwx {}. If others may have read it, change the secret.", file.display()),
    })
}

fn tracked(file: &Path) -> Option<Problem> {
    is_tracked(file).then(|| Problem {
        code: "secret_in_file".to_owned(),
        what: "A file with a secret is under version control.".to_owned(),
        why: format!("git tracks {}.", file.display()),
        remedy: "Take it out (`git rm --cached`), add it to .gitignore, and change the secret: the history keeps it."
            .to_owned(),
    })
}

/// Asks git, when it is there. A repository's own settings must not make it run anything.
fn is_tracked(file: &Path) -> bool {
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else { return false };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut git = Command::new("git");
    git.args(["-c", "core.fsmonitor=false", "-C"]).arg(folder);
    git.args(["--literal-pathspecs", "ls-files", "--error-unmatch", "--"]).arg(name);
    git.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = git.spawn() else { return false };
    let deadline = Instant::now() + GIT_TIMEOUT;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if Instant::now() < deadline => thread::sleep(GIT_POLL),
            Ok(None) | Err(_) => {
                // It is this program's own child, and its answer comes too late.
                let _ = child.kill();
                let _ = child.wait();
                return false;
            }
        }
    }
}
