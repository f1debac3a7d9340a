//! `station completions`.

use crate::program::station;

#[test]
fn every_shell_gets_a_script_that_knows_the_commands() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let answer = station(folder.path(), &["completions", shell]);
        assert_eq!(answer.code, 0, "{shell}: {}", answer.stderr);
        for command in ["demo", "flash", "audit", "replay", "revoke"] {
            assert!(answer.stdout.contains(command), "{shell} does not know {command}");
        }
    }
}
