//! How a session ends, and when the next is tried.

use firstpass_contract::{
    mqtt::{ConnectCode, Packet},
    topics::OFFLINE,
};

use super::{Breakdown, BrokerClient, link::Link, send};
use crate::{Action, BrokerFailure, action::Actions};

impl BrokerClient {
    /// The network is away: no attempt is made until it is back.
    pub(crate) fn network_lost(&mut self, out: &mut Actions) {
        self.link = match self.link {
            Link::Down { retry_at } => Link::Offline { not_before: retry_at },
            Link::Offline { not_before } => Link::Offline { not_before },
            Link::Opening | Link::AwaitingConnack { .. } | Link::Up { .. } => {
                out.push(Action::CloseBroker);
                Link::Offline { not_before: None }
            }
        };
    }

    /// The network is back. A first connect is made at once; a reconnect waits, because the units around this one have
    /// their network back at the same instant, and never less than a broker's refusal made it wait.
    pub(crate) fn network_back(&mut self, now_ms: u64, out: &mut Actions) {
        let Link::Offline { not_before } = self.link else { return };
        if !self.attempted {
            return self.connect(out);
        }
        let at = now_ms + self.backoff.after_outage();
        self.link = Link::Down { retry_at: Some(not_before.map_or(at, |not_before| not_before.max(at))) };
    }

    /// The application ends a session that is up; says whether there was one.
    pub(crate) fn close(&mut self, now_ms: u64, out: &mut Actions) -> bool {
        if !self.publish(self.topics.presence(), OFFLINE.into(), true, now_ms, out) {
            return false;
        }
        send(&Packet::Disconnect, out);
        self.abandon(out);
        true
    }

    /// Closes the stream, if there is one, and makes no further attempt.
    pub(crate) fn abandon(&mut self, out: &mut Actions) {
        if self.has_stream() {
            out.push(Action::CloseBroker);
        }
        self.link = Link::Down { retry_at: None };
    }

    pub(super) fn break_down(&mut self, why: &Breakdown, now_ms: u64, out: &mut Actions) {
        let delay_ms = match self.quirks.hammers_ms {
            Some(delay_ms) => u64::from(delay_ms),
            None => self.delay(why),
        };
        out.log(&why.line(delay_ms));
        if !matches!(why, Breakdown::Transport(_)) {
            out.push(Action::CloseBroker);
        }
        out.failed(why.class(), Some(delay_ms));
        self.link = Link::Down { retry_at: Some(now_ms + delay_ms) };
    }

    /// A certificate that the broker will not take next time either waits as refused credentials do.
    fn delay(&mut self, why: &Breakdown) -> u64 {
        match why {
            Breakdown::Refused(ConnectCode::BadLogin | ConnectCode::NotAuthorized)
            | Breakdown::Transport(BrokerFailure { certificate: Some(_), .. }) => self.backoff.after_refusal(),
            Breakdown::Transport(BrokerFailure { certificate: None, .. })
            | Breakdown::Refused(_)
            | Breakdown::Silent
            | Breakdown::Malformed(_)
            | Breakdown::Unexpected => self.backoff.after_failure(),
        }
    }
}
