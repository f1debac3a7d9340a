//! Wi-Fi, address and name, as ESP-IDF's driver and components print them. Source: ESP-IDF 5 and 6 (`wifi:` driver,
//! `esp_netif_handlers`, `esp-tls`), and its `wifi_err_reason_t`.

use firstpass_contract::logline::{split_idf_line, text_of_idf_line};
use firstpass_domain::evidence::UartFact;

use super::cut;

/// What a line says of the unit's network.
pub(super) fn read(line: &str) -> Option<UartFact> {
    if is_name_failure(line) {
        return Some(UartFact::DnsFailed { text: cut(line) });
    }
    let text = text_of_idf_line(line)?;
    if let Some(driver) = text.strip_prefix("wifi:") {
        return read_driver(driver);
    }
    let (tag, text) = split_idf_line(line)?;
    if tag == "esp_netif_handlers" {
        let address = text.strip_prefix("sta ip: ").or_else(|| text.strip_prefix("eth ip: "))?;
        return Some(UartFact::NetworkUp { ip: address.split(',').next()?.trim().parse().ok() });
    }
    let of_wifi = tag.to_ascii_lowercase().contains("wifi") && text.to_ascii_lowercase().contains("disconnect");
    let reason = Some(reason_in(text)?).filter(|_| of_wifi)?;
    Some(UartFact::WifiDisconnected { reason: Some(reason) })
}

/// The driver prints no blank behind its tag: `wifi:state: run -> init (0xf00)`, `wifi:connected with net, aid = 1, …`.
fn read_driver(text: &str) -> Option<UartFact> {
    if text.starts_with("connected with ") {
        return Some(UartFact::WifiJoined);
    }
    let (_, code) = text.strip_prefix("state: ")?.split_once("-> init (")?;
    let (code, _) = code.split_once(')')?;
    let code = u16::from_str_radix(code.trim_start_matches("0x"), 16).ok()?;
    // The lower octet tells which frame ended it, the upper one why.
    let reason = code >> 8;
    (reason > 0).then_some(UartFact::WifiDisconnected { reason: Some(reason) })
}

/// The number behind the word `reason`, as applications print it: `reason=201`, `reason: 201`, `(reason 15)`.
pub(super) fn reason_in(text: &str) -> Option<u16> {
    let (_, rest) = text.split_once("reason")?;
    let digits = rest.trim_start_matches([' ', '=', ':', '(']);
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// esp-tls says how the look-up of a name ended; lwIP's applications have words of their own.
fn is_name_failure(line: &str) -> bool {
    const TEXTS: [&str; 4] =
        ["couldn't get hostname", "getaddrinfo() returns", "DNS lookup failed", "Failed to resolve host"];
    TEXTS.iter().any(|text| line.contains(text))
}
