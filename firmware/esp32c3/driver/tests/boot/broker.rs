//! A broker for one unit: it takes a login, grants everything, and asks whether the unit lives.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use firstpass_contract::mqtt::{
    ConnectCode, Delivery, PACKET_BYTES_MAX, Packet, Publish, SubscribeCode, decode, frame_length,
};
use firstpass_contract::{PingAnswer, Topics};
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;

use crate::support::server::{self, Secure};

pub(crate) const USER: &str = "unit-1";
pub(crate) const PASSWORD: &str = "s3cret-password";
pub(crate) const SLUG: &str = "demo";
pub(crate) const KEY: &str = "dk-1";
const RID: &str = "are-you-there";

/// What the broker saw of the unit.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) presence: RefCell<Option<Publish>>,
    pub(crate) pong: RefCell<Option<PingAnswer>>,
    /// Told when the unit has answered.
    pub(crate) answered: Notify,
}

pub(crate) async fn start(config: Arc<ServerConfig>, seen: Rc<Seen>) -> u16 {
    server::start(config, move |secure| serve(secure, Rc::clone(&seen))).await
}

async fn serve(mut secure: Secure, seen: Rc<Seen>) {
    let mut bytes = Vec::new();
    let mut piece = [0; 1024];
    loop {
        while let Some(length) = frame_length(&bytes, PACKET_BYTES_MAX).unwrap().filter(|length| *length <= bytes.len())
        {
            let packet = decode(&bytes[..length]).unwrap();
            bytes.drain(..length);
            let mut out = Vec::new();
            answers(packet, &seen).iter().for_each(|answer| answer.encode(&mut out));
            if secure.write_all(&out).await.is_err() || secure.flush().await.is_err() {
                return;
            }
        }
        match secure.read(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
    }
}

fn answers(packet: Packet, seen: &Seen) -> Vec<Packet> {
    let topics = Topics::new(SLUG, KEY);
    match packet {
        Packet::Connect(connect) => {
            let right = connect.username.as_deref() == Some(USER)
                && connect.password.as_ref().is_some_and(|password| password.expose() == PASSWORD.as_bytes());
            assert_eq!((connect.client_id.as_str(), connect.keep_alive_s, connect.clean_session), (USER, 60, true));
            assert_eq!(connect.will.map(|will| (will.topic, will.retain)), Some((topics.presence(), true)));
            let code = if right { ConnectCode::Accepted } else { ConnectCode::BadLogin };
            vec![Packet::ConnAck { session_present: false, code }]
        }
        Packet::Subscribe { id, subscriptions } => {
            let codes = subscriptions.iter().map(|wanted| SubscribeCode::Granted(wanted.qos)).collect();
            let payload = format!(r#"{{"rid":"{RID}"}}"#).into_bytes();
            let ping = (topics.cmd_ping(), payload, Delivery::AtMostOnce);
            let (topic, payload, delivery) = ping;
            let ping = Packet::Publish(Publish { dup: false, retain: false, delivery, topic, payload });
            vec![Packet::SubAck { id, codes }, ping]
        }
        Packet::Publish(publish) => published(publish, &topics, seen),
        Packet::PingReq => vec![Packet::PingResp],
        _ => Vec::new(),
    }
}

fn published(publish: Publish, topics: &Topics, seen: &Seen) -> Vec<Packet> {
    let acknowledged = match publish.delivery {
        Delivery::AtLeastOnce(id) => vec![Packet::PubAck(id)],
        Delivery::AtMostOnce | Delivery::ExactlyOnce(_) => Vec::new(),
    };
    if publish.topic == topics.presence() {
        *seen.presence.borrow_mut() = Some(publish);
    } else if publish.topic == topics.state() {
        let pong: PingAnswer = serde_json::from_slice(&publish.payload).unwrap();
        assert_eq!(pong.rid, RID);
        *seen.pong.borrow_mut() = Some(pong);
        seen.answered.notify_one();
    }
    acknowledged
}
