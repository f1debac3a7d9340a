//! Runs: shown with steps, evidence and the verdict reckoned anew; a unit's log as it came.

use axum::{
    body::Body,
    extract::State,
    http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use firstpass_domain::{Action, RunId, RunState, StepOutcome, judge};
use firstpass_line::replay;
use firstpass_store::{RunDetail, StepRecord};
use serde::Serialize;
use tokio::{fs::File, io::AsyncReadExt as _};
use tokio_stream::wrappers::ReceiverStream;
use utoipa::{OpenApi, ToSchema};

use super::{
    audit::Entry,
    extract::Named,
    wire::{Time, WireDiagnosis, WireRun},
};
use crate::{
    AppState,
    access::Access,
    extract::Json,
    problem::{Answer, HttpProblem},
    routes::Routes,
};

/// Bytes of a log that are in memory at a time, and how many such pieces.
const PIECE_BYTES: usize = 64 * 1024;
const PIECES_MAX: usize = 2;

pub(super) fn routes() -> Routes {
    let see = Access::May(Action::SeeUnits);
    Routes::default().get("/api/v1/runs/{run}", see, show).get("/api/v1/runs/{run}/log", see, log)
}

#[derive(OpenApi)]
#[openapi(paths(show, log))]
pub(super) struct Doc;

/// Everything about one run.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RunShown {
    /// What a list shows of it.
    #[serde(flatten)]
    run: WireRun,
    /// Name of the recipe.
    recipe_name: String,
    /// Why it failed, as it stands on record.
    diagnosis: Option<WireDiagnosis>,
    /// Its steps, in order.
    steps: Vec<Step>,
    /// What the witnesses saw, in the order in which it was recorded.
    evidence: Vec<WireEvidence>,
    /// Digest of the evidence as it stands on record.
    evidence_digest: String,
    /// The verdict, reckoned anew from recipe and evidence.
    verdict: WireVerdict,
    /// The audit entries of its beginning and its end.
    entries: Vec<Entry>,
}

/// A step of a run.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Step {
    /// Which step.
    #[schema(examples("flash"))]
    step: &'static str,
    /// When it began.
    began: Time,
    /// When it ended.
    ended: Option<Time>,
    /// Whether it was done; null while it is in work.
    done: Option<bool>,
}

impl From<StepRecord> for Step {
    fn from(record: StepRecord) -> Self {
        Self {
            step: record.step.name(),
            began: record.began.into(),
            ended: record.ended.map(|(at, _)| at.into()),
            done: record.ended.map(|(_, outcome)| match outcome {
                StepOutcome::Done => true,
                StepOutcome::Failed => false,
            }),
        }
    }
}

/// What a witness saw.
#[derive(Debug, Serialize, ToSchema)]
#[schema(title = "Evidence")]
pub(super) struct WireEvidence {
    /// When, by the station's clock.
    at: Time,
    /// Who saw it: `flasher`, `uart`, `provisioning`, `broker` or `line`.
    witness: serde_json::Value,
    /// What was seen, with its name in `fact`. Names are only ever added.
    #[schema(value_type = Object)]
    fact: serde_json::Value,
}

/// A verdict, reckoned anew.
#[derive(Debug, Serialize, ToSchema)]
#[schema(title = "Verdict")]
pub(super) struct WireVerdict {
    /// What policy and evidence say, such as `passed`, `failed: boot_silent` or `open: connect is not complete`.
    computed: String,
    /// What the record says in the same words.
    recorded: String,
    /// Whether all that stands on record of the run agrees with the rest and with the audit log; null while it is open.
    agrees: Option<bool>,
    /// What does not agree.
    differences: Vec<WireDifference>,
}

/// Something that stands on record of a run and does not agree with the rest.
#[derive(Debug, Serialize, ToSchema)]
#[schema(title = "Difference")]
pub(super) struct WireDifference {
    /// What does not agree, in a sentence.
    what: &'static str,
    /// What the record says.
    recorded: String,
    /// What follows from the rest of the record, or what the audit log says.
    computed: String,
}

