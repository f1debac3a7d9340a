//! Command lines that are not understood.

use crate::program::station;

#[test]
fn a_wrong_command_line_is_a_problem_object_for_scripts() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, words) in [
        (&["--json", "flash", "--prots", "auto"][..], "--prots"),
        (&["flash", "--json"], "--recipe"),
        (&["units", "show", "no-mac-and-no-serial-number!", "--json"], "no-mac"),
        (&["units", "--json"], "requires a subcommand"),
    ] {
        let answer = station(folder.path(), arguments);
        let [object] = answer.objects().try_into().unwrap();
        let problem = &object["problem"];
        assert_eq!((answer.code, problem["code"].as_str()), (2, Some("usage")), "{arguments:?}");
        assert!(problem["why"].as_str().unwrap().contains(words), "{arguments:?}: {problem}");
        assert_eq!(answer.stderr, "", "{arguments:?}");
    }
}

#[test]
fn people_are_told_of_a_wrong_command_line_in_words_and_help_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    station(folder.path(), &["flash", "--prots", "auto"]).refused(&["--prots", "Usage:"]);
    let help = station(folder.path(), &["--help", "--json"]);
    assert_eq!((help.code, help.stderr.as_str()), (0, ""));
    assert!(help.stdout.contains("Usage:"), "{}", help.stdout);
}
