//! Debian's mosquitto clients as units and monitors, and OpenSSL's view of the server.

use std::{
    path::PathBuf,
    process::{Output, Stdio},
};

use firstpass_gateway::mqtt::{BrokerEventKind, DisconnectReason, QoS, Refusal};
use tokio::process::{Child, Command};

use crate::station::{OBSERVER, Station};

fn tool(name: &str) -> PathBuf {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut candidates = std::env::split_paths(&folders).map(|folder| folder.join(name));
    candidates.find(|path| path.is_file()).unwrap_or_else(|| panic!("{name} is missing; run ./test, which installs it"))
}

fn command(name: &str, station: &Station, username: &str, extra: &[&str]) -> Command {
    let mut command = Command::new(tool(name));
    command.args(["-h", "127.0.0.1", "-p", &station.port.to_string(), "-V", "mqttv311", "--cafile"]);
    command.arg(station.ca.root_file()).args(["-u", username, "-P", &format!("pw-{username}")]).args(extra);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

async fn run(name: &str, station: &Station, username: &str, extra: &[&str]) -> Output {
    command(name, station, username, extra).output().await.unwrap()
}

fn spawn(name: &str, station: &Station, username: &str, extra: &[&str]) -> Child {
    command(name, station, username, extra).spawn().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap().trim()
}

const AS_U1: [&str; 2] = ["-i", "u1"];

#[tokio::test(flavor = "multi_thread")]
async fn a_message_goes_from_the_line_to_a_unit_and_from_the_unit_to_the_monitor() {
    let mut station = Station::start().await;
    let unit = spawn("mosquitto_sub", &station, "u1", &["-i", "u1", "-q", "1", "-t", "acme/key-u1/cmd/#", "-C", "1"]);
    station.until(|kind| matches!(kind, BrokerEventKind::Subscribed { .. })).await;
    assert_eq!(station.handle.publish("acme/key-u1/cmd/ping", b"{}", QoS::AtLeastOnce, false), Ok(1));
    assert_eq!(text(&unit.wait_with_output().await.unwrap().stdout), "{}");

    let monitor = spawn("mosquitto_sub", &station, OBSERVER, &["-q", "1", "-t", "acme/+/state", "-C", "1", "-v"]);
    station.until(|kind| matches!(kind, BrokerEventKind::Subscribed { .. })).await;
    let published =
        run("mosquitto_pub", &station, "u1", &["-i", "u1", "-q", "1", "-t", "acme/key-u1/state", "-m", "up"]).await;
    assert!(published.status.success(), "{}", text(&published.stderr));
    assert_eq!(text(&monitor.wait_with_output().await.unwrap().stdout), "acme/key-u1/state up");
    assert_eq!(station.disconnect().await.1, DisconnectReason::Client);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_a_wrong_client_id_are_told_apart() {
    let mut station = Station::start().await;
    let wrong = run("mosquitto_pub", &station, "u1", &["-P", "guess", "-i", "u1", "-t", "x", "-m", "y"]).await;
    assert!(text(&wrong.stderr).contains("bad user name or password"), "{}", text(&wrong.stderr));
    assert_eq!(station.refusal().await, Refusal::WrongPassword);
    let wrong = run("mosquitto_pub", &station, "u1", &["-i", "u2", "-t", "x", "-m", "y"]).await;
    assert!(text(&wrong.stderr).contains("not authorised"), "{}", text(&wrong.stderr));
    assert_eq!(station.refusal().await, Refusal::WrongClientId);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_classic_mistake_is_refused_and_named() {
    let mut station = Station::start().await;
    let unit = run("mosquitto_sub", &station, "u1", &["-i", "u1", "-t", "acme/key-u1/commands", "-C", "1"]).await;
    assert!(text(&unit.stderr).contains("denied"), "{}", text(&unit.stderr));
    let denied = station.until(|kind| matches!(kind, BrokerEventKind::SubscriptionDenied { .. })).await;
    assert_eq!(denied.kind, BrokerEventKind::SubscriptionDenied { filter: "acme/key-u1/commands".into() });
}

#[tokio::test(flavor = "multi_thread")]
async fn presence_is_retained_for_a_monitor_that_comes_later() {
    let station = Station::start().await;
    let online = [&AS_U1[..], &["-q", "1", "-r", "-t", "acme/key-u1/presence/", "-m", "ONLINE"]].concat();
    assert!(run("mosquitto_pub", &station, "u1", &online).await.status.success());
    let format = ["-t", "acme/+/presence/", "-C", "1", "-F", "%r %t %p"];
    let seen = run("mosquitto_sub", &station, OBSERVER, &format).await;
    assert_eq!(text(&seen.stdout), "1 acme/key-u1/presence/ ONLINE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_client_leaves_its_will() {
    let mut station = Station::start().await;
    let monitor = spawn("mosquitto_sub", &station, OBSERVER, &["-t", "acme/+/presence/", "-C", "1"]);
    station.until(|kind| matches!(kind, BrokerEventKind::Subscribed { .. })).await;
    let will =
        ["--will-topic", "acme/key-u1/presence/", "--will-payload", "OFFLINE", "--will-retain", "--will-qos", "1"];
    let mut unit = spawn("mosquitto_sub", &station, "u1", &[&AS_U1[..], &["-t", "acme/key-u1/cmd/#"], &will].concat());
    station.until(|kind| matches!(kind, BrokerEventKind::Subscribed { .. })).await;
    unit.kill().await.unwrap();
    let event = station.until(|kind| matches!(kind, BrokerEventKind::WillPublished { .. })).await;
    assert_eq!(event.origin.username.as_deref(), Some("u1"));
    assert_eq!(station.disconnect().await, (event.origin.connection, DisconnectReason::Lost));
    assert_eq!(text(&monitor.wait_with_output().await.unwrap().stdout), "OFFLINE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_qos_2_message_is_taken_once() {
    let mut station = Station::start().await;
    let message = [&AS_U1[..], &["-q", "2", "-t", "acme/key-u1/state", "-m", "once"]].concat();
    assert!(run("mosquitto_pub", &station, "u1", &message).await.status.success());
    let event = station.until(|kind| matches!(kind, BrokerEventKind::Published { .. })).await;
    assert!(matches!(event.kind, BrokerEventKind::Published { qos: QoS::ExactlyOnce, .. }));
    assert_eq!(station.disconnect().await.1, DisconnectReason::Client);
}

#[tokio::test(flavor = "multi_thread")]
async fn openssl_verifies_the_server_with_both_versions_of_tls() {
    let mut station = Station::start().await;
    for (version, name) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let mut client = Command::new(tool("openssl"));
        client.args([
            "s_client",
            "-brief",
            "-verify_return_error",
            "-verify_hostname",
            "localhost",
            version,
            "-CAfile",
        ]);
        client.arg(station.ca.root_file()).arg("-connect").arg(format!("127.0.0.1:{}", station.port));
        let output = client.stdin(Stdio::null()).output().await.unwrap();
        let said = text(&output.stderr);
        assert!(output.status.success() && said.contains("Verification: OK") && said.contains(name), "{said}");
        assert_eq!(station.refusal().await, Refusal::Gone);
    }
}
