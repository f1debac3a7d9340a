//! Recipes and images that were ever used.

use firstpass_domain::Sha256Digest;

use crate::{
    ImageRecord, ImageUse, RecipeRecord, RecipeUse, StoreError,
    db::{Row, values},
    tx::Tx,
};

pub(crate) async fn newest(tx: &mut Tx, limit: u32) -> Result<Vec<RecipeUse>, StoreError> {
    let sql = "SELECT hash, name, text, policy, first_used_at FROM recipes
               ORDER BY first_used_at DESC, hash LIMIT $1";
    tx.rows(sql, values![limit]).await?.iter_mut().map(read).collect()
}

pub(crate) async fn by_hash(tx: &mut Tx, hash: Sha256Digest) -> Result<Option<RecipeUse>, StoreError> {
    let sql = "SELECT hash, name, text, policy, first_used_at FROM recipes WHERE hash = $1";
    tx.row(sql, values![hash]).await?.map(|mut row| read(&mut row)).transpose()
}

fn read(row: &mut Row) -> Result<RecipeUse, StoreError> {
    let recipe = RecipeRecord { hash: row.next()?, name: row.next()?, text: row.next()?, policy: row.json()? };
    Ok(RecipeUse { recipe, first_used: row.next()? })
}

pub(crate) async fn newest_images(tx: &mut Tx, limit: u32) -> Result<Vec<ImageUse>, StoreError> {
    let sql = "SELECT sha256, region, name, size, version, first_used_at FROM images
               ORDER BY first_used_at DESC, sha256 LIMIT $1";
    tx.rows(sql, values![limit]).await?.iter_mut().map(read_image).collect()
}

fn read_image(row: &mut Row) -> Result<ImageUse, StoreError> {
    let (sha256, region, name) = (row.next()?, row.next()?, row.next()?);
    let image = ImageRecord { sha256, region, name, size: row.next()?, version: row.next()? };
    Ok(ImageUse { image, first_used: row.next()? })
}
