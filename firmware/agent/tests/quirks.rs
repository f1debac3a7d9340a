//! What a faulty firmware does otherwise, one deviation at a time.

mod support;

use firstpass_agent::{Event, PresenceSaid, Quirks, SessionInNvs, Setup, Subscribes};
use firstpass_contract::{
    mqtt::{ConnectCode, Delivery, Packet, Publish},
    nvs,
};
use support::{ANSWER, Rig, UNREACHABLE, complete, factory};

fn quirky(quirks: Quirks) -> Setup {
    Setup { quirks, ..Setup::default() }
}

fn filters(subscribes: Subscribes) -> Vec<String> {
    let mut rig = Rig::connected_as(complete(), quirky(Quirks { subscribes, ..Quirks::default() }));
    let filters = |packet| match packet {
        Packet::Subscribe { subscriptions, .. } => {
            subscriptions.iter().map(|subscription| subscription.filter.as_str().to_owned()).collect()
        }
        _ => vec![],
    };
    rig.packets().into_iter().flat_map(filters).collect()
}

fn presence(presence: PresenceSaid) -> Vec<(Vec<u8>, bool)> {
    let mut rig = Rig::connected_as(complete(), quirky(Quirks { presence, ..Quirks::default() }));
    let said = |packet| {
        if let Packet::Publish(Publish { payload, retain, .. }) = packet { Some((payload, retain)) } else { None }
    };
    rig.packets().into_iter().filter_map(said).collect()
}

#[test]
fn subscriptions_can_be_wrong_in_every_way() {
    assert_eq!(filters(Subscribes::AsContracted), ["acme/key-1/cmd/#", "acme/key-1/config/#"]);
    assert_eq!(filters(Subscribes::Commands), ["acme/key-1/commands"]);
    assert_eq!(filters(Subscribes::BelowUserName), ["acme/user-1/cmd/#", "acme/user-1/config/#"]);
    assert_eq!(filters(Subscribes::Nothing), Vec::<String>::new());
}

#[test]
fn presence_can_be_wrong_in_every_way() {
    assert_eq!(presence(PresenceSaid::Online), [(b"ONLINE".to_vec(), true)]);
    assert_eq!(presence(PresenceSaid::Offline), [(b"OFFLINE".to_vec(), true)]);
    assert_eq!(presence(PresenceSaid::NotRetained), [(b"ONLINE".to_vec(), false)]);
    assert_eq!(presence(PresenceSaid::Nothing), []);
}

#[test]
fn a_code_can_be_kept() {
    let setup = quirky(Quirks { keeps_code: true, ..Quirks::default() });
    let mut rig = Rig::online_as(factory(), setup);
    rig.http_answers(200, ANSWER);
    let [write] = rig.writes().try_into().unwrap();
    assert!(!write.erase.contains(&nvs::AUTH_CODE));
}

#[test]
fn a_password_and_a_certificate_can_be_wrong() {
    let setup = quirky(Quirks { wrong_password: true, no_certificate: true, ..Quirks::default() });
    let mut rig = Rig::online_as(SessionInNvs { client_certificate: true, ..complete() }, setup);
    assert!(!rig.opens()[0].client_certificate);
    rig.feed(Event::BrokerOpened);
    let [Packet::Connect(connect)] = &rig.packets()[..] else { panic!("no CONNECT") };
    assert_ne!(connect.password.as_ref().unwrap().expose(), b"pass-1");
}

#[test]
fn a_ping_can_stay_unanswered_and_a_quirk_can_come_and_go_at_any_time() {
    let mut rig = Rig::connected();
    rig.packets();
    let ping = Packet::Publish(Publish {
        dup: false,
        retain: false,
        delivery: Delivery::AtMostOnce,
        topic: "acme/key-1/cmd/ping".into(),
        payload: br#"{"rid":"r"}"#.to_vec(),
    });
    for (no_ping_answer, answers) in [(true, 0), (false, 1)] {
        rig.agent.set_quirks(Quirks { no_ping_answer, ..Quirks::default() });
        rig.broker_says(&ping);
        assert_eq!(rig.packets().len(), answers);
    }
}

#[test]
fn a_hammering_unit_waits_as_long_as_it_is_told_whatever_the_answer_was() {
    let hammers = || quirky(Quirks { hammers_ms: Some(200), ..Quirks::default() });
    let mut rig = Rig::online_as(complete(), hammers());
    for _ in 0..5 {
        rig.broker_answers(ConnectCode::BadLogin);
        assert_eq!(rig.sleep(), 200);
    }
    let mut rig = Rig::online_as(factory(), hammers());
    for _ in 0..5 {
        rig.feed(Event::HttpFailed(UNREACHABLE));
        assert_eq!(rig.sleep(), 200);
        rig.http_answers(429, "");
        assert_eq!(rig.sleep(), 200);
    }
}
