//! Ports and slots: which serial ports there are, which slot has which, and who is in a slot. Opens a port only when a
//! person asks who is there.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{Html, IntoResponse, Redirect},
};
use firstpass_device::{PortInfo, PortName, ports};
use firstpass_domain::{Action, SlotId};
use firstpass_line::floor::SlotPlace;
use maud::{Markup, html};
use serde::Deserialize;

use super::{Tab, csrf, page, reason, reason_field, versions::blocking};
use crate::{
    AppState,
    access::{Access, Principal},
    extract::{Form, Path},
    problem::{Answer, HttpProblem},
    routes::Routes,
};

pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/engineering/ports", Access::May(Action::SeeEngineering), list)
        .post("/engineering/slots/{slot}/identify", Access::May(Action::MapPorts), identify)
        .post("/engineering/slots/{slot}/port", Access::May(Action::MapPorts), map)
}

/// Another port for a slot.
#[derive(Debug, Deserialize)]
struct Mapping {
    port: String,
    reason: String,
}

async fn list(State(app): State<AppState>, person: Principal) -> Answer {
    let slots = app.services.floor.slots();
    let found = found(&slots).await?;
    let view = View { person: &person, slots: &slots, ports: &found };
    let body = html! { (view.slots()) (view.ports()) };
    Ok(page(&person, Tab::Ports, "Ports and slots", false, &body))
}

/// The ports of this machine and those of the slots.
async fn found(slots: &[SlotPlace]) -> Answer<Vec<PortInfo>> {
    let configured: Vec<PortName> = slots.iter().map(|place| place.port.clone()).collect();
    let listed = blocking(move || ports::list(&configured)).await?;
    listed.map_err(|error| {
        let what = "The serial ports cannot be listed.";
        let remedy = "Check that /sys and /dev are mounted and readable.";
        HttpProblem::new(StatusCode::SERVICE_UNAVAILABLE, "ports_unreadable", what, format!("{error}."), remedy)
    })
}

/// Asks who is in a slot. A page that is already open gets only the answer.
async fn identify(
    State(app): State<AppState>,
    person: Principal,
    Path(slot): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let slot = parse(&slot)?;
    let occupant = app.services.floor.identify(&slot, &person.act("who is in the slot")).await?;
    let known = app.services.store.unit(occupant.mac).await?.is_some();
    let mac = occupant.mac.to_string();
    let answer = html! {
        span.badge.ok { "Unit answered" } " "
        @if known { a.mono href={ "/units/" (mac) } { (mac) } } @else { span.mono { (mac) } span.muted { " (not on record)" } }
        " " span.muted { (occupant.chip) }
    };
    if headers.contains_key("hx-request") {
        return Ok(Html(answer.into_string()).into_response());
    }
    let body = html! { section.card { h2 { "Slot " (slot) } p { (answer) } p { a href=(Tab::Ports.path()) { "Back to the ports" } } } };
    Ok(page(&person, Tab::Ports, "Who is in the slot", true, &body))
}

async fn map(
    State(app): State<AppState>,
    person: Principal,
    Path(slot): Path<String>,
    Form(mapping): Form<Mapping>,
) -> Answer {
    let slot = parse(&slot)?;
    let act = person.act(reason(&mapping.reason)?);
    app.services.floor.map(&slot, &PortName::new(mapping.port.trim()), &act).await?;
    Ok(Redirect::to(Tab::Ports.path()).into_response())
}

/// A slot by its name in an address.
pub(super) fn parse(slot: &str) -> Answer<SlotId> {
    SlotId::new(slot).map_err(|_| HttpProblem::not_found(format!("There is no slot {slot:?}.")))
}

/// A text as a part of an address.
pub(super) fn percent(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b':' | b'/' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

struct View<'a> {
    person: &'a Principal,
    slots: &'a [SlotPlace],
    ports: &'a [PortInfo],
}

