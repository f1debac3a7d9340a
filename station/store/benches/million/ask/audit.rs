//! Finding audit entries by everything that they are asked for.

use std::time::Duration;

use firstpass_domain::{AuditKind, StationId, Timestamp};
use firstpass_store::{AuditSearch, BatchId, Search as _, SqliteStore, StoreError};
use uuid::Uuid;

use super::Asked;
use crate::{
    floor::{self, BATCHES, PEOPLE, STATIONS, WAVE},
    make,
};

/// Entries of a page.
const PAGE: u32 = 100;

async fn find(store: &SqliteStore, search: AuditSearch) -> Result<usize, StoreError> {
    Ok(store.search_audit(&AuditSearch { limit: PAGE, ..search }).await?.len())
}

fn batch(number: u64) -> Option<BatchId> {
    Some(BatchId(make::batch_id(number as usize % BATCHES)))
}

pub(super) async fn ask(asked: &mut Asked<'_>) -> Result<(), StoreError> {
    let (store, units, entries) = (asked.store, asked.units, asked.entries);
    let all = AuditSearch::default;
    let waves = units.div_ceil(WAVE);
    let time = move |n: u64| Timestamp::from_micros(floor::wave_at(n as usize % waves));
    let hours = move |n: u64, hours: u64| {
        let from = time(n);
        AuditSearch { from: Some(from), to: Some(from.plus(Duration::from_secs(3600 * hours))), ..all() }
    };
    let before = move |n: u64| Some((n % entries as u64) as i64);
    let person = |n: u64| Some(PEOPLE[n as usize % (PEOPLE.len() - 1)].to_owned());
    let station = |n: u64| StationId::new(STATIONS[n as usize % STATIONS.len()]).ok();
    let kind = |n: u64| vec![AuditKind::ALL[n as usize % AuditKind::ALL.len()]];
    let large = Some(BatchId(make::batch_id(BATCHES)));
    let steps = || vec![AuditKind::StepBegan];
    let quarantined = || vec![AuditKind::UnitQuarantined];
    asked.time("audit: newest", |_| find(store, all())).await?;
    asked.time("audit: a page deep in", |n| find(store, AuditSearch { before: before(n), ..all() })).await?;
    asked.time("audit: an hour", |n| find(store, hours(n, 1))).await?;
    asked.time("audit: a day", |n| find(store, hours(n, 24))).await?;
    asked.time("audit: up to a time", |n| find(store, AuditSearch { to: Some(time(n)), ..all() })).await?;
    asked.time("audit: since a time", |n| find(store, AuditSearch { from: Some(time(n)), ..all() })).await?;
    asked
        .time("audit: a time before all", |_| find(store, AuditSearch { to: Some(Timestamp::from_micros(1)), ..all() }))
        .await?;
    asked.time("audit: a person", |n| find(store, AuditSearch { actor: person(n), ..all() })).await?;
    asked
        .time("audit: a person, deep in", |n| find(store, AuditSearch { actor: person(n), before: before(n), ..all() }))
        .await?;
    asked
        .time("audit: a person who did one thing", |_| {
            find(store, AuditSearch { actor: Some("audrey".into()), ..all() })
        })
        .await?;
    asked.time("audit: nobody", |_| find(store, AuditSearch { actor: Some("nobody".into()), ..all() })).await?;
    asked
        .time("audit: the line", |n| {
            find(store, AuditSearch { actor: Some("line".into()), before: before(n), ..all() })
        })
        .await?;
    asked
        .time("audit: a station", |n| find(store, AuditSearch { station: station(n), before: before(n), ..all() }))
        .await?;
    asked.time("audit: a batch", |n| find(store, AuditSearch { batch: batch(n), ..all() })).await?;
    asked
        .time("audit: the large batch, deep in", |n| {
            find(store, AuditSearch { batch: large, before: before(n), ..all() })
        })
        .await?;
    asked.time("audit: any kind", |n| find(store, AuditSearch { kinds: kind(n), ..all() })).await?;
    asked
        .time("audit: any kind, deep in", |n| find(store, AuditSearch { kinds: kind(n), before: before(n), ..all() }))
        .await?;
    asked
        .time("audit: a rare kind", |_| find(store, AuditSearch { kinds: vec![AuditKind::ExportMade], ..all() }))
        .await?;
    asked
        .time("audit: two kinds, one rare", |n| {
            find(
                store,
                AuditSearch { kinds: vec![AuditKind::ExportMade, AuditKind::RunFailed], before: before(n), ..all() },
            )
        })
        .await?;
    asked
        .time("audit: a person and what only the line does", |n| {
            find(store, AuditSearch { actor: person(n), kinds: steps(), ..all() })
        })
        .await?;
    asked
        .time("audit: a person, a kind and a day", |n| {
            find(store, AuditSearch { actor: Some("ada".into()), kinds: quarantined(), ..hours(n, 24) })
        })
        .await?;
    asked
        .time("audit: the line, a kind, a station and an hour", |n| {
            find(store, AuditSearch { actor: Some("line".into()), kinds: steps(), station: station(n), ..hours(n, 1) })
        })
        .await?;
    asked
        .time("audit: the slow clock's hour", |n| {
            find(store, AuditSearch { station: StationId::new(STATIONS[2]).ok(), ..hours(n, 1) })
        })
        .await?;
    asked
        .time("audit: a batch and a kind", |n| find(store, AuditSearch { batch: batch(n), kinds: kind(n), ..all() }))
        .await?;
    asked
        .time("audit: a batch at a time when it was not made", |n| {
            find(store, AuditSearch { batch: batch(n / 7), ..hours(n, 24) })
        })
        .await?;
    asked
        .time("audit: a batch, a person, a kind, a station, a day", |n| {
            find(
                store,
                AuditSearch {
                    batch: batch(n),
                    actor: Some("ada".into()),
                    kinds: quarantined(),
                    station: station(n),
                    ..hours(n, 24)
                },
            )
        })
        .await?;
    asked
        .time("audit: a unit", |n| {
            find(store, AuditSearch { subject: Some(floor::mac(n as usize % units).to_string()), ..all() })
        })
        .await?;
    asked
        .time("audit: a slot, and a person", |n| {
            find(store, AuditSearch { subject: Some("A3".into()), actor: person(n), ..all() })
        })
        .await?;
    asked
        .time("audit: a subject that is none", |n| {
            find(store, AuditSearch { subject: Some(Uuid::from_u128(n.into()).to_string()), ..all() })
        })
        .await?;
    asked
        .time("audit of a unit, its runs and certificates", |n| async move {
            Ok(store.audit_of_unit(floor::mac(n as usize % units), 200).await?.len())
        })
        .await
}
