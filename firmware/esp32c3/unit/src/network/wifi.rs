//! Wi-Fi in station mode. Reasons of a refusal are printed with the numbers of ESP-IDF's `wifi_err_reason_t`.

use embassy_executor::Spawner;
use embassy_net::{Runner, Stack};
use embassy_time::{Duration, Timer};
use esp_hal::peripherals::WIFI;
use esp_radio::wifi::sta::StationConfig;
use esp_radio::wifi::{
    AuthenticationMethodConfig, Config, ConnectionError, ControllerConfig, DisconnectReason, Interface, WifiController,
};
use firstpass_agent::Event;
use firstpass_contract::logline::Level;

use super::{Credentials, JOIN, Network, TAG, get_address, stack_over};
use crate::{console, events, socket};

/// Attempts after the first before the unit says that it has failed.
const RETRIES_MAX: u16 = 5;
/// Pause between two attempts to join.
const RETRY: Duration = Duration::from_millis(500);
/// Pause before it begins anew, after it has said that it failed.
const ANEW: Duration = Duration::from_secs(60);

/// Brings the radio up; it joins when it is told what.
pub(crate) fn start(radio: WIFI<'static>, spawner: Spawner) -> Network {
    let interface = Interface::station();
    let controller = WifiController::new(radio, ControllerConfig::default()).expect("the radio starts at every boot");
    let (stack, runner) = stack_over(interface);
    spawner.spawn(run_stack(runner).expect("started once"));
    spawner.spawn(stay_joined(controller, stack).expect("started once"));
    spawner.spawn(say_goodbyes().expect("started once"));
    Network { stack }
}

#[embassy_executor::task]
async fn run_stack(mut runner: Runner<'static, Interface>) {
    runner.run().await;
}

#[embassy_executor::task]
async fn say_goodbyes() {
    socket::say_goodbyes().await;
}

/// Joins, and joins again whenever the network is lost.
#[embassy_executor::task]
async fn stay_joined(mut controller: WifiController<'static>, stack: Stack<'static>) {
    let credentials = JOIN.wait().await;
    let Some(config) = station(&credentials).filter(|config| controller.set_config(config).is_ok()) else {
        console::log(Level::Error, TAG, format_args!("NVS holds no usable Wi-Fi name and passphrase"));
        events::tell(Event::NetworkFailed { attempts: 0 }).await;
        return;
    };
    drop(config);
    let mut retries = 0;
    loop {
        match controller.connect_async().await {
            Ok(_) if get_address(stack).await => {
                retries = 0;
                if let Ok(info) = controller.wait_for_disconnect_async().await {
                    left(info.reason);
                }
            }
            Ok(_) => drop(controller.disconnect_async().await),
            Err(ConnectionError::Failed(info)) => left(info.reason),
            Err(error) => console::log(Level::Warn, TAG, format_args!("the driver could not join: {error}")),
        }
        if retries == RETRIES_MAX {
            events::tell(Event::NetworkFailed { attempts: RETRIES_MAX }).await;
            Timer::after(ANEW).await;
            retries = 0;
        } else {
            retries += 1;
            events::tell(Event::NetworkRetry { attempt: retries, attempts_max: RETRIES_MAX }).await;
            Timer::after(RETRY).await;
        }
    }
}

/// `None` when the name or the passphrase cannot be used.
fn station(credentials: &Credentials) -> Option<Config> {
    if credentials.ssid.is_empty() {
        return None;
    }
    let authentication = match credentials.passphrase.as_str() {
        "" => AuthenticationMethodConfig::Open,
        passphrase => AuthenticationMethodConfig::Wpa2Personal(passphrase.try_into().ok()?),
    };
    let ssid = credentials.ssid.as_str().try_into().ok()?;
    Some(Config::Station(StationConfig::default().with_ssid(ssid).with_authentication(authentication)))
}

fn left(reason: DisconnectReason) {
    let text = format_args!("disconnected from the access point, reason={}", number(reason));
    console::log(Level::Warn, TAG, text);
}

/// The numbers that a line knows; 1 means "unspecified".
fn number(reason: DisconnectReason) -> u16 {
    match reason {
        DisconnectReason::AuthenticationExpired => 2,
        DisconnectReason::AssociationTooMany => 5,
        DisconnectReason::AssociationLeave => 8,
        DisconnectReason::FourWayHandshakeTimeout => 15,
        DisconnectReason::BeaconTimeout => 200,
        DisconnectReason::NoAccessPointFound => 201,
        DisconnectReason::AuthenticationFailed => 202,
        DisconnectReason::AssociationFailed => 203,
        DisconnectReason::HandshakeTimeout => 204,
        DisconnectReason::ConnectionFailed => 205,
        DisconnectReason::NoAccessPointFoundWithCompatibleSecurity => 210,
        DisconnectReason::NoAccessPointFoundInAuthmodeThreshold => 211,
        // Others, and what a later version of the driver may add.
        _ => 1,
    }
}
