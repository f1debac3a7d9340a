//! Traces of runs and requests, as a collector gets them: a real receiver of OTLP over HTTP on a port of its own.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

#[expect(dead_code, reason = "traces need its floor, and nothing else of it")]
mod hall;
mod support;

use std::{
    cell::RefCell,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use firstpass_domain::{Mac, Problem, Role, RunId, SlotId, Step};
use firstpass_line::event::{LineEvent, LineEventKind};
use firstpass_server::{Services, Settings};
use hall::{FakeFloor, hall, with_hall};
use serde_json::{Value, json};
use support::Bench;
use tokio::{net::TcpListener, sync::mpsc, time::timeout};

/// Longest time until spans arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// A collector: notes what it gets, and is busy for its first requests when it is told so.
struct Collector {
    addr: SocketAddr,
    requests: mpsc::UnboundedReceiver<Value>,
}

#[derive(Clone)]
struct Taking {
    requests: mpsc::UnboundedSender<Value>,
    busy: Arc<AtomicU32>,
}

impl Collector {
    async fn start(busy: u32) -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").await.unwrap(), busy)
    }

    fn listen(listener: TcpListener, busy: u32) -> Self {
        let addr = listener.local_addr().unwrap();
        let (sender, requests) = mpsc::unbounded_channel();
        let taking = Taking { requests: sender, busy: Arc::new(AtomicU32::new(busy)) };
        let router = Router::new().route("/v1/traces", post(take)).with_state(taking);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { addr, requests }
    }

    /// The next span that fits, of those that come.
    async fn span(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let request = timeout(PATIENCE, self.requests.recv()).await.expect("spans arrive in time").unwrap();
            let resource = &request["resourceSpans"][0];
            assert_eq!(attribute(&resource["resource"], "service.instance.id"), json!("bench-1"));
            let spans = resource["scopeSpans"][0]["spans"].as_array().unwrap();
            if let Some(span) = spans.iter().find(|span| fits(span)) {
                return span.clone();
            }
        }
    }
}

async fn take(State(taking): State<Taking>, Json(request): Json<Value>) -> (StatusCode, Json<Value>) {
    let is_busy = |left: u32| left.checked_sub(1);
    if taking.busy.fetch_update(Ordering::SeqCst, Ordering::SeqCst, is_busy).is_ok() {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({})));
    }
    let _ = taking.requests.send(request);
    (StatusCode::OK, Json(json!({ "partialSuccess": {} })))
}

/// The value of an attribute, whatever its type.
fn attribute(of: &Value, name: &str) -> Value {
    let all = of["attributes"].as_array().unwrap();
    let found = all.iter().find(|attribute| attribute["key"] == name);
    found.and_then(|found| found["value"].as_object()?.values().next().cloned()).unwrap_or_default()
}

