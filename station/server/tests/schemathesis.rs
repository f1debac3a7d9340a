//! What anybody may think of to send: schemathesis makes requests out of the API's own description, and finds no answer
//! that is not described, and no failure of the server.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod record;
mod support;

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
};

use firstpass_domain::{Action, Role};
use record::Factory;
use support::Bench;
use tokio::process::Command;

/// What every answer is held against: that it is no failure, and that it is described.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,unsupported_method";
/// Requests for each operation and each way of making them up.
const EXAMPLES: &str = "25";

/// Where `./test` installs it.
fn schemathesis() -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin/st");
    program.exists().then_some(program)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_meets_a_failure_or_an_answer_that_is_not_described() {
    let Some(program) = schemathesis() else {
        eprintln!("skipped: .venv/bin/st is missing; ./test installs it with `pip install schemathesis`");
        return;
    };
    for role in [Role::Engineer, Role::Admin] {
        let bench = Bench::start().await;
        let factory = Factory::on(Arc::clone(&bench.store)).await;
        factory.pass().await;
        factory.fail("assert failed").await;
        let token = bench.token(role, Action::ALL).await;
        let mut command = Command::new(&program);
        command
            .args([
                "run",
                &format!("{}/api/v1/openapi.json", bench.url),
                "--checks",
                CHECKS,
                "--max-examples",
                EXAMPLES,
            ])
            .args(["--header", &format!("Authorization: Bearer {token}"), "--phases", "examples,coverage,fuzzing"])
            // A stream of events does not end by itself.
            .args(["--exclude-path", "/api/v1/events", "--generation-deterministic"])
            .args(["--continue-on-failure", "--no-color", "--request-timeout", "30", "--warnings", "off"])
            .current_dir(bench.folder.path())
            .stdin(Stdio::null());
        let output = command.output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "as {role:?}:\n{said}\n{}", String::from_utf8_lossy(&output.stderr));
        assert!(bench.store.check().await.is_ok(), "the record still takes writes");
    }
}
