//! What it costs the station to show 64 slots with ten updates a second each to pages that watch them, and how soon they
//! see: `cargo bench -p firstpass-server --bench live`. The station is a process of its own, so that its time on the
//! processor is its alone. Prints each figure against its limit; more than 1.00 is too much.

#![expect(clippy::unwrap_used, reason = "in a benchmark, a panic is the report")]

#[path = "../tests/support/floor.rs"]
mod floor;
#[path = "../tests/support/mod.rs"]
mod support;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, ExitCode, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant, SystemTime},
};

use firstpass_domain::{Diagnosis, DiagnosisCode, Mac, Role, RunId, Step};
use firstpass_line::event::LineEventKind;
use floor::TestFloor;
use support::Bench;

const SLOTS: usize = 64;
/// Time between two updates of a slot.
const UPDATE: Duration = Duration::from_millis(100);
/// How long is measured.
const MEASURED: Duration = Duration::from_secs(10);
/// Pages that watch, in each round.
const WATCHERS: [usize; 3] = [1, 4, 16];

/// Limits: of a core; until the first update; from the event to the page.
const CORE_SHARE_MAX: f64 = 0.10;
const FIRST_MAX: Duration = Duration::from_millis(500);
const LATE_MAX: Duration = Duration::from_millis(200);

/// What makes this program the station.
const STATION: &str = "--station";

fn main() -> ExitCode {
    if std::env::args().any(|arg| arg == STATION) {
        station();
        return ExitCode::SUCCESS;
    }
    // `cargo test` runs benchmarks too, once and without measuring.
    if !std::env::args().any(|arg| arg == "--bench") {
        return ExitCode::SUCCESS;
    }
    println!("64 slots, 10 updates a second each, {} s; ratio to the limit, below 1.00 is good", MEASURED.as_secs());
    // Every round is measured, also after one that is not good.
    let good = WATCHERS.into_iter().map(measure).filter(|good| !good).count() == 0;
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The station with a line on which much happens.
#[tokio::main]
async fn station() {
    let names: Vec<String> = (0..SLOTS).map(|n| format!("{}{}", char::from(b'A' + (n / 8) as u8), n % 8 + 1)).collect();
    let floor = Arc::new(TestFloor::new(&names.iter().map(String::as_str).collect::<Vec<_>>()));
    let own = Arc::clone(&floor);
    let bench = Bench::start_with(move |_, services| services.floor = own).await;
    let session = bench.session(Role::Operator).await;
    println!("{} {}", bench.url.trim_start_matches("http://"), session.cookie);
    let mut tick = tokio::time::interval(UPDATE / 10);
    // A tenth of the slots at a time, as no line moves in step.
    for round in 0_usize.. {
        tick.tick().await;
        for (n, name) in names.iter().enumerate().filter(|(n, _)| n % 10 == round % 10) {
            floor.happen(bench.now(), name, update(n, round / 10 + n));
        }
    }
}

/// The `n`-th update of a slot: four seconds of a run, over and over.
fn update(slot: usize, n: usize) -> LineEventKind {
    let run = RunId(uuid::Uuid::from_u128(n as u128 / 40));
    let mac = Mac::new([0x24, 0x0a, 0xc4, 0, slot as u8, (n / 40) as u8]);
    match n % 40 {
        0 => LineEventKind::Waiting,
        1 => LineEventKind::RunBegan { run },
        2 => LineEventKind::Identified { run, mac, attempt: 1 },
        at @ 3..39 if (at - 3) % 6 == 0 => LineEventKind::StepBegan { run, step: Step::ALL[(at - 3) / 6] },
        at @ 3..39 => {
            let step = Step::ALL[(at - 3) / 6];
            LineEventKind::Progress { run, step, done: (at as u64 - 3) % 6 * 20, total: 100 }
        }
        _ if slot % 8 == 3 => {
            let problem = Diagnosis::new(DiagnosisCode::BootSilent, Step::Boot, "nothing for 5 s").problem();
            LineEventKind::Failed { run, mac: Some(mac), step: Step::Boot, duration_ms: 3900, problem }
        }
        _ => LineEventKind::Passed { run, mac, duration_ms: 3900 },
    }
}

/// A round with so many watchers; whether it is within the limits.
fn measure(watchers: usize) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg(STATION)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let (place, cookie) = line.trim().split_once(' ').unwrap();
    let watching: Vec<_> = (0..watchers)
        .map(|_| {
            let (place, cookie) = (place.to_owned(), cookie.to_owned());
            thread::spawn(move || watch(&place, &cookie))
        })
        .collect();
    // The login's hash and the first pages are not what is measured.
    thread::sleep(Duration::from_secs(2));
    let (before, began) = (processor_time(&child), Instant::now());
    thread::sleep(MEASURED);
    let share = (processor_time(&child) - before).as_secs_f64() / began.elapsed().as_secs_f64();
    child.kill().unwrap();
    child.wait().unwrap();
    let seen: Vec<Seen> = watching.into_iter().map(|watcher| watcher.join().unwrap()).collect();
    report(watchers, share, &seen)
}