thread_local! {
    static ENDPOINT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A server that sends its traces to `addr`, with a slot.
async fn traced(addr: SocketAddr) -> (Bench, Arc<FakeFloor>) {
    fn with_traces(settings: &mut Settings, services: &mut Services) {
        with_hall(settings, services);
        settings.telemetry.otlp_endpoint = Some(ENDPOINT.take().parse().unwrap());
        settings.telemetry.gather_ms = Some(20);
    }
    let floor = FakeFloor::new(&["A1"]);
    hall(None, Some(Arc::clone(&floor)));
    ENDPOINT.set(format!("http://{addr}"));
    (Bench::start_with(with_traces).await, floor)
}

const UNIT: Mac = Mac::new([0x60, 0x55, 0xf9, 0, 0, 1]);

/// A run that fails while the unit is flashed.
fn run(bench: &Bench, floor: &FakeFloor) -> RunId {
    let run = RunId(uuid::Uuid::new_v4());
    let what = "The unit's answers arrive damaged.".to_owned();
    let problem = Problem { code: "link_garbled".into(), what, why: "seen".into(), remedy: "Look.".into() };
    let kinds = [
        LineEventKind::RunBegan { run },
        LineEventKind::Identified { run, mac: UNIT, attempt: 1 },
        LineEventKind::StepBegan { run, step: Step::Identify },
        LineEventKind::StepEnded { run, step: Step::Identify, duration_ms: 5 },
        LineEventKind::StepBegan { run, step: Step::Flash },
        LineEventKind::Failed { run, mac: Some(UNIT), step: Step::Flash, duration_ms: 9, problem },
    ];
    for kind in kinds {
        floor.tell(LineEvent { at: bench.now(), slot: SlotId::new("A1").unwrap(), kind });
    }
    run
}

#[tokio::test]
async fn a_collector_gets_a_run_with_its_steps_and_how_it_ended() {
    let mut collector = Collector::start(0).await;
    let (bench, floor) = traced(collector.addr).await;
    // The server listens before it follows the line; an answer shows that it does both.
    bench.get(Role::Operator, "/line").await;
    let id = run(&bench, &floor);
    let trace = id.0.as_simple().to_string();
    let span = collector.span(|span| span["traceId"] == json!(trace) && span["name"] == "run").await;
    let expected = [
        ("firstpass.slot", "A1"),
        ("firstpass.mac", "60:55:f9:00:00:01"),
        ("firstpass.outcome", "failed"),
        ("firstpass.diagnosis", "link_garbled"),
    ];
    for (name, value) in expected {
        assert_eq!(attribute(&span, name), json!(value), "{name}: {span}");
    }
    assert_eq!((&span["status"]["code"], &span["kind"]), (&json!(2), &json!(1)));
    let nanos = |name: &str| span[name].as_str().unwrap().parse::<u128>().unwrap();
    assert!(nanos("startTimeUnixNano") <= nanos("endTimeUnixNano"));
}

#[tokio::test]
async fn a_request_is_a_span_of_the_trace_that_it_names() {
    let mut collector = Collector::start(0).await;
    let (bench, _) = traced(collector.addr).await;
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let id = uuid::Uuid::nil();
    let ask = bench.ask_as(Role::Operator, "GET", &format!("/batches/{id}")).await;
    assert_eq!(ask.header("traceparent", traceparent).send().await.status, 404);
    let span = collector.span(|span| span["traceId"] == "0af7651916cd43dd8448eb211c80319c").await;
    assert_eq!(span["name"], "GET /batches/{id}", "what stands in an address is not told");
    assert_eq!((&span["parentSpanId"], &span["kind"]), (&json!("b7ad6b7169203331"), &json!(2)));
    assert_eq!(attribute(&span, "http.response.status_code"), json!("404"));
    assert_eq!(span["status"], json!({}), "a client's mistake is no failure of the server");
}

#[tokio::test]
async fn what_somebody_unknown_says_is_in_no_span() {
    let mut collector = Collector::start(0).await;
    let (bench, _) = traced(collector.addr).await;
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let ask = bench.ask("SHOUTING", "/login").header("traceparent", traceparent);
    assert_eq!(ask.send().await.status, 405);
    let span = collector.span(|span| span["name"].as_str().unwrap().ends_with(" /login")).await;
    assert_eq!(span["name"], "other /login");
    assert_eq!(attribute(&span, "http.request.method"), json!("other"));
    assert_ne!(span["traceId"], "0af7651916cd43dd8448eb211c80319c");
    assert!(span["parentSpanId"].as_str().is_none_or(str::is_empty), "{span}");
}

#[tokio::test]
async fn a_collector_that_is_busy_or_comes_late_gets_the_spans_then() {
    let late = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (bench, _) = traced(late.local_addr().unwrap()).await;
    // Nobody takes the connection; pages are served all the same.
    assert_eq!(bench.get(Role::Auditor, "/batches").await.status, 200);
    let mut collector = Collector::listen(late, 1);
    collector.span(|span| span["name"] == "GET /batches").await;
}

#[tokio::test]
async fn what_is_left_is_sent_when_the_server_ends() {
    let mut collector = Collector::start(0).await;
    let (mut bench, _) = traced(collector.addr).await;
    bench.get(Role::Auditor, "/batches/new").await;
    bench.stop().await;
    let span = collector.span(|span| span["name"] == "GET /batches/new").await;
    assert_eq!(attribute(&span, "http.response.status_code"), json!("403"));
}
