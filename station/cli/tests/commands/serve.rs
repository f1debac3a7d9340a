//! `station serve` on a record that its batch cannot begin on.

use std::fs;

use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

use crate::{product::product, program::station};

const RECIPE: &str = include_str!("../../../../configs/recipes/demo-nvs.toml");

#[tokio::test]
async fn a_batch_that_cannot_begin_ends_the_program_with_the_reason() {
    let folder = product(RECIPE);
    let folder = folder.path();
    let config = "server.listen = \"127.0.0.1:0\"\n\
                  [gateway]\nhttps_listen = \"127.0.0.1:0\"\nmqtt_listen = \"127.0.0.1:0\"\n";
    fs::write(folder.join("station.toml"), config).unwrap();
    assert_eq!(station(folder, &["batch", "open", "W7", "--recipe", "recipe.toml", "--data", "data"]).code, 0);
    let record = SqliteConnectOptions::new().filename(folder.join("data/record.sqlite"));
    let mut record = record.connect().await.unwrap();
    sqlx::raw_sql("UPDATE recipes SET text = 'another one'").execute(&mut record).await.unwrap();
    record.close().await.unwrap();
    let serve = ["serve", "--recipe", "recipe.toml", "--config", "station.toml", "--data", "data"];
    let answer = station(folder, &serve);
    assert_eq!(answer.code, 3, "{}{}", answer.stdout, answer.stderr);
    assert!(answer.stderr.contains("[record_damaged]"), "{}", answer.stderr);
}
