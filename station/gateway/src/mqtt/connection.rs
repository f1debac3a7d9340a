//! One TCP connection from accept to close: handshake, CONNECT, session, farewell.

use std::sync::Arc;

use firstpass_contract::mqtt::{Connect, ConnectCode, DecodeError, Packet};
use tokio::{net::TcpStream, sync::mpsc, time::timeout};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    acl::Acl,
    broker::Shared,
    certificate::ClientCertificate,
    control::Control,
    event::{BrokerEventKind, Origin},
    hub::{self, Admission, Message},
    login::{self, Grant},
    reason::{DisconnectReason, Refusal},
    session,
    wire::{ReceiveError, Wire},
};
use crate::tls::ServerTls;

pub(super) type TlsWire = Wire<TlsStream<TcpStream>>;

/// Serves one connection to its end.
pub(super) async fn serve(
    shared: Arc<Shared>,
    tls: ServerTls,
    socket: TcpStream,
    origin: Origin,
    stop: CancellationToken,
) {
    let mut connection = Connection::new(shared, origin, &stop);
    let wire = match connection.handshake(&tls, socket).await {
        Ok(wire) => wire,
        Err(refusal) if connection.is_told(&refusal) => return connection.refuse(None, refusal).await,
        Err(_) => return,
    };
    connection.greet(wire).await;
}

/// A connection before its session. Dropping it takes it off the hub, whatever happened.
pub(super) struct Connection {
    pub(super) shared: Arc<Shared>,
    pub(super) origin: Origin,
    pub(super) control: Arc<Control>,
    done: Option<DropGuard>,
}

/// What a session starts with.
pub(super) struct Start {
    pub(super) acl: Acl,
    pub(super) outgoing: mpsc::Receiver<Arc<Message>>,
    pub(super) keep_alive_s: u16,
}

impl Connection {
    fn new(shared: Arc<Shared>, origin: Origin, stop: &CancellationToken) -> Self {
        let control = Arc::new(Control::under(stop));
        let done = Some(control.done.clone().drop_guard());
        Self { shared, origin, control, done }
    }

    async fn handshake(&mut self, tls: &ServerTls, socket: TcpStream) -> Result<TlsWire, Refusal> {
        let stream = tokio::select! {
            () = self.control.cut.cancelled() => return Err(Refusal::Withdrawn),
            outcome = tls.accept(socket, self.shared.limits.handshake_timeout) => outcome.map_err(Refusal::Handshake)?,
        };
        let certificates = stream.get_ref().1.peer_certificates();
        self.origin.certificate = certificates.and_then(|chain| chain.first()).map(|der| ClientCertificate::read(der));
        Ok(Wire::new(stream, &self.shared.limits))
    }

    /// Whether a refusal becomes an event: of failed handshakes, which cost a stranger nothing, only so many do.
    fn is_told(&self, refusal: &Refusal) -> bool {
        let failed = matches!(refusal, Refusal::Handshake(_));
        !failed || self.shared.failures.lets_through(self.origin.peer.ip(), (self.shared.clock)())
    }

    async fn greet(mut self, mut wire: TlsWire) {
        let limit = self.shared.limits.connect_timeout;
        let cut = self.control.cut.clone();
        let decided = tokio::select! {
            () = cut.cancelled() => Err(Refusal::Withdrawn),
            decided = timeout(limit, self.connect(&mut wire)) => decided.unwrap_or(Err(Refusal::ConnectTimeout)),
        };
        match decided {
            Ok((start, connected)) => self.begin(wire, start, connected).await,
            Err(refusal) => self.refuse(Some(wire), refusal).await,
        }
    }

