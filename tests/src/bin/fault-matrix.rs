//! Runs every fault, alone and in pairs, on the whole line and prints the confusion matrix; see `tests::matrix`.

fn main() -> anyhow::Result<std::process::ExitCode> {
    tests::matrix::main()
}
