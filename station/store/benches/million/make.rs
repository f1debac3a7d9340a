//! Makes up the record of a year: the tables of the version before, filled past the store, so that opening it measures
//! what a large record costs to bring to this version.

use std::{fs, path::Path};

use firstpass_domain::{AuditKind, Chip, FlashSize, Injection, PasswordVerifier, Policy, Timestamp};
use firstpass_store::BatchId;
use serde_json::json;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, SqlSafeStr as _, SqliteConnection,
    migrate::{Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use uuid::Uuid;

use crate::{
    floor::{self, BATCHES, PEOPLE, SECOND, STATIONS, WAVE},
    record::{Act, Record},
    rows::{Cell, Table, row},
    unit::{self, Order},
};

/// The migrations of the version before.
const BEFORE: [(i64, &str, &str); 3] = [
    (1, "record", include_str!("../../../../migrations/sqlite/0001_record.sql")),
    (2, "factory_rules", include_str!("../../../../migrations/sqlite/0002_factory_rules.sql")),
    (3, "people", include_str!("../../../../migrations/sqlite/0003_people.sql")),
];
/// Pages kept in memory while filling, in KiB: without them, the indexes of digests wait for the disk.
const CACHE_KIB: i64 = 6 << 20;

/// Makes the record at `path`; returns how many audit entries it has.
pub(crate) async fn make(path: &Path, units: usize) -> Result<i64, Box<dyn std::error::Error>> {
    let part = path.with_extension("part");
    fs::remove_file(&part).ok();
    let options = SqliteConnectOptions::new()
        .filename(&part)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .foreign_keys(false)
        .pragma("cache_size", format!("-{CACHE_KIB}"))
        .disable_statement_logging();
    let mut to = options.connect().await?;
    let migrations = BEFORE.map(|(number, name, sql)| {
        Migration::new(number, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.to_vec()).run_direct(None, &mut to, false).await?;
    let aside = take_aside(&mut to).await?;
    sqlx::query("BEGIN").execute(&mut to).await?;
    let entries = fill(&mut to, units).await?;
    sqlx::query("COMMIT").execute(&mut to).await?;
    for sql in aside {
        sqlx::query(AssertSqlSafe(sql)).execute(&mut to).await?;
    }
    to.close().await?;
    fs::rename(part, path)?;
    Ok(entries)
}

/// Takes triggers and indexes off, to be made again at the end; returns what makes them.
async fn take_aside(to: &mut SqliteConnection) -> Result<Vec<String>, sqlx::Error> {
    let found = "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL";
    let found = sqlx::query(found).fetch_all(&mut *to).await?;
    let mut aside = Vec::new();
    for row in found {
        let (kind, name): (String, String) = (row.get(0), row.get(1));
        sqlx::query(AssertSqlSafe(format!("DROP {kind} {name}"))).execute(&mut *to).await?;
        aside.push(row.get(2));
    }
    Ok(aside)
}

async fn fill(to: &mut SqliteConnection, units: usize) -> Result<i64, Box<dyn std::error::Error>> {
    let order = order(to, units).await?;
    let mut record = Record::new(to);
    let waves = units.div_ceil(WAVE);
    for wave in 0..waves {
        let mut acts = people(&order, wave, waves);
        for unit in wave * WAVE..units.min((wave + 1) * WAVE) {
            unit::write(&mut record, &order, unit, &mut acts).await?;
        }
        acts.sort_by_key(|act| act.time);
        for act in acts {
            record.note(act).await?;
        }
        if wave % 1000 == 0 {
            println!("filling:   {wave} of {waves} waves, {} entries", record.entries());
        }
    }
    record.flush().await?;
    Ok(record.entries())
}

/// Stations, a recipe, and the batches.
async fn order(to: &mut SqliteConnection, units: usize) -> Result<Order, Box<dyn std::error::Error>> {
    let policy = Policy::plain(Injection::Nvs, Chip::Esp32c3, FlashSize::from_bytes(4 << 20)?);
    let text = "# the recipe of the year".to_owned();
    let recipe = policy.recipe_hash(&text);
    let (policy, hash) = (serde_json::to_string(&policy)?, recipe.bytes().as_slice());
    let mut recipes = Table::new("recipes", "hash,name,text,policy,first_used_at");
    recipes.add(to, row![hash, "lamp", text, policy, 1]).await?;
    recipes.flush(to).await?;
    let mut stations = Table::new("stations", "name,first_started_at,last_started_at");
    for station in STATIONS {
        stations.add(to, row![station, floor::wave_at(0), floor::wave_at(0)]).await?;
    }
    stations.flush(to).await?;
    let mut batches = Table::new("batches", "id,name,product,recipe,quantity,opened_at,state,closed_at");
    let ids: Vec<_> = (0..=BATCHES).map(|batch| BatchId(batch_id(batch))).collect();
    for (batch, id) in ids.iter().enumerate() {
        let cells: Vec<Cell> = row![
            id.0.as_bytes().as_slice(),
            name_of(batch),
            "lamp",
            hash,
            units as i64,
            floor::wave_at(first_wave(batch, units)),
            if batch + 1 < BATCHES { "closed" } else { "open" },
            (batch + 1 < BATCHES).then(|| floor::wave_at(first_wave(batch + 1, units))),
        ];
        batches.add(to, cells).await?;
    }
    batches.flush(to).await?;
    let verifier = PasswordVerifier::make("the same for all", [7; 16]);
    Ok(Order { units, recipe, batches: ids, verifier })
}

/// The id of a batch; the large one is the last.
pub(crate) fn batch_id(batch: usize) -> Uuid {
    Uuid::from_u128(1 << 100 | batch as u128)
}

fn name_of(batch: usize) -> String {
    if batch == BATCHES { "WO-LARGE".to_owned() } else { format!("WO-{:05}", 40_000 + batch) }
}

fn first_wave(batch: usize, units: usize) -> usize {
    if batch == BATCHES { units / WAVE * 3 / 10 } else { batch * units / BATCHES / WAVE }
}

/// What people do while a wave is in work.
fn people(order: &Order, wave: usize, waves: usize) -> Vec<Act> {
    let time = floor::wave_at(wave);
    let act = |actor, kind, subject: String| {
        let station = wave % STATIONS.len();
        let at = floor::clock(station, wave, waves, time);
        let body = json!({ "reason": "as every day" });
        Act { time, at, station: STATIONS[station], actor, kind, subject, body }
    };
    let mut acts = Vec::new();
    if wave == 0 {
        acts.extend(STATIONS.map(|station| act("line", AuditKind::StationStarted, station.to_owned())));
    }
    for (batch, id) in order.batches.iter().enumerate() {
        if first_wave(batch, order.units) == wave {
            acts.push(act("ben", AuditKind::BatchOpened, id.0.to_string()));
        }
    }
    let person = PEOPLE[floor::chance("person", wave as u64) as usize % (PEOPLE.len() - 1)];
    match wave % 40 {
        0 => acts.push(act(person, AuditKind::LoginSucceeded, person.to_owned())),
        10 => acts.push(act(person, AuditKind::SlotStopped, "A3".to_owned())),
        20 => acts.push(act(person, AuditKind::SlotStarted, "A3".to_owned())),
        30 => acts.push(act(person, AuditKind::LabelPrinted, floor::mac(wave * WAVE).to_string())),
        _ => {}
    }
    if wave == waves / 2 {
        let at = Timestamp::from_micros(time + SECOND);
        acts.push(Act { at, ..act("audrey", AuditKind::ExportMade, "audit".to_owned()) });
    }
    acts
}