impl View<'_> {
    fn slots(&self) -> Markup {
        html! {
            section.card.flush {
                h2 { "Slots" }
                @if self.slots.is_empty() {
                    div.empty {
                        strong { "This station has no slots" }
                        p { "Add a [[slot]] with name and port for every place to its configuration." }
                    }
                } @else {
                    table.data {
                        caption.visually-hidden { "Slots with their ports" }
                        thead { tr {
                            th scope="col" { "Slot" } th scope="col" { "Port" } th scope="col" { "Adapter" }
                            th scope="col" { "State" } th scope="col" { "Who is there" }
                            @if self.person.may(Action::MapPorts) { th scope="col" { "Other port" } }
                        } }
                        tbody { @for place in self.slots { (self.slot(place)) } }
                    }
                }
            }
            p.muted.small {
                "To find a place on the bench, take its unit out or put one in and ask who is there: the MAC stands on the unit's label. Asking resets the unit. "
                "Ports are best named by their place (/dev/serial/by-path/…): numbers such as ttyUSB0 move."
            }
        }
    }

    fn slot(&self, place: &SlotPlace) -> Markup {
        let SlotPlace { slot, port, configured, .. } = place;
        let info = self.ports.iter().find(|info| info.port.canonical() == port.canonical());
        html! {
            tr {
                th scope="row" { (slot) }
                td.break {
                    span.mono { (port) }
                    @if port != configured { div.small { span.badge.info { "Mapped" } " configured: " span.mono { (configured) } } }
                }
                td { @match info { Some(info) => (adapter(info)), None => span.badge.warn { "not there" } } }
                td { (state(place)) }
                td { (self.identifier(place)) }
                @if self.person.may(Action::MapPorts) { td { (self.mapper(place)) } }
            }
        }
    }

    fn identifier(&self, place: &SlotPlace) -> Markup {
        let id = format!("occupant-{}", place.slot).replace('.', "_");
        html! {
            @if self.person.may(Action::MapPorts) {
                form.inline.tight method="post" action={ "/engineering/slots/" (place.slot) "/identify" }
                    hx-post={ "/engineering/slots/" (place.slot) "/identify" } hx-target={ "#" (id) } hx-swap="innerHTML"
                    hx-disable="find button"
                {
                    (csrf(self.person))
                    button.small type="submit" disabled[place.in_work.is_some()] { "Ask" span.visually-hidden { " who is in slot " (place.slot) } }
                }
            }
            div id=(id) role="status" {}
        }
    }

    fn mapper(&self, place: &SlotPlace) -> Markup {
        let slot = &place.slot;
        let free = place.batch.is_none() && place.busy.is_none();
        html! {
            @if free {
                details {
                    summary { "Change" span.visually-hidden { " the port of slot " (slot) } }
                    form.stack method="post" action={ "/engineering/slots/" (slot) "/port" } {
                        (csrf(self.person))
                        div.field {
                            label for={ "port-" (slot) } { "Port" }
                            input id={ "port-" (slot) } name="port" list="ports" required value=(place.port) maxlength="255"
                                autocomplete="off" spellcheck="false";
                            span.hint { "If another stopped slot has it, the two exchange their ports." }
                        }
                        (reason_field(&format!("reason-{slot}"), "adapter changed"))
                        button type="submit" { "Change the port" }
                    }
                }
            } @else { span.muted.small { "Stop the slot first" } }
        }
    }

    fn ports(&self) -> Markup {
        html! {
            section.card.flush {
                h2 { "Serial ports of this machine" }
                @if self.ports.is_empty() {
                    div.empty { strong { "No serial ports" } p { "Plug an adapter in, and open this page again." } }
                } @else {
                    table.data {
                        caption.visually-hidden { "Serial ports" }
                        thead { tr {
                            th scope="col" { "Port" } th scope="col" { "By its place" } th scope="col" { "Adapter" }
                            th scope="col" { "Serial number" } th scope="col" { "Place in the USB tree" } th scope="col" { "Slot" }
                        } }
                        tbody { @for info in self.ports { (self.port(info)) } }
                    }
                }
                datalist #ports { @for info in self.ports { option value=(stable(info)) {} } }
            }
        }
    }

    fn port(&self, info: &PortInfo) -> Markup {
        let slots: Vec<&str> = self
            .slots
            .iter()
            .filter(|place| place.port.canonical() == info.port.canonical())
            .map(|place| place.slot.as_str())
            .collect();
        let serial = info.usb.as_ref().and_then(|usb| usb.serial_number.as_deref());
        let none = || html! { span.muted { "none" } };
        html! {
            tr {
                th.mono.break scope="row" { (info.port) }
                td.mono.break { @match info.port.by_place() { Some(place) => (place), None => (none()) } }
                td { (adapter(info)) }
                td.mono { @match serial { Some(serial) => (serial), None => (none()) } }
                td.mono { @match &info.topology { Some(place) => (place), None => (none()) } }
                td {
                    @match slots.as_slice() {
                        [] => span.badge.idle { "free" },
                        [one] => strong { (one) },
                        several => { (several.join(", ")) " " span.badge.bad { "twice" } },
                    }
                }
            }
        }
    }
}

/// The name of a port that stays with its place, where there is one.
fn stable(info: &PortInfo) -> PortName {
    info.port.by_place().unwrap_or_else(|| info.port.clone())
}

fn adapter(info: &PortInfo) -> Markup {
    html! {
        @match &info.usb {
            Some(usb) => span.mono { (format!("{:04x}:{:04x}", usb.vid, usb.pid)) },
            None => span.muted { "no USB" },
        }
    }
}

fn state(place: &SlotPlace) -> Markup {
    html! {
        @if let Some(busy) = place.busy { span.badge.info { (busy) } }
        @else if place.in_work.is_some() { span.badge.info { "unit in work" } }
        @else if place.stopping { span.badge.warn { "stopping" } }
        @else if place.batch.is_some() { span.badge.ok { "waits for a unit" } }
        @else { span.badge.idle { "stopped" } }
    }
}
