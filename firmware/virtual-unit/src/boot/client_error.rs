//! The report of a failed client of the LwM2M type, in the form in which the public example applications of such
//! clients print it. Knows the names of the classes, not their causes.

use crate::console::Console;

/// Classes that the secure storage of such a client reports, under another prefix than the rest.
const STORAGE: [&str; 3] = ["FailedToStoreCredentials", "FailedToReadCredentials", "InvalidCredentials"];

/// Prints `class`; what follows its name, such as `quota reached` in `BootstrapFailed: quota reached`, is told as details.
pub(super) fn report(console: &Console, class: &str) {
    let end = class.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(class.len());
    let (name, details) = class.split_at(end);
    let details = details.trim_start_matches(|letter: char| !letter.is_ascii_alphanumeric());
    let prefix = if STORAGE.contains(&name) { "Connector" } else { "Connect" };
    console.print("");
    console.print(format_args!("Error occurred : MbedCloudClient::{prefix}{name}"));
    if !details.is_empty() {
        console.print(format_args!("Error details : {details}"));
    }
    console.print("");
}
