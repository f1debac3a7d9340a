//! A shift's work on the record of a bench: hundreds of runs on eight slots, of which one has a bad cable. They are
//! written past the store, which would take a second for each dozen; what counts them is the record's own.

use std::{path::Path, time::Duration};

use firstpass_domain::{DiagnosisCode, Timestamp};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

/// Slots, `A1` to `A8`.
const SLOTS: u32 = 8;
/// The one with the bad cable.
pub(crate) const BAD_SLOT: u32 = 7;
/// Steps of a run with what they take, in milliseconds.
const STEPS: [(&str, u64); 7] = [
    ("identify", 700),
    ("prepare", 40),
    ("flash", 9_000),
    ("boot", 1_200),
    ("provision", 2_500),
    ("connect", 3_100),
    ("attest", 2_000),
];

/// Writes `runs` runs of the batch, which end with `now`, a hundred seconds apart on each slot.
pub(crate) async fn work(folder: &Path, batch: uuid::Uuid, recipe: &[u8], runs: u32, now: Timestamp) {
    let options = SqliteConnectOptions::new().filename(folder.join("record.sqlite"));
    let mut connection = options.connect().await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    for number in 0..runs {
        let round = u64::from((runs - number).div_ceil(SLOTS));
        let began = Timestamp::from_micros(now.as_micros() - i64::try_from(round * 100_000_000).unwrap());
        Run { number, slot: number % SLOTS + 1, began }.write(&mut transaction, batch, recipe).await;
    }
    transaction.commit().await.unwrap();
    connection.close().await.unwrap();
}

struct Run {
    number: u32,
    slot: u32,
    began: Timestamp,
}

impl Run {
    /// Why it fails, when it does.
    fn code(&self) -> Option<DiagnosisCode> {
        let round = self.number / SLOTS;
        match () {
            () if self.slot == BAD_SLOT && round % 4 == 1 => Some(DiagnosisCode::LinkGarbled),
            () if self.slot == BAD_SLOT && round % 8 == 3 => Some(DiagnosisCode::NoAnswer),
            () if (round + self.slot) % 23 == 5 => Some(DiagnosisCode::BootSilent),
            () if (round + self.slot) % 41 == 9 => Some(DiagnosisCode::WifiNotFound),
            () => None,
        }
    }

    /// Numbers that look like chance and are always the same.
    fn wobble(&self, salt: u32) -> u64 {
        u64::from((self.number ^ salt).wrapping_mul(2_654_435_761) >> 24)
    }

    async fn write(&self, to: &mut SqliteConnection, batch: uuid::Uuid, recipe: &[u8]) {
        let code = self.code();
        // A slot that does not answer does not tell who is in it.
        let is_identified = code != Some(DiagnosisCode::NoAnswer);
        let [.., a, b] = self.number.to_be_bytes();
        let mac = is_identified.then(|| vec![0x60, 0x55, 0xf9, 0, a, b]);
        if let Some(mac) = &mac {
            self.write_unit(to, mac, code).await;
        }
        let id = uuid::Uuid::from_u128(u128::from(self.number) + 1);
        sqlx::query(
            "INSERT INTO runs (id, station, slot, batch, recipe, mac, attempt, admitted, state, began_at, repair)
             VALUES ($1, 'bench-1', $2, $3, $4, $5, 1, $6, 'open', $7, 0)",
        )
        .bind(id.as_bytes().to_vec())
        .bind(format!("A{}", self.slot))
        .bind(batch.as_bytes().to_vec())
        .bind(recipe.to_vec())
        .bind(mac)
        .bind(i64::from(is_identified))
        .bind(self.began.as_micros())
        .execute(&mut *to)
        .await
        .unwrap();
        let ended = self.write_steps(to, id, code).await;
        self.end(to, id, code, ended).await;
    }

    async fn write_unit(&self, to: &mut SqliteConnection, mac: &[u8], code: Option<DiagnosisCode>) {
        let standing = if code.is_some() { "failed" } else { "passed" };
        sqlx::query("INSERT INTO units (mac, attempts, standing, first_seen_at) VALUES ($1, 1, $2, $3)")
            .bind(mac.to_vec())
            .bind(standing)
            .bind(self.began.as_micros())
            .execute(to)
            .await
            .unwrap();
    }

    /// Returns when the last one ended.
    async fn write_steps(&self, to: &mut SqliteConnection, id: uuid::Uuid, code: Option<DiagnosisCode>) -> Timestamp {
        let done = if code.is_some() { 3 } else { STEPS.len() };
        let mut at = self.began;
        for (seq, (step, ms)) in (1_u32..).zip(&STEPS[..done]) {
            let took = Duration::from_millis(ms + ms * self.wobble(seq) / 1024);
            sqlx::query("INSERT INTO steps (run, seq, step, began_at) VALUES ($1, $2, $3, $4)")
                .bind(id.as_bytes().to_vec())
                .bind(seq)
                .bind(*step)
                .bind(at.as_micros())
                .execute(&mut *to)
                .await
                .unwrap();
            at = at.plus(took);
            sqlx::query("UPDATE steps SET ended_at = $1, outcome = 'done' WHERE run = $2 AND seq = $3")
                .bind(at.as_micros())
                .bind(id.as_bytes().to_vec())
                .bind(seq)
                .execute(&mut *to)
                .await
                .unwrap();
        }
        at
    }

    async fn end(&self, to: &mut SqliteConnection, id: uuid::Uuid, code: Option<DiagnosisCode>, ended: Timestamp) {
        let diagnosis = code.map(|code| format!(r#"{{"code":"{}","step":"boot","seen":""}}"#, code.name()));
        sqlx::query("UPDATE runs SET state = $1, code = $2, diagnosis = $3, ended_at = $4 WHERE id = $5")
            .bind(if code.is_some() { "failed" } else { "passed" })
            .bind(code.map(DiagnosisCode::name))
            .bind(diagnosis)
            .bind(ended.as_micros())
            .bind(id.as_bytes().to_vec())
            .execute(to)
            .await
            .unwrap();
    }
}
