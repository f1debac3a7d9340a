//! What the faults make of a connection that the broker has let in: it breaks, it is flooded, or the firmware forgets
//! itself.

use std::future::pending;
use std::time::Duration;

use firstpass_agent::{Event, OpaqueBytes};
use tokio::time::Instant;

use super::{Driver, LinkFailure};
use crate::Fault;
use crate::app::broker::BrokerStream;
use crate::app::mischief;

/// How long a connection that comes and goes stands; long enough for presence and an answer to a first command.
const FLAP: Duration = Duration::from_millis(300);
/// Pause between two messages of a flood, and their length.
const FLOOD_PAUSE: Duration = Duration::from_micros(500);
const FLOOD_BYTES: usize = 512;

/// What is going to happen to the connection.
#[derive(Debug, Default)]
pub(super) struct Connection {
    breaks_at: Option<Instant>,
    floods: bool,
}

impl Connection {
    /// The connection has ended.
    pub(super) fn ended(&mut self) {
        *self = Self::default();
    }

    /// Waits until the connection breaks; for ever when it does not.
    pub(super) async fn breaks(&self) {
        match self.breaks_at {
            Some(at) => tokio::time::sleep_until(at).await,
            None => pending().await,
        }
    }

    /// The next message of a flood; never without one.
    pub(super) async fn telemetry(&self) -> OpaqueBytes {
        if !self.floods {
            return pending().await;
        }
        tokio::time::sleep(FLOOD_PAUSE).await;
        OpaqueBytes(vec![b'x'; FLOOD_BYTES])
    }
}

impl Driver {
    /// The broker has let the unit in.
    pub(super) fn registered(&mut self) {
        mischief::when_connected(&self.context, self.nvs.as_mut().ok());
        self.faulty.floods = self.context.faults.is_on(&Fault::MqttFlood);
        if self.context.faults.is_on(&Fault::DropAfterConnect) {
            let event = self.break_off();
            return self.tell(event);
        }
        let flaps = self.context.faults.find(|fault| matches!(fault, Fault::Flapping { .. }).then_some(()));
        self.faulty.breaks_at = flaps.map(|()| Instant::now() + FLAP);
    }

    /// The connection breaks: nobody says goodbye.
    pub(super) fn break_off(&mut self) -> Event {
        let spent = |fault: &mut Fault| {
            let Fault::Flapping { times } = fault else { return false };
            *times = times.saturating_sub(1);
            *times == 0
        };
        self.context.faults.count(spent);
        self.broker.forget();
        self.broker = BrokerStream::Closed;
        self.closed(&LinkFailure::broken())
    }
}
