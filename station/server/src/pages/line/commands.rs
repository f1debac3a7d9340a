//! A sheet to print and hang beside the line: every command, slot and open work order as codes to scan.

use axum::{extract::State, response::Html};
use firstpass_store::{BatchSearch, BatchState};
use maud::{Markup, html};
use qrcode::{EcLevel, QrCode, types::Color};

use super::{code128, scan::Command};
use crate::{
    AppState,
    access::Principal,
    pages::layout::{Nav, Page},
    problem::Answer,
    words::{LineWords, line},
};

/// Most work orders on the sheet.
const ORDERS_MAX: u32 = 12;
/// Light modules around a QR code. Source: ISO/IEC 18004.
const QUIET: usize = 4;

/// `GET /line/commands`
pub(super) async fn sheet(State(app): State<AppState>, person: Principal) -> Answer<Html<String>> {
    let words = line(person.language);
    let search = BatchSearch { state: Some(BatchState::Open), limit: ORDERS_MAX, ..BatchSearch::default() };
    let orders = app.services.store.batch_page(&search).await?;
    let slots = app.services.floor.slots();
    let body = html! {
        .page-head {
            h1 { (words.sheet_title) }
            .toolbar.no-print { button.primary type="button" data-prints { (words.sheet_print) } a.button href="/line" { (words.title) } }
        }
        p.no-print { (words.sheet_text) }
        .codes {
            @for command in Command::ALL.into_iter().filter(|command| *command != Command::Scrap) {
                (tile(command.word(), command.word(), help(command, words)))
            }
        }
        @if !slots.is_empty() {
            h2 { (words.sheet_slots) }
            .codes { @for place in &slots { (tile(place.slot.as_str(), &format!("SLOT:{}", place.slot), "")) } }
        }
        @if !orders.is_empty() {
            h2 { (words.sheet_orders) }
            .codes { @for order in &orders { (tile(&order.batch.name, &format!("WO:{}", order.batch.name), &order.batch.product)) } }
        }
    };
    let page = Page { title: words.sheet_title, nav: Nav::Line, person: Some(&person), scripts: &[], body };
    Ok(Html(page.render().into_string()))
}

/// A name, what it does, and its codes.
fn tile(name: &str, code: &str, text: &str) -> Markup {
    html! {
        .tile {
            div { strong.mono { (name) } @if !text.is_empty() { span.muted.small { (text) } } }
            (qr(code))
            @if let Some(bars) = code128::svg(code) { (bars) }
        }
    }
}

/// The text as a QR code; nothing when it is too long for one.
fn qr(text: &str) -> Markup {
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::M) else { return html! {} };
    let (width, colors) = (code.width(), code.to_colors());
    let dark = colors.iter().enumerate().filter(|(_, color)| **color == Color::Dark).map(|(index, _)| index);
    let path: String =
        dark.map(|index| format!("M{} {}h1v1h-1z", index % width + QUIET, index / width + QUIET)).collect();
    let size = width + 2 * QUIET;
    html! {
        svg.qr viewBox={ "0 0 " (size) " " (size) } role="img" aria-label={ "QR: " (text) } {
            rect width="100%" height="100%" fill="#fff" {}
            path d=(path) fill="#000" {}
        }
    }
}

/// What a command does.
pub(super) const fn help(command: Command, words: &LineWords) -> &'static str {
    match command {
        Command::Start => words.help_start,
        Command::Stop => words.help_stop,
        Command::StopNow => words.help_stop_now,
        Command::Retry => words.help_retry,
        Command::Quarantine => words.help_quarantine,
        Command::Release => words.help_release,
        Command::Scrap => words.scrap_elsewhere,
        Command::Open => words.help_open,
        Command::All => words.help_all,
        Command::Clear => words.help_clear,
        Command::Help => words.help_help,
    }
}
