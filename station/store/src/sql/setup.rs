//! What stands on record before the first run: stations, recipes, images.

use firstpass_domain::{AuditKind, Policy, Run, Timestamp};
use serde_json::json;

use super::{LINE, batches, runs};
use crate::{ImageRecord, RecipeRecord, StoreError, db::values, tx::Tx};

pub(crate) async fn start_station(tx: &mut Tx, now: Timestamp) -> Result<Vec<Run>, StoreError> {
    let station = tx.station().clone();
    tx.execute(
        "INSERT INTO stations (name, first_started_at, last_started_at) VALUES ($1, $2, $2)
         ON CONFLICT (name) DO UPDATE SET last_started_at = $2",
        values![station.clone(), now],
    )
    .await?;
    let open = runs::open_on(tx, &station).await?;
    let body = json!({ "open_runs": open.len(), "version": env!("CARGO_PKG_VERSION") });
    tx.audit(now, LINE, AuditKind::StationStarted, station, body).await?;
    batches::end_left_waits(tx, now).await?;
    Ok(open)
}

pub(crate) async fn use_recipe(
    tx: &mut Tx,
    recipe: &RecipeRecord,
    images: &[ImageRecord],
    now: Timestamp,
) -> Result<(), StoreError> {
    if recipe.hash != recipe.policy.recipe_hash(&recipe.text) {
        return Err(tx.conflict("its hash is not that of its text and policy"));
    }
    for image in images {
        use_image(tx, image, now).await?;
    }
    let policy = serde_json::to_string(&recipe.policy).expect("a policy is plain data");
    let added = tx
        .execute(
            "INSERT INTO recipes (hash, name, text, policy, first_used_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (hash) DO NOTHING",
            values![recipe.hash, &recipe.name, &recipe.text, policy, now],
        )
        .await?;
    if added == 0 {
        return check_unchanged(tx, recipe).await;
    }
    let images: Vec<String> = images.iter().map(|image| image.sha256.to_string()).collect();
    let body = json!({ "name": recipe.name, "images": images });
    tx.audit(now, LINE, AuditKind::RecipeUsed, recipe.hash, body).await
}

/// A hash stands for one text and one policy, so a row that says otherwise was changed after it was written.
async fn check_unchanged(tx: &mut Tx, recipe: &RecipeRecord) -> Result<(), StoreError> {
    let row = tx.row("SELECT text, policy FROM recipes WHERE hash = $1", values![recipe.hash]).await?;
    let Some(mut row) = row else { return Err(tx.conflict("its recipe is not on record")) };
    if row.next::<String>()? != recipe.text || row.json::<Policy>()? != recipe.policy {
        return Err(row.damaged(format!("recipe {} on record has another text or policy than its hash", recipe.hash)));
    }
    Ok(())
}

async fn use_image(tx: &mut Tx, image: &ImageRecord, now: Timestamp) -> Result<(), StoreError> {
    let added = tx
        .execute(
            "INSERT INTO images (sha256, region, name, size, version, first_used_at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (sha256) DO NOTHING",
            values![image.sha256, &image.region, &image.name, image.size, image.version.clone(), now],
        )
        .await?;
    if added == 0 {
        return Ok(());
    }
    let body = json!({
        "region": image.region, "name": image.name, "size": image.size, "version": image.version,
    });
    tx.audit(now, LINE, AuditKind::ImageUsed, image.sha256, body).await
}
