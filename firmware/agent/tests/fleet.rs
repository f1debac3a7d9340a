//! A fleet that loses its service at one instant comes back without a peak. Source: recovery rules, section 1.

#[path = "../examples/fleet/curve.rs"]
#[expect(dead_code, reason = "the example prints what this test only bounds")]
mod curve;
#[path = "../examples/fleet/drawing.rs"]
mod drawing;
#[path = "../examples/fleet/scenario.rs"]
mod scenario;
#[path = "../examples/fleet/simulation.rs"]
mod simulation;
#[path = "../examples/fleet/svg.rs"]
mod svg;

use drawing::{MINUTE_MS, UNITS};
use firstpass_agent::Quirks;
use scenario::{Loss, Scenario};

const HOUR_MS: u64 = 60 * MINUTE_MS;

/// The most attempts that any second may see. First attempts lie 2 s to 10 s after the loss, an eighth of the fleet in
/// each second; the second ones of the quickest units, at three times their first delay, fall among them at a third of
/// that rate. Five standard deviations of chance are added.
fn bound(units: u32) -> usize {
    let expected = f64::from(units) / 8.0 * (1.0 + 1.0 / 3.0);
    (expected + 5.0 * expected.sqrt()) as usize
}

fn highest_rate(loss: Loss) -> usize {
    let comeback = simulation::run(&Scenario::new(UNITS, loss));
    assert_eq!(comeback.connects_ms.len(), UNITS as usize);
    curve::peak_per_s(&comeback.attempts_ms)
}

#[test]
fn a_broker_that_was_away_sees_no_peak_however_long_it_was() {
    for away_ms in [1, 1_000, 3_000, 5_000, 8_000, 12_000, MINUTE_MS, 10 * MINUTE_MS, HOUR_MS] {
        let highest = highest_rate(Loss::Broker { away_ms });
        assert!(highest <= bound(UNITS), "{highest} in one second after {away_ms} ms");
    }
}

#[test]
fn a_provisioning_service_that_was_away_sees_no_peak_however_long_it_was() {
    for away_ms in [1, 3_000, 5_000, 10_000, MINUTE_MS, HOUR_MS, 24 * HOUR_MS] {
        let highest = highest_rate(Loss::Provisioning { away_ms });
        assert!(highest <= bound(UNITS), "{highest} in one second after {away_ms} ms");
    }
}

#[test]
fn units_that_get_their_network_back_at_one_instant_do_not_connect_at_one_instant() {
    for away_ms in [1_000, MINUTE_MS, HOUR_MS] {
        let highest = highest_rate(Loss::Network { away_ms });
        assert!(highest <= bound(UNITS), "{highest} in one second after {away_ms} ms");
    }
}

#[test]
fn a_storm_of_too_many_requests_is_silent_for_a_minute_and_ends_without_a_peak() {
    for away_ms in [1_000, 65_000, 5 * MINUTE_MS] {
        let comeback = simulation::run(&Scenario::new(UNITS, Loss::Throttled { away_ms }));
        assert!(comeback.attempts_ms[0] >= 60_000);
        let highest = curve::peak_per_s(&comeback.attempts_ms);
        assert!(highest <= bound(UNITS), "{highest} in one second after {away_ms} ms");
    }
}

#[test]
fn a_service_that_admits_100_units_each_second_gets_all_in_without_a_peak() {
    let highest = highest_rate(Loss::Overloaded { admits_per_s: 100 });
    assert!(highest <= bound(UNITS), "{highest} in one second");
}

#[test]
fn the_bound_is_one_that_a_fleet_in_lock_step_breaks() {
    let quirks = Quirks { hammers_ms: Some(5_000), ..Quirks::default() };
    let comeback = simulation::run(&Scenario { quirks, ..Scenario::new(1_000, Loss::Broker { away_ms: MINUTE_MS }) });
    assert_eq!(curve::peak_per_s(&comeback.connects_ms), 1_000);
    assert!(1_000 > bound(1_000));
}

#[test]
fn the_drawing_in_the_documentation_is_what_the_simulation_draws() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/fleet-recovery.svg");
    let drawn = std::fs::read_to_string(path).expect("the drawing is in the repository");
    let again = "cargo run -p firstpass-agent --example fleet -- --out docs/fleet-recovery.svg";
    assert!(drawn == drawing::draw(), "draw it again: {again}");
}
