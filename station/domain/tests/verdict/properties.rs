//! What holds for any evidence at all.

use firstpass_domain::{
    Evidence, Fact, Policy, Step, Timestamp, Verdict,
    evidence::{LinkFault, Rule, Service, TlsFault, UartFact},
    judge,
};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::{
    causes::{
        dropped, gave_up, handshake, left, login, mqtt_error, nvs, refused, timed_out, tls, transport, two_stages, uart,
    },
    facts::*,
};

/// Facts that a unit in trouble makes, besides those of a good one.
fn troubles() -> Vec<Fact> {
    vec![
        left(201),
        left(15),
        left(8),
        gave_up(),
        uart(UartFact::WifiJoined),
        uart(UartFact::NetworkUp { ip: None }),
        uart(UartFact::DnsFailed { text: String::new() }),
        tls(TlsFault::UnknownCa),
        tls(TlsFault::Expired),
        tls(TlsFault::Other),
        handshake(Service::Https, "unknown_ca", true),
        handshake(Service::Mqtt, "certificate_expired", false),
        transport("ESP_ERR_HTTP_CONNECT"),
        transport("ESP_ERR_HTTP_INCOMPLETE_DATA"),
        refused(429, "rate_limited"),
        refused(503, "record_unavailable"),
        uart(UartFact::ProvisionUnreadable),
        uart(UartFact::ProvisionRefused { status: 503 }),
        uart(UartFact::BackingOff { delay_ms: 30_000 }),
        nvs("ESP_ERR_NVS_NOT_ENOUGH_SPACE"),
        mqtt_error("tcp (type=1)"),
        login(5),
        login(6),
        dropped(5),
        dropped(6),
        Fact::Presence { connection: 6, online: false },
        uart(UartFact::OtaStarted),
        uart(UartFact::Backtrace { text: String::new() }),
        timed_out(Step::Boot),
        timed_out(Step::Provision),
        timed_out(Step::Connect),
        timed_out(Step::FieldConnect),
    ]
}

/// Facts after which no unit may pass, whatever else is there.
fn failures() -> Vec<Fact> {
    vec![
        Fact::LinkFailed { step: Step::Flash, fault: LinkFault::PortGone, detail: String::new() },
        Fact::Refused { rule: Rule::Quarantined },
        Fact::MqttRefused { code: 4, reason: "wrong_password".into() },
        Fact::MqttRefused { code: 5, reason: "missing_certificate".into() },
        uart(UartFact::MqttRefused { code: 5 }),
        refused(401, "unknown_code"),
        uart(UartFact::ProvisionRefused { status: 409 }),
        uart(UartFact::Panicked { text: String::new() }),
        uart(UartFact::BrownOut),
        uart(UartFact::BootFailed { text: String::new() }),
        uart(UartFact::Restarted { reason: "0xc".into() }),
        uart(UartFact::ProvisionImpossible),
        nvs("ESP_ERR_NVS_KEY_TOO_LONG"),
        Fact::UpstreamFailed { status: None, reason: "foreign_broker".into() },
        Fact::FlashSearched { known: 0, searched: 0, found_at: Some(1) },
        Fact::TopicDenied { connection: 5, topic: "commands".into(), subscribe: true },
        Fact::Flooded,
        Fact::CredentialsRevoked { mqtt_username: "u-1".into() },
        Fact::Interrupted { step: Step::Attest, cancelled: false },
    ]
}

fn any_fact() -> impl Strategy<Value = Fact> {
    select([good(), troubles(), failures()].concat())
}

fn any_policy() -> impl Strategy<Value = Policy> {
    select(vec![policy(), two_stages(), Policy { presence: false, app: None, ..policy() }])
}

fn timed(facts: &[Fact], times: &[u32]) -> Vec<Evidence> {
    let at = |index: usize| Timestamp::from_micros(i64::from(times.get(index).copied().unwrap_or(0)));
    facts.iter().enumerate().map(|(index, fact)| Evidence { at: at(index), fact: fact.clone() }).collect()
}

proptest! {
    #[test]
    fn any_evidence_is_judged_without_panic_and_twice_the_same(
        policy in any_policy(),
        facts in vec(any_fact(), 0..40),
        times in vec(any::<u32>(), 0..40),
    ) {
        let evidence = timed(&facts, &times);
        for len in 0..=evidence.len() {
            prop_assert_eq!(judge(&policy, &evidence[..len]), judge(&policy, &evidence[..len]));
        }
    }

    #[test]
    fn a_failure_at_any_place_of_a_passing_set_leaves_no_pass(
        failure in select(failures()),
        place in 0..=good().len(),
    ) {
        let mut facts = good();
        prop_assert_eq!(verdict(facts.clone()), Verdict::Pass);
        facts.insert(place, failure);
        let failed = matches!(verdict(facts.clone()), Verdict::Fail(_));
        prop_assert!(failed, "{:?}", facts[place]);
    }

    #[test]
    fn a_failure_stands_whatever_comes_later(
        mut facts in vec(any_fact(), 1..30),
        more in vec(any_fact(), 0..10),
    ) {
        // What a time-out means may still become clearer; what was decisive does not.
        facts.retain(|fact| !matches!(fact, Fact::TimedOut { .. }));
        if let Verdict::Fail(first) = verdict(facts.clone()) {
            let later = verdict([facts, more].concat());
            prop_assert_eq!(later, Verdict::Fail(first));
        }
    }

    #[test]
    fn trouble_that_may_heal_never_turns_an_incomplete_set_into_a_pass(
        more in vec(select(troubles()), 0..20),
        missing in 0..good().len(),
    ) {
        let mut facts = good();
        let removed = facts.remove(missing);
        prop_assume!(verdict(facts.clone()) != Verdict::Pass);
        // A login, or the end of one, is a piece of the proof itself.
        let may_complete = |fact: &Fact| matches!(fact, Fact::MqttConnected { .. }) || *fact == removed;
        let more: Vec<Fact> = more.into_iter().filter(|fact| !may_complete(fact)).collect();
        prop_assert_ne!(verdict([facts, more].concat()), Verdict::Pass);
    }

    #[test]
    fn an_open_verdict_asks_for_a_step_of_the_recipe(policy in any_policy(), facts in vec(any_fact(), 0..30)) {
        if let Verdict::Open { step } = judge(&policy, &timed(&facts, &[])) {
            prop_assert!(policy.steps().any(|own| own == step), "{step}");
        }
    }
}
