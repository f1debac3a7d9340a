//! A service elsewhere grants the sessions, and the station relays: units pass with what the service grants, its factory
//! code and the units' passwords stay nowhere, and while it is away the batch pauses by itself and goes on by itself.

use std::fs;

use tests::{
    Gateway, Injection, Process, Product, Secrets, Station, Traces, Unit, VirtualUnit,
    network::{Granted, GrantingService, Standing},
};

const FIRST: &str = "62:55:f9:00:90:01";
const SECOND: &str = "62:55:f9:00:90:02";
/// The factory code that the service knows.
const FACTORY_CODE: &str = "factory-code-of-the-service-7f3a9d5b1c";

#[test]
fn a_unit_passes_with_what_the_service_grants_and_no_secret_of_it_stays() {
    let line = Line::set_up();
    let unit = line.unit(FIRST, &["--fault", "prints-secrets"]);
    let mut command = line.command(&[&unit], &[]);
    let outcome = Process::start(command.env("RUST_LOG", "trace")).finish().expect_code(0).expect_counts(1, 0);
    let [asked] = &line.service.asked()[..] else { panic!("asked once: {:?}", line.service.asked()) };
    let head = asked.to_ascii_lowercase();
    assert!(head.starts_with("post /api/v1/provision/device ") && head.contains(FACTORY_CODE), "{asked}");
    assert!(!head.contains("\"mac\""), "the service does not know the field: {asked}");
    let (password, token) = (GrantingService::password(1), GrantingService::token(1));
    let in_flash = Secrets::in_flash(&unit.flash());
    assert_eq!((in_flash.of("mqtt_password"), in_flash.of("dht")), (vec![&*password], vec![&*token]));
    let printed = [outcome, line.station.json(["units", "show", FIRST]), line.station.run(["audit", "export"])];
    let traces = Traces::of(&line.station, &printed);
    for (what, secret) in [("the factory code", FACTORY_CODE), ("the password", &password), ("the token", &token)] {
        traces.assert_free_of(what, secret);
    }
    line.station.audit();
}

#[test]
fn while_the_service_is_away_the_batch_pauses_and_it_goes_on_by_itself() {
    let line = Line::set_up();
    line.service.stand(Standing::Away);
    let first = line.unit(FIRST, &[]);
    let mut batch = Process::start(&mut line.command(&[&first], &["--count", "1"]));
    let failed = batch.wait_for_event("failed", |_| true);
    assert_eq!(failed["problem"]["code"], "upstream_away", "{failed}");
    first.unplug();
    let paused = batch.wait_for_event("paused", |_| true);
    assert!(paused["reason"].as_str().unwrap().starts_with("the provisioning service is away"), "{paused}");
    // The unit was told when to come back, and it holds nothing.
    let shown = line.station.unit(FIRST);
    assert_eq!(shown.states(), ["upstream_away"]);
    let refused = Unit::evidence(&shown.runs()[0], "provision_refused");
    assert!(refused.iter().all(|fact| fact["status"] == 503) && !refused.is_empty(), "{shown:?}");
    assert!(shown.sessions().is_empty(), "{shown:?}");

    line.service.stand(Standing::Here);
    let _second = line.unit(SECOND, &[]);
    batch.wait_for_event("passed", |event| event["mac"] == SECOND);
    batch.finish().expect_code(1).expect_counts(1, 1);
    let audit = line.station.audit();
    for kind in ["batch.paused", "batch.resumed"] {
        assert_eq!(audit.of_kind(kind).len(), 1, "{kind}");
    }
}

#[test]
fn a_service_that_asks_for_silence_is_left_alone() {
    let line = Line::set_up();
    line.service.stand(Standing::Status(429));
    // The unit has no network, so that this story asks in its place.
    let unit = line.unit(FIRST, &["--fault", "no-network"]);
    let mut batch = Process::start(&mut line.command(&[&unit], &[]));
    batch.wait_for_event("step_began", |event| event["step"] == "provision");
    let flash = Secrets::in_flash(&unit.flash());
    for _ in 0..2 {
        let answer = line.gateway.provision(flash.of("auth_code")[0]).to_ascii_lowercase();
        assert!(answer.starts_with("http/1.1 503") && answer.contains("upstream_away"), "{answer}");
        let after = answer.lines().find_map(|line| line.strip_prefix("retry-after: ")).expect("it says when");
        assert!((1..=60).contains(&after.trim().parse::<u32>().unwrap()), "a minute of silence: {answer}");
    }
    batch.stop();
    let shown = line.station.unit(FIRST);
    let run = &shown.runs()[0];
    let [told] = Unit::evidence(run, "upstream_failed")[..] else { panic!("told once: {run}") };
    assert_eq!((&told["status"], &told["reason"]), (&429.into(), &"throttled".into()), "{told}");
    assert_eq!(line.service.asked().len(), 1, "silence was asked for");
    line.station.audit();
}

#[test]
fn what_the_service_refuses_is_told_with_its_status() {
    let line = Line::set_up();
    line.service.stand(Standing::Status(403));
    let unit = line.unit(FIRST, &[]);
    let outcome = Process::start(&mut line.command(&[&unit], &[])).finish().expect_code(1).expect_counts(0, 1);
    let problem = &outcome.events("failed")[0]["problem"];
    assert_eq!(problem["code"], "upstream_refused", "{problem}");
    assert!(problem["why"].as_str().unwrap().contains("403"), "{problem}");
}

/// A station that relays to a service, with one slot.
struct Line {
    station: Station,
    product: Product,
    gateway: Gateway,
    service: GrantingService,
}

impl Line {
    fn set_up() -> Self {
        let (station, product) = (Station::new(), Product::new());
        let gateway = Gateway::of(&station);
        let granted = Granted { mqtt_host: gateway.host.clone(), mqtt_port: gateway.mqtt };
        let (code, ca) = (product.folder().join("code"), product.folder().join("service.pem"));
        let service = GrantingService::open(granted, &ca).unwrap();
        fs::write(&code, FACTORY_CODE).unwrap();
        let (url, config) = (service.url(), fs::read_to_string(&gateway.config).unwrap());
        let upstream = format!("[upstream]\nurl = {url:?}\nauth_code = {{ file = {code:?} }}\nca_file = {ca:?}\n");
        fs::write(&gateway.config, config + &upstream).unwrap();
        Self { station, product, gateway, service }
    }

    fn unit(&self, mac: &str, options: &[&str]) -> VirtualUnit {
        VirtualUnit::start(self.product.folder(), "A1", mac, options)
    }

    fn command(&self, units: &[&VirtualUnit], options: &[&str]) -> std::process::Command {
        let recipe = self.product.recipe(Injection::Nvs, &[("provision_s = 30", "provision_s = 8")]);
        self.station.flash_command_at(&self.gateway, &recipe, units, options)
    }
}
