//! What the other pages ask.

use firstpass_store::{BatchId, BatchSearch, Search as _, Standing, Store as _, StoreError, UnitFilter};

use super::Asked;
use crate::{
    floor::{self, BATCHES},
    make, unit,
};

/// Rows of a page.
const PAGE: u32 = 50;
/// Entries of a page of an export.
const LARGE_PAGE: u32 = 1000;

pub(super) async fn ask(asked: &mut Asked<'_>) -> Result<(), StoreError> {
    let (store, units, entries) = (asked.store, asked.units, asked.entries);
    let mac = move |n: u64| floor::mac(n as usize % units);
    let batch = |n: u64| BatchId(make::batch_id(n as usize % BATCHES));
    let large = BatchId(make::batch_id(BATCHES));
    let list = move |n: u64, standing| UnitFilter { after: Some(mac(n)), standing, limit: PAGE };
    asked
        .time("unit: everything", |n| async move { Ok(store.unit(mac(n)).await?.map_or(0, |unit| unit.runs.len())) })
        .await?;
    asked
        .time("run: everything", |n| async move {
            let run = store.unit(mac(n)).await?.and_then(|unit| unit.summary.last_run).map(|run| run.id);
            Ok(store.run(run.unwrap_or_else(|| floor::run_id(0, n))).await?.map_or(0, |run| run.evidence.len()))
        })
        .await?;
    asked.time("units: a page", |n| async move { Ok(store.units(&list(n, None)).await?.len()) }).await?;
    for standing in Standing::ALL {
        asked
            .time(&format!("units: a page of those {}", standing.name()), |n| async move {
                Ok(store.units(&list(n, Some(standing))).await?.len())
            })
            .await?;
    }
    asked.time("batch: figures", |n| async move { Ok(store.batch_figures(batch(n)).await?.recent.len()) }).await?;
    asked
        .time("batch: figures of the large one", |_| async move { Ok(store.batch_figures(large).await?.recent.len()) })
        .await?;
    asked
        .time("batch: yield of the large one", |_| async move { Ok(store.batch_yield(large).await?.units as usize) })
        .await?;
    asked
        .time("batch: runs deep in the large one", |n| async move {
            let time = floor::wave_at(units / floor::WAVE * 4 / 10);
            Ok(store.runs_of_batch(large, Some(floor::run_id(time, n % 1000)), PAGE).await?.len())
        })
        .await?;
    asked.time("batches: newest", |_| async move { Ok(store.batches(PAGE).await?.len()) }).await?;
    asked
        .time("batches: by part of a name", |n| async move {
            let text = format!("40{:02}", n % 100);
            Ok(store.batch_page(&BatchSearch { text, limit: PAGE, ..BatchSearch::default() }).await?.len())
        })
        .await?;
    asked
        .time("batches: yields of a page", |_| async move {
            for record in store.batches(PAGE).await? {
                store.batch_yield(record.id).await?;
            }
            Ok(PAGE as usize)
        })
        .await?;
    asked.time("certificates: newest", |_| async move { Ok(store.certificates(PAGE).await?.len()) }).await?;
    asked
        .time("certificates: a page deep in", |n| async move {
            Ok(store.certificate_page(Some(&unit::certificate_of(n as usize % units)), PAGE).await?.len())
        })
        .await?;
    asked
        .time("certificates: a page of revoked ones", |n| async move {
            Ok(store.revoked_certificates(Some(&unit::certificate_of(n as usize % units)), PAGE).await?.len())
        })
        .await?;
    asked
        .time("serial numbers: a page", |n| async move {
            Ok(store.serials(Some(&unit::serial(n as usize % units)), PAGE).await?.len())
        })
        .await?;
    asked
        .time("audit: a page of an export", |n| async move {
            Ok(store.audit_entries((n % entries as u64) as i64, LARGE_PAGE).await?.len())
        })
        .await?;
    asked
        .time("recipes, images, usual step times", |_| async move {
            store.images(PAGE).await?;
            let recipes = store.recipes(PAGE).await?;
            let Some(first) = recipes.first() else { return Ok(0) };
            Ok(store.usual_step_times(first.recipe.hash).await?.len())
        })
        .await?;
    asked.time("record: counts", |_| async move { Ok(store.record_counts().await?.units as usize) }).await
}
