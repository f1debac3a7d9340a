//! Whatever fails, in whatever order: no unit comes back sooner than the rules allow, or later than they ask.

mod support;

use firstpass_agent::{Action, Event, HttpResponse, OpaqueBytes};
use firstpass_contract::mqtt::ConnectCode;
use proptest::prelude::*;
use support::{ANSWER, RESET, Rig, UNREACHABLE, complete, factory};

const WEEK_MS: u64 = 7 * 24 * 3600 * 1000;

fn any_refusal() -> impl Strategy<Value = Event> {
    let answer = |status, retry_after_s, body: &str| {
        Event::HttpResponse(HttpResponse { status, retry_after_s, body: OpaqueBytes(body.into()) })
    };
    prop_oneof![
        Just(Event::HttpFailed(UNREACHABLE)),
        any::<Option<u32>>().prop_map(move |retry_after_s| answer(429, retry_after_s, "")),
        (300..600_u16).prop_map(move |status| answer(status, None, "")),
        Just(answer(200, None, "<html>")),
    ]
}

/// What happens to a unit between two tries to connect.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    Refused,
    Reset,
    NetworkFlaps,
    Accepted,
}

fn any_trouble() -> impl Strategy<Value = Trouble> {
    prop_oneof![Just(Trouble::Refused), Just(Trouble::Reset), Just(Trouble::NetworkFlaps), Just(Trouble::Accepted),]
}

proptest! {
    #[test]
    fn no_order_of_refusals_brings_a_unit_back_too_soon_or_never(
        refusals in proptest::collection::vec(any_refusal(), 1..40),
    ) {
        let mut rig = Rig::online(factory());
        for refusal in refusals {
            prop_assert_eq!(rig.posts().len(), 1, "one request at a time");
            let throttled = matches!(&refusal, Event::HttpResponse(response) if response.status == 429);
            rig.feed(refusal);
            rig.log();
            rig.actions();
            let waited_ms = rig.sleep();
            prop_assert!((2_000..=WEEK_MS).contains(&waited_ms), "{waited_ms}");
            prop_assert!(!throttled || waited_ms >= 62_000, "{waited_ms}");
        }
        rig.http_answers(200, ANSWER);
        prop_assert_eq!(rig.writes().len(), 1, "a grant is taken at any time");
    }

    #[test]
    fn no_order_of_troubles_brings_a_unit_back_to_its_broker_too_soon_or_never(
        troubles in proptest::collection::vec(any_trouble(), 1..40),
    ) {
        let mut rig = Rig::online(complete());
        for trouble in troubles {
            prop_assert_eq!(rig.opens().len(), 1, "one connection at a time");
            let least_ms = make(trouble, &mut rig);
            rig.log();
            rig.actions();
            let waited_ms = rig.sleep();
            prop_assert!((least_ms..=300_000).contains(&waited_ms), "{waited_ms} after {trouble:?}");
        }
    }
}

/// Makes trouble, and returns the shortest wait that may follow.
fn make(trouble: Trouble, rig: &mut Rig) -> u64 {
    match trouble {
        Trouble::Refused => {
            rig.broker_answers(ConnectCode::NotAuthorized);
            return 30_000;
        }
        Trouble::Reset => rig.feed(Event::BrokerFailed(RESET)),
        Trouble::NetworkFlaps => {
            rig.feed(Event::NetworkRetry { attempt: 1, attempts_max: 5 });
            rig.network_up();
        }
        Trouble::Accepted => {
            rig.broker_accepts();
            assert!(!rig.actions().contains(&Action::CloseBroker), "an accepted unit stays");
            rig.feed(Event::BrokerClosed(RESET));
        }
    }
    2_000
}
