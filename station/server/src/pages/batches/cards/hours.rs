//! Units per hour beside the takt.

use std::time::Duration;

use firstpass_domain::Timestamp;
use firstpass_store::BatchFigures;
use maud::{Markup, html};

use super::Card;
use crate::{
    figures::takt::{Hour, Takt, newest},
    pages::batches::{
        draw::{self, seconds},
        time,
    },
};

/// Clock hours that are drawn: two days.
const HOURS_MAX: u32 = 48;

/// Where the takt comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum TaktSource {
    /// The quantity over the hours that were planned, as somebody said on this page.
    Planned(f64),
    /// `takt_s` of the station's configuration.
    Station,
}

/// The takt of the order: from its quantity and the planned hours, or as the station says.
pub(crate) fn takt(quantity: Option<u32>, hours: Option<f64>, station_s: Option<f64>) -> Option<(Takt, TaktSource)> {
    let planned = quantity.zip(hours).and_then(|(quantity, hours)| Some((Takt::planned(quantity, hours)?, hours)));
    let of_station = || Takt::of(Duration::try_from_secs_f64(station_s?).ok()?);
    planned
        .map(|(takt, hours)| (takt, TaktSource::Planned(hours)))
        .or_else(|| of_station().map(|takt| (takt, TaktSource::Station)))
}

/// The hours of a batch.
pub(crate) fn hours(figures: &BatchFigures) -> Vec<Hour> {
    let hour =
        |hour: &firstpass_store::HourFigures| Hour { began: hour.began, passed: hour.passed, failed: hour.failed };
    figures.throughput.iter().map(hour).collect()
}

/// The card.
pub(crate) fn card(hours: &[Hour], takt: Option<(Takt, TaktSource)>, now: Timestamp, foot: Markup) -> Markup {
    let shown = newest(hours, HOURS_MAX);
    let about = html! {
        "Runs that passed and, above them, runs that failed, by the clock hour in which they ended; the newest "
        (HOURS_MAX) " hours at most."
        @match takt {
            Some((takt, source)) => { " The line is the takt: " (seconds(takt.seconds())) " for a unit, " (said(source)) "." },
            None => " There is no takt: say in how many hours the order is to be done, or set takt_s under [server].",
        }
    };
    let chart = draw::hours::draw(&shown, takt.map(|(takt, _)| takt), now);
    let (id, title, empty) = ("hours", "Units per hour", "No run has ended.");
    Card { id, title, about, chart, empty, table: table(&shown, takt.map(|(takt, _)| takt)), foot }.render()
}

fn said(source: TaktSource) -> String {
    match source {
        TaktSource::Planned(hours) => format!("the quantity over {hours} hours"),
        TaktSource::Station => "as this station is set up".to_owned(),
    }
}

fn table(hours: &[Hour], takt: Option<Takt>) -> Markup {
    html! {
        table.data.dense {
            thead { tr {
                th scope="col" { "Hour" } th.num scope="col" { "Passed" } th.num scope="col" { "Failed" }
                @if takt.is_some() { th.num scope="col" { "Of the takt" } }
            } }
            tbody { @for hour in hours.iter().rev() { tr {
                th.nowrap scope="row" { (time(hour.began, "minute")) }
                td.num { (hour.passed) }
                td.num { (hour.failed) }
                @if let Some(takt) = takt { td.num { (draw::percent(f64::from(hour.passed) / takt.per_hour())) } }
            } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hours_of_the_order_go_before_the_takt_of_the_station() {
        let found =
            |quantity, hours, station| takt(quantity, hours, station).map(|(takt, source)| (takt.seconds(), source));
        assert_eq!(found(Some(480), Some(8.0), Some(45.0)), Some((60.0, TaktSource::Planned(8.0))));
        assert_eq!(found(None, Some(8.0), Some(45.0)), Some((45.0, TaktSource::Station)));
        assert_eq!(found(Some(480), None, None), None);
        assert_eq!(found(None, None, Some(-1.0)), None);
    }
}
