//! How often the first-named diagnosis is the right one, and whether anything passes or fails wrongly:
//! `cargo bench -p tests --bench fault_matrix`; the same as the program `fault-matrix`.

fn main() -> anyhow::Result<std::process::ExitCode> {
    tests::matrix::main()
}