fn verdict(detail: &RunDetail) -> WireVerdict {
    let (computed, recorded) =
        (replay::verdict_text(&judge(&detail.policy, &detail.evidence)), replay::state_text(detail.run.state));
    let is_open = match detail.run.state {
        RunState::Open => true,
        RunState::Passed | RunState::Failed { .. } => false,
    };
    if is_open {
        return WireVerdict { computed, recorded, agrees: None, differences: Vec::new() };
    }
    let differences: Vec<_> = replay::differences(detail).into_iter().map(difference).collect();
    WireVerdict { computed, recorded, agrees: Some(differences.is_empty()), differences }
}

fn difference(found: replay::Difference) -> WireDifference {
    let replay::Difference { kind, recorded, computed } = found;
    WireDifference { what: kind.words(), recorded, computed }
}

fn wire(detail: RunDetail) -> RunShown {
    let verdict = verdict(&detail);
    let evidence = detail.evidence.iter().map(|seen| WireEvidence {
        at: seen.at.into(),
        witness: serde_json::to_value(seen.fact.witness()).unwrap_or_default(),
        fact: serde_json::to_value(&seen.fact).unwrap_or_default(),
    });
    RunShown {
        run: (&detail.run).into(),
        diagnosis: detail.diagnosis.as_ref().map(Into::into),
        evidence: evidence.collect(),
        evidence_digest: detail.evidence_digest.to_string(),
        recipe_name: detail.recipe_name,
        steps: detail.steps.into_iter().map(Into::into).collect(),
        verdict,
        entries: detail.entries.into_iter().map(Into::into).collect(),
    }
}

async fn found(app: &AppState, run: RunId) -> Result<RunDetail, HttpProblem> {
    let detail = app.services.store.run(run).await?;
    detail.ok_or_else(|| HttpProblem::not_found(format!("There is no run {run}.")))
}

/// Shows everything about one run, with the verdict reckoned anew.
#[utoipa::path(get, path = "/api/v1/runs/{run}", operation_id = "show_run", tag = "runs",
    params(("run" = String, Path, format = "uuid", description = "Id of the run.")),
    responses((status = 200, description = "The run.", body = RunShown)))]
async fn show(State(app): State<AppState>, Named(run): Named<RunId>) -> Answer<Json<RunShown>> {
    Ok(Json(wire(found(&app, run).await?)))
}

/// Downloads what a unit wrote to its UART during a run, byte by byte; codes, session and keys are taken out.
#[utoipa::path(get, path = "/api/v1/runs/{run}/log", operation_id = "download_run_log", tag = "runs",
    params(("run" = String, Path, format = "uuid", description = "Id of the run.")),
    responses((status = 200, description = "The log.", body = Vec<u8>, content_type = "application/octet-stream")))]
async fn log(State(app): State<AppState>, Named(run): Named<RunId>) -> Answer {
    found(&app, run).await?;
    let none = || HttpProblem::not_found(format!("This station has no log of run {run}."));
    let path = app.services.uart_dir.as_ref().ok_or_else(none)?.join(format!("{run}.log"));
    let file = File::open(path).await.map_err(|_| none())?;
    let bytes = file.metadata().await.map_err(|_| none())?.len();
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{run}.log\"")),
        (CONTENT_LENGTH, bytes.to_string()),
    ];
    // As long as it was now: a log that is still written goes on growing.
    Ok((headers, stream(file, bytes)).into_response() as Response)
}

fn stream(file: File, bytes: u64) -> Body {
    let (sender, pieces) = tokio::sync::mpsc::channel(PIECES_MAX);
    tokio::spawn(async move {
        let mut file = file.take(bytes);
        loop {
            let mut piece = Vec::with_capacity(PIECE_BYTES);
            let read = (&mut file).take(PIECE_BYTES as u64).read_to_end(&mut piece).await;
            let is_over = matches!(read, Ok(0));
            // Whoever went away wants nothing more.
            if is_over || sender.send(read.map(|_| piece)).await.is_err() {
                return;
            }
        }
    });
    Body::from_stream(ReceiverStream::new(pieces))
}
