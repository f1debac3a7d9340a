//! `station units reprovision`: the documented fix for a unit whose credentials were reset or lost. It is provisioned
//! once with a code, and proves that it connects; what proves it is printed.

use std::time::Instant;

use firstpass_domain::{Fact, Mac, RunId};
use firstpass_line::{BatchReport, RunReport, recipe::Recipe};
use firstpass_store::{RunDetail, Standing, Store};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::{
    args::{Global, ReprovisionArgs},
    config::Config,
    exit::{Exit, Failure},
    output::{Output, utc},
    progress, report, secrets, slots,
    station::Station,
};

/// Repairs the unit on the port.
pub(super) async fn run(
    global: &Global,
    args: &ReprovisionArgs,
    output: Output,
    token: CancellationToken,
) -> Result<Exit, Failure> {
    let config = Config::load(global)?;
    let recipe = Recipe::load(&args.recipe)?;
    secrets::warn(output, secrets::of_recipe(&recipe));
    secrets::warn(output, secrets::of_config(&config));
    let slot = slots::one(0, &args.port, args.presence)?;
    let station = Station::start(&config, &config.data_dir(global), global.crash_at).await?;
    let shown = progress::show(output, args.language, station.line().events());
    let began = Instant::now();
    let done = station.line().reprovision(&recipe, slot, &token).await;
    let proof = match &done {
        Ok(report) => proof(station.store().as_ref(), report).await,
        Err(_) => Ok(None),
    };
    station.stop().await;
    let _ = shown.await;
    if let Some(proof) = proof? {
        output.say(&proof, || proof.text());
    }
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(report::print(output, args.language, &done?, duration_ms))
}

/// What shows that the unit is well again, with the time of each.
#[derive(Debug, Serialize)]
struct Proof {
    event: &'static str,
    mac: Option<Mac>,
    run: RunId,
    device_id: Option<String>,
    mqtt_username: Option<String>,
    /// When its provisioning was answered.
    provisioned: Option<String>,
    /// When it logged in to the broker with the new session.
    connected: Option<String>,
    /// When its NVS was read back: the session in it is the one on record, and the code is gone.
    read_back: Option<String>,
    /// How the unit stands, which a repair does not change: `passed`, `failed`, `quarantined` or `scrapped`; `None`
    /// when no run on record has tested it to its end.
    standing: Option<&'static str>,
}

async fn proof(store: &dyn Store, report: &BatchReport) -> Result<Option<Proof>, Failure> {
    let Some(RunReport { run, .. }) = report.runs.iter().rev().find(|run| run.passed) else { return Ok(None) };
    let Some(detail) = store.run(*run).await? else { return Ok(None) };
    let unit = match detail.run.mac {
        Some(mac) => store.unit(mac).await?,
        None => None,
    };
    Ok(Some(Proof::of(&detail, unit.and_then(|unit| unit.summary.standing))))
}

impl Proof {
    fn of(detail: &RunDetail, standing: Option<Standing>) -> Self {
        let mut proof = Self {
            event: "reprovisioned",
            mac: detail.run.mac,
            run: detail.run.id,
            device_id: None,
            mqtt_username: None,
            provisioned: None,
            connected: None,
            read_back: None,
            standing: standing.map(Standing::name),
        };
        for evidence in &detail.evidence {
            proof.take_in(&evidence.fact, utc(evidence.at));
        }
        proof
    }

    fn take_in(&mut self, fact: &Fact, at: String) {
        if let Fact::ProvisionAccepted { device_id, mqtt_username, .. } = fact {
            self.device_id = Some(device_id.to_string());
            self.mqtt_username = Some(mqtt_username.clone());
            self.provisioned = Some(at);
        } else if matches!(fact, Fact::MqttConnected { username, .. } if Some(username) == self.mqtt_username.as_ref())
        {
            self.connected = Some(at);
        } else if let Fact::NvsReadBack(_) = fact {
            self.read_back = Some(at);
        }
    }

    fn text(&self) -> String {
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let mac = self.mac.map_or("-".to_owned(), |mac| mac.to_string());
        format!(
            "the credentials of unit {mac} are well again (run {})\n  device {}, broker user {}\n  provisioned {}\n  \
             connected   {}\n  read back   {}\n{}",
            self.run,
            or_dash(&self.device_id),
            or_dash(&self.mqtt_username),
            or_dash(&self.provisioned),
            or_dash(&self.connected),
            or_dash(&self.read_back),
            self.verdict(),
        )
    }

    /// What the repair says of the unit itself: nothing.
    fn verdict(&self) -> String {
        match self.standing {
            Some("passed") => "the unit stands as passed, as before".to_owned(),
            Some(standing) => {
                format!("a repair passes no unit: this one stands as {standing}, as before; run it through the line")
            }
            None => "a repair passes no unit: no run has tested this one; run it through the line".to_owned(),
        }
    }
}
