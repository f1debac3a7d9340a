//! Commands that the unit understands. Knows no packet.

use alloc::string::{String, ToString};

use firstpass_contract::{
    PingAnswer, Topics,
    state::{PONG, Ping},
};

/// Longest `rid` that is echoed, in bytes.
const RID_MAX: usize = 128;

/// What a received message asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// Publish this text on `state`.
    AnswerOnState(String),
    /// Nothing to do but to say so.
    Ignore(&'static str),
}

/// Version and hash of the running image, which a ping asks for.
#[derive(Debug, Clone)]
pub(crate) struct RunningApp {
    pub(crate) version: String,
    pub(crate) sha256: String,
}

impl RunningApp {
    /// Decides what a message on `topic` asks for.
    pub(crate) fn react(&self, topics: &Topics, topic: &str, payload: &[u8]) -> Reaction {
        if topic != topics.cmd_ping() {
            return Reaction::Ignore("no such command");
        }
        match serde_json::from_slice::<Ping>(payload) {
            Ok(ping) if ping.rid.len() <= RID_MAX => self.answer(ping),
            Ok(_) => Reaction::Ignore("rid is too long"),
            Err(_) => Reaction::Ignore("payload is not a ping"),
        }
    }

    fn answer(&self, ping: Ping) -> Reaction {
        let answer = PingAnswer {
            kind: PONG.to_string(),
            rid: ping.rid,
            fw_version: self.version.clone(),
            app_sha256: self.sha256.clone(),
        };
        Reaction::AnswerOnState(serde_json::to_string(&answer).expect("texts always become JSON"))
    }
}
