//! A network between a unit and its station in which one thing is wrong. The unit's connections are led here by its
//! route; names and addresses that it knows stay as they were. Real sockets and real TLS; knows no slot and no verdict.

mod answer;
mod granting;
mod identity;
mod relay;

use std::{
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

pub use granting::{Granted, GrantingService, Standing};
use identity::Identity;

/// Connections that are served in the life of a network; a unit in trouble comes back now and then.
const CONNECTIONS_MAX: usize = 1000;

/// What is wrong with a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NetworkFault {
    /// Somebody else answers every connection with a certificate of his own, as a guest network's log-in page does.
    CaptivePortal,
    /// A server with a certificate that no CA of this line signed.
    UnknownCa,
    /// A server with a certificate of this line's CA for another name.
    WrongName,
    /// A server whose certificate has expired.
    Expired,
    /// A server whose certificate is not valid yet.
    NotYetValid,
    /// A server that is right in all but its answer, which has this status.
    Status(u16),
    /// The answer's JSON ends in the middle, and so does its body.
    TruncatedJson,
    /// The connection ends in the middle of the answer.
    CutAnswer,
    /// A page for people instead of JSON.
    Html,
    /// Connections are taken and closed at once.
    Eof,
    /// Connections are taken, and nothing ever comes back.
    Silent,
    /// Nobody listens.
    Refused,
    /// What goes back and forth is held up for this long, now and then. Legal.
    Slow(Duration),
    /// The connection is cut this long after it was made.
    CutAfter(Duration),
}

/// Where the station's own service is.
#[derive(Debug, Clone)]
pub struct Service<'a> {
    /// Its address.
    pub address: SocketAddr,
    /// The station's folder of the certificate authority.
    pub authority: &'a Path,
}

/// A network with a fault, until it is dropped.
#[derive(Debug)]
pub struct FaultyNetwork {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl FaultyNetwork {
    /// Opens a network before `service`.
    pub fn open(fault: NetworkFault, service: &Service<'_>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        if fault == NetworkFault::Refused {
            return Ok(Self { address, stop, thread: None });
        }
        let behaviour = Behaviour::of(fault, service)?;
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || serve(&listener, &behaviour, &stopped));
        Ok(Self { address, stop, thread: Some(thread) })
    }

    /// Where the unit's route leads to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for FaultyNetwork {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // Wakes the listener.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What is done with a connection.
#[derive(Debug, Clone)]
enum Behaviour {
    /// TLS with this identity, then this answer to one request.
    Answer(Identity, answer::Answer),
    /// Closed at once.
    Close,
    /// Kept and ignored.
    Hold,
    /// Passed on to the station.
    Relay(SocketAddr, relay::Weather),
}

impl Behaviour {
    fn of(fault: NetworkFault, service: &Service<'_>) -> anyhow::Result<Self> {
        use answer::Answer;
        let name = service.address.ip();
        let ours = |validity| Identity::signed(service.authority, &name.to_string(), validity);
        Ok(match fault {
            NetworkFault::CaptivePortal => {
                Self::Answer(Identity::foreign("portal.guest-network.example")?, Answer::portal())
            }
            NetworkFault::UnknownCa => Self::Answer(Identity::foreign(&name.to_string())?, Answer::status(200)),
            NetworkFault::WrongName => {
                let other = Identity::signed(service.authority, "other-line.example", identity::Validity::Now)?;
                Self::Answer(other, Answer::status(200))
            }
            NetworkFault::Expired => Self::Answer(ours(identity::Validity::Past)?, Answer::status(200)),
            NetworkFault::NotYetValid => Self::Answer(ours(identity::Validity::Future)?, Answer::status(200)),
            NetworkFault::Status(status) => Self::Answer(ours(identity::Validity::Now)?, Answer::status(status)),
            NetworkFault::TruncatedJson => Self::Answer(ours(identity::Validity::Now)?, Answer::truncated_json()),
            NetworkFault::CutAnswer => Self::Answer(ours(identity::Validity::Now)?, Answer::cut()),
            NetworkFault::Html => Self::Answer(ours(identity::Validity::Now)?, Answer::html()),
            NetworkFault::Eof | NetworkFault::Refused => Self::Close,
            NetworkFault::Silent => Self::Hold,
            NetworkFault::Slow(delay) => Self::Relay(service.address, relay::Weather::Slow(delay)),
            NetworkFault::CutAfter(delay) => Self::Relay(service.address, relay::Weather::CutAfter(delay)),
        })
    }

    fn meet(&self, stream: TcpStream, stop: &Arc<AtomicBool>) {
        match self {
            Self::Answer(identity, answer) => answer.give(identity, stream),
            Self::Close => {
                let _ = stream.shutdown(Shutdown::Both);
            }
            Self::Hold => relay::hold(&stream, stop),
            Self::Relay(to, weather) => relay::pass_on(stream, *to, *weather, stop),
        }
    }
}

fn serve(listener: &TcpListener, behaviour: &Behaviour, stop: &Arc<AtomicBool>) {
    for stream in listener.incoming().take(CONNECTIONS_MAX).map_while(Result::ok) {
        if stop.load(Ordering::Acquire) {
            return;
        }
        let (behaviour, stop) = (behaviour.clone(), Arc::clone(stop));
        std::thread::spawn(move || behaviour.meet(stream, &stop));
    }
}