/// What a watcher saw.
struct Seen {
    first: Duration,
    lags: Vec<Duration>,
    bytes: usize,
    lasted: Duration,
}

/// Reads the stream to its end. A run that begins brings its time along, by which its lag is known.
fn watch(place: &str, cookie: &str) -> Seen {
    let began = Instant::now();
    let mut socket = TcpStream::connect(place).unwrap();
    write!(socket, "GET /line/events HTTP/1.1\r\nhost: {place}\r\ncookie: {cookie}\r\n\r\n").unwrap();
    let mut seen = Seen { first: Duration::MAX, lags: Vec::new(), bytes: 0, lasted: Duration::ZERO };
    let mut buffer = vec![0; 256 * 1024];
    let mut newest = now_ms();
    while let Ok(read @ 1..) = socket.read(&mut buffer) {
        let (text, now) = (String::from_utf8_lossy(&buffer[..read]), now_ms());
        seen.bytes += read;
        if seen.first == Duration::MAX && text.contains("id=\"slot") {
            seen.first = began.elapsed();
        }
        let times =
            text.split("class=\"clock\" data-began=\"").skip(1).filter_map(|rest| rest.split('"').next()?.parse().ok());
        // Only a run that is new here tells how long it was on its way.
        for time in times.filter(|time: &u64| *time > newest).collect::<Vec<_>>() {
            seen.lags.push(Duration::from_millis(now.saturating_sub(time)));
            newest = newest.max(time);
        }
    }
    seen.lasted = began.elapsed();
    seen
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as u64
}

/// User and system time of a process. Source: proc_pid_stat(5), fields 14 and 15, in hundredths of a second.
fn processor_time(child: &Child) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

fn report(watchers: usize, share: f64, seen: &[Seen]) -> bool {
    let first = seen.iter().map(|seen| seen.first).max().unwrap();
    let mut lags: Vec<Duration> = seen.iter().flat_map(|seen| seen.lags.clone()).collect();
    lags.sort();
    let late = lags[(lags.len() - 1) * 99 / 100];
    let rate = seen.iter().map(|seen| seen.bytes as f64 / seen.lasted.as_secs_f64()).sum::<f64>() / seen.len() as f64;
    let ratios = [
        ("of a core", share / CORE_SHARE_MAX, format!("{:.1} %", share * 100.0)),
        ("first update", first.as_secs_f64() / FIRST_MAX.as_secs_f64(), format!("{first:.0?}")),
        ("event to page, 99th of 100", late.as_secs_f64() / LATE_MAX.as_secs_f64(), format!("{late:.0?}")),
    ];
    println!("{watchers} watching, {:.0} kB/s each, {} lags", rate / 1000.0, lags.len());
    for (what, ratio, figure) in &ratios {
        println!("  {ratio:5.2}  {what}: {figure}");
    }
    ratios.iter().all(|(_, ratio, _)| *ratio < 1.0)
}
