//! What the server bears from clients that are many, that are slow, and that take nothing of what they asked for.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod support;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use firstpass_device::PortName;
use firstpass_domain::{Role, SlotId};
use firstpass_line::{
    event::LineEvent,
    floor::{Floor, FloorError, GoldenDue, GoldenOutcome, NoFloor, Occupant, SlotPlace, Stop},
};
use firstpass_server::Limits;
use firstpass_store::{Act, BatchId};
use support::Bench;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    sync::{Semaphore, broadcast},
    time::timeout,
};

/// How long something may take that must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server with other limits.
async fn bench(change: fn(&mut Limits)) -> Bench {
    Bench::start_with(|settings, _| change(&mut settings.limits)).await
}

fn place(bench: &Bench) -> SocketAddr {
    bench.url.trim_start_matches("http://").parse().unwrap()
}

async fn connect(bench: &Bench) -> TcpStream {
    TcpStream::connect(place(bench)).await.unwrap()
}

/// From another address than everybody else.
async fn connect_from_elsewhere(bench: &Bench) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 2], 0).into()).unwrap();
    socket.connect(place(bench)).await.unwrap()
}

/// Everything that comes until the server closes the connection.
async fn rest(socket: &mut TcpStream) -> String {
    let mut came = Vec::new();
    // Whether it ends or breaks off is the same to whoever is refused.
    let _ = timeout(PATIENCE, socket.read_to_end(&mut came)).await.expect("the server closes the connection");
    String::from_utf8(came).unwrap()
}

async fn is_healthy(mut socket: TcpStream) -> bool {
    let asked = socket.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    asked.is_ok() && rest(&mut socket).await.starts_with("HTTP/1.1 200")
}

/// A request whose body is on its way for ever; the server has asked for it.
async fn slow_body(bench: &Bench, path: &str) -> TcpStream {
    let mut socket = connect(bench).await;
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\nexpect: 100-continue\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 25];
    timeout(PATIENCE, socket.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(answer, *b"HTTP/1.1 100 Continue\r\n\r\n");
    socket.write_all(b"{").await.unwrap();
    socket
}

#[tokio::test]
async fn an_address_that_has_all_its_connections_keeps_no_other_out() {
    let bench = bench(|limits| limits.connections_per_address = 2).await;
    let mut held = vec![connect(&bench).await, connect(&bench).await];
    assert_eq!(rest(&mut connect(&bench).await).await, "", "a third one is closed");
    assert!(is_healthy(connect_from_elsewhere(&bench).await).await);
    held.pop();
    let again = async { while !is_healthy(connect(&bench).await).await {} };
    timeout(PATIENCE, again).await.expect("a place is free again");
}

#[tokio::test]
async fn whoever_sends_a_body_slowly_keeps_nobody_from_a_place() {
    let bench = bench(|limits| limits.requests = 1).await;
    let mut slow = Vec::new();
    for path in ["/login", "/api/v1/batches", "/nowhere", "/healthz"] {
        slow.push(slow_body(&bench, path).await);
        assert!(is_healthy(connect(&bench).await).await, "{path}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_in_time_is_answered_so() {
    let bench = bench(|limits| limits.body_timeout_s = 1).await;
    for path in ["/login", "/api/v1/batches"] {
        let answer = rest(&mut slow_body(&bench, path).await).await;
        assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("\"request_too_slow\""), "{path}: {answer}");
        assert!(answer.contains("content-type: application/problem+json"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_connection_on_which_no_request_comes_is_closed() {
    let bench = bench(|limits| limits.head_timeout_s = 1).await;
    for begun in ["", "GET /healthz HTTP/1.1\r\nhost: x\r\n"] {
        let mut socket = connect(&bench).await;
        socket.write_all(begun.as_bytes()).await.unwrap();
        assert_eq!(rest(&mut socket).await, "", "{begun:?}");
    }
}

/// Slots on which identifying takes until the test says so.
struct HeldFloor {
    none: NoFloor,
    entered: Semaphore,
    gate: Semaphore,
}

#[async_trait]
impl Floor for HeldFloor {
    fn slots(&self) -> Vec<SlotPlace> {
        self.none.slots()
    }

    fn events(&self) -> broadcast::Receiver<LineEvent> {
        self.none.events()
    }

    async fn start(&self, batch: BatchId, slots: &[SlotId], act: &Act) -> Result<(), FloorError> {
        self.none.start(batch, slots, act).await
    }

    async fn stop(&self, slot: &SlotId, how: Stop, act: &Act) -> Result<(), FloorError> {
        self.none.stop(slot, how, act).await
    }

    async fn retry(&self, slot: &SlotId, _: &Act) -> Result<(), FloorError> {
        self.entered.add_permits(1);
        self.gate.acquire().await.unwrap().forget();
        Err(FloorError::NoSuchSlot(slot.clone()))
    }

    async fn identify(&self, slot: &SlotId, act: &Act) -> Result<Occupant, FloorError> {
        self.none.identify(slot, act).await
    }

    async fn check_golden(&self, batch: BatchId, slot: &SlotId, act: &Act) -> Result<GoldenOutcome, FloorError> {
        self.none.check_golden(batch, slot, act).await
    }

    async fn map(&self, slot: &SlotId, port: &PortName, act: &Act) -> Result<(), FloorError> {
        self.none.map(slot, port, act).await
    }

    async fn golden_due(&self) -> Result<Vec<GoldenDue>, FloorError> {
        self.none.golden_due().await
    }

    fn cut(&self, usernames: &[String]) {
        self.none.cut(usernames);
    }
}

#[tokio::test]
async fn no_more_requests_are_worked_on_than_may_be_and_a_live_stream_is_none_of_them() {
    let floor = Arc::new(HeldFloor { none: NoFloor::default(), entered: Semaphore::new(0), gate: Semaphore::new(0) });
    let own = Arc::clone(&floor);
    let bench = Bench::start_with(|settings, services| {
        settings.limits.requests = 1;
        services.floor = own;
    })
    .await;
    let session = bench.session(Role::Engineer).await;
    let _live = bench.ask("GET", "/api/v1/events").header("cookie", &session.cookie).open().await;
    let retry = bench.ask_as(Role::Engineer, "POST", "/api/v1/slots/A1/retry").await.json(&serde_json::json!({}));
    let held = tokio::spawn(retry.send());
    timeout(PATIENCE, floor.entered.acquire()).await.unwrap().unwrap().forget();
    let busy = bench.ask("GET", "/healthz").send().await;
    assert_eq!((busy.status, busy.header("retry-after")), (503, "5"), "{busy:?}");
    assert_eq!(busy.json()["code"], "busy");
    floor.gate.add_permits(1);
    assert_eq!(held.await.unwrap().status, 404);
    assert_eq!(bench.ask("GET", "/healthz").send().await.status, 200);
}
