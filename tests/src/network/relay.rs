//! Passes a connection on to the station, in bad weather.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// How often a pause looks at whether the network is being closed.
const TICK: Duration = Duration::from_millis(50);

/// What happens to what is passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weather {
    /// Every piece waits this long.
    Slow(Duration),
    /// The connection is cut after this long.
    CutAfter(Duration),
}

/// Keeps a connection open and says nothing.
pub(super) fn hold(stream: &TcpStream, stop: &AtomicBool) {
    let _ = stream.set_read_timeout(Some(TICK));
    let mut nothing = [0; 256];
    while !stop.load(Ordering::Acquire) {
        match (&mut &*stream).read(&mut nothing) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if is_tick(&error) => {}
            Err(_) => return,
        }
    }
}

/// Passes both directions on until either side ends.
pub(super) fn pass_on(unit: TcpStream, to: SocketAddr, weather: Weather, stop: &Arc<AtomicBool>) {
    let Ok(station) = TcpStream::connect(to) else { return };
    let (Ok(unit_out), Ok(station_out)) = (unit.try_clone(), station.try_clone()) else { return };
    let stopped = Arc::clone(stop);
    let back = std::thread::spawn(move || pump(&station, &unit_out, weather, &stopped));
    pump(&unit, &station_out, weather, stop);
    let _ = back.join();
}

fn pump(mut from: &TcpStream, mut to: &TcpStream, weather: Weather, stop: &AtomicBool) {
    let _ = from.set_read_timeout(Some(TICK));
    let (began, mut buffer) = (Instant::now(), [0; 4096]);
    while !stop.load(Ordering::Acquire) && !weather.cuts(began) {
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if is_tick(&error) => continue,
            Err(_) => break,
        };
        weather.hold_up();
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

impl Weather {
    fn cuts(self, began: Instant) -> bool {
        matches!(self, Self::CutAfter(limit) if began.elapsed() >= limit)
    }

    fn hold_up(self) {
        if let Self::Slow(delay) = self {
            std::thread::sleep(delay);
        }
    }
}

fn is_tick(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