    /// Reads the CONNECT and decides on it.
    async fn connect(&mut self, wire: &mut TlsWire) -> Result<(Start, BrokerEventKind), Refusal> {
        let connect = first_packet(wire).await?;
        self.origin.username.clone_from(&connect.username);
        let username = connect.username.as_deref().unwrap_or_default();
        self.shared.hub.announce(self.origin.connection, username, Arc::clone(&self.control));
        let grant = login::decide(&self.shared, &self.origin, &connect).await?;
        let connected = connected(&connect, &grant);
        let keep_alive_s = connect.keep_alive_s;
        let (sender, outgoing) = mpsc::channel(self.shared.limits.outgoing_max);
        self.take_over(&grant.client_id, hub::Session::new(sender, connect.will)).await?;
        Ok((Start { acl: grant.acl, outgoing, keep_alive_s }, connected))
    }

    /// Begins the session as soon as the client's earlier one has published its will and is on record as ended: else
    /// the old OFFLINE would overwrite the new ONLINE.
    async fn take_over(&self, client_id: &str, session: hub::Session) -> Result<(), Refusal> {
        let mut session = Some(session);
        loop {
            match self.shared.hub.admit(self.origin.connection, client_id, &mut session) {
                Admission::Admitted => return Ok(()),
                Admission::Occupied(old) => old.done.cancelled().await,
                Admission::Withdrawn => return Err(Refusal::Withdrawn),
            }
        }
    }

    /// Records the session's begin, runs it, and records its end.
    async fn begin(mut self, mut wire: TlsWire, start: Start, connected: BrokerEventKind) {
        wire.allow(self.shared.limits.packet_bytes_max);
        let reason = match self.shared.emit(&self.origin, connected).await {
            Ok(()) => session::run(&self, &mut wire, start).await,
            Err(unrecorded) => unrecorded,
        };
        self.end(reason).await;
        wire.close().await;
    }

    async fn end(&mut self, reason: DisconnectReason) {
        let (hub, connection) = (&self.shared.hub, self.origin.connection);
        if let Some(will) = hub.close(connection, reason == DisconnectReason::Client) {
            let Message { topic, payload, retain, .. } = will;
            // When nobody reads events any more, the session ends all the same.
            let _ = self.shared.emit(&self.origin, BrokerEventKind::WillPublished { topic, payload, retain }).await;
        }
        let _ = self.shared.emit(&self.origin, BrokerEventKind::Disconnected(reason)).await;
        hub.retire(connection);
        self.done.take();
    }

    async fn refuse(self, wire: Option<TlsWire>, refusal: Refusal) {
        let code = refusal.code();
        let recorded = self.shared.emit(&self.origin, BrokerEventKind::Refused(refusal)).await;
        let Some(mut wire) = wire else { return };
        if let (Some(code), Ok(())) = (code, recorded) {
            // A client that does not even take its refusal is gone all the same.
            let _ = wire.send(&Packet::ConnAck { session_present: false, code }).await;
        }
        wire.close().await;
    }
}

impl Drop for Connection {
    /// Also when the task panics: a client's place must not stay taken.
    fn drop(&mut self) {
        self.shared.hub.retire(self.origin.connection);
    }
}

async fn first_packet(wire: &mut TlsWire) -> Result<Connect, Refusal> {
    match wire.receive().await {
        Ok(Packet::Connect(connect)) => Ok(connect),
        Ok(_) => Err(Refusal::NotConnect),
        Err(ReceiveError::Closed | ReceiveError::Transport(_)) => Err(Refusal::Gone),
        Err(ReceiveError::Malformed(DecodeError::ProtocolLevel(level))) => Err(Refusal::ProtocolLevel(level)),
        Err(ReceiveError::Malformed(err)) => Err(Refusal::Malformed(err)),
    }
}

fn connected(connect: &Connect, grant: &Grant) -> BrokerEventKind {
    BrokerEventKind::Connected {
        client_id: connect.client_id.clone(),
        role: grant.acl.role(),
        keep_alive_s: connect.keep_alive_s,
        clean_session: connect.clean_session,
        will_topic: connect.will.as_ref().map(|will| will.topic.clone()),
    }
}

/// The answer to an accepted CONNECT. Nothing is ever kept of an earlier session.
pub(super) const ACCEPTED: Packet = Packet::ConnAck { session_present: false, code: ConnectCode::Accepted };
