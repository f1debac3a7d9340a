//! Finds the newest units with a name that holds a text.
//!
//! SQLite looks through an index of all groups of three characters (trigrams). What most names share, such as the vendor's
//! half of a MAC, tells nothing and takes long; so the rarest few characters of the text are looked for, and what is found
//! is compared with all of it. PostgreSQL chooses for itself.

use super::{NAMES_OF_UNIT, Named};
use crate::{
    MatchedBy, StoreError,
    db::{Dialect, Row, Value, values},
    tx::Tx,
};

/// Characters that are looked for in the index: four trigrams.
const WINDOW: usize = 6;
/// Characters at the end of the text among which the window is chosen: names differ at their end.
const CHOICE: usize = 10;
/// Fewest trigrams that are looked for when there are as many.
const TRIGRAMS_MIN: usize = 2;
/// By how many doublings a trigram may be more frequent than the rarest one: a list of all units is longer to read than
/// what it rules out.
const DENSER_MAX: f64 = 4.0;
/// Occurrences of a trigram by which its frequency is told.
const PROBED: i64 = 32;
/// Names that are read at a time.
const NAMES: u32 = 200;

/// A unit that was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) number: i64,
    pub(super) named: Named,
}

/// At most `limit` units whose number is smaller than `below`, newest first. Of a unit's names that fit, each is told
/// until the limit is reached. `text` is in lower case and only of characters that are legal in names.
pub(super) async fn find(tx: &mut Tx, text: &str, below: i64, limit: usize) -> Result<Vec<Found>, StoreError> {
    let Some(pattern) = pattern(tx, text).await? else { return Ok(Vec::new()) };
    let (mut found, mut units, mut before) = (Vec::<Found>::new(), 0, below.saturating_mul(NAMES_OF_UNIT));
    loop {
        let rows = names(tx, &pattern, text, before).await?;
        let is_last = rows.len() < NAMES as usize;
        for mut row in rows {
            let (id, one) = read(&mut row)?;
            before = id;
            if found.last().is_none_or(|last| last.number != one.number) {
                units += 1;
            }
            if units > limit {
                return Ok(found);
            }
            found.push(one);
        }
        if is_last {
            return Ok(found);
        }
    }
}

async fn names(tx: &mut Tx, pattern: &str, text: &str, before: i64) -> Result<Vec<Row>, StoreError> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => {
            "SELECT n.id, n.mac, n.kind, n.name FROM unit_name_parts p CROSS JOIN unit_names n ON n.id = p.rowid
             WHERE unit_name_parts MATCH $1 AND p.rowid < $2 AND INSTR(LOWER(n.name), $3) > 0
             ORDER BY p.rowid DESC LIMIT $4"
        }
        Dialect::Postgres => {
            "SELECT id, mac, kind, name FROM unit_names
             WHERE LOWER(name) LIKE $1 AND id < $2 AND STRPOS(LOWER(name), $3) > 0
             ORDER BY id DESC LIMIT $4"
        }
    };
    tx.rows(sql, values![pattern, before, text, NAMES]).await
}

fn read(row: &mut Row) -> Result<(i64, Found), StoreError> {
    let (id, mac, kind, name): (i64, _, String, _) = (row.next()?, row.next()?, row.next()?, row.next()?);
    let by = MatchedBy::ALL.into_iter().find(|by| by.name() == kind);
    let by = by.ok_or_else(|| row.damaged(format!("a unit has a name of the unknown kind {kind}")))?;
    Ok((id, Found { number: id / NAMES_OF_UNIT, named: Named { mac, by, name } }))
}

/// What the index is asked for; `None` when it holds nothing of it.
async fn pattern(tx: &mut Tx, text: &str) -> Result<Option<String>, StoreError> {
    match tx.dialect() {
        Dialect::Sqlite => Ok(rarest_window(tx, text).await?.map(|window| format!("\"{window}\""))),
        Dialect::Postgres => Ok(Some(format!("%{}%", text.replace('_', "\\_")))),
    }
}

async fn rarest_window<'a>(tx: &mut Tx, text: &'a str) -> Result<Option<&'a str>, StoreError> {
    let text = &text[text.len().saturating_sub(CHOICE)..];
    let mut rarities = Vec::new();
    for start in 0..=text.len() - 3 {
        match rarity(tx, &text[start..start + 3]).await? {
            Some(rarity) => rarities.push(rarity),
            None => return Ok(None),
        }
    }
    Ok(Some(choose(text, &rarities)))
}

/// The stretch of the text whose trigrams are rarest together, without what most names share at its ends. `rarities`: of
/// each trigram, in order.
fn choose<'a>(text: &'a str, rarities: &[f64]) -> &'a str {
    let length = rarities.len().min(WINDOW - 2);
    let sum = |start: usize| rarities[start..start + length].iter().sum::<f64>();
    let starts = 0..=rarities.len() - length;
    let mut start = starts.max_by(|one, other| sum(*one).total_cmp(&sum(*other))).unwrap_or(0);
    let mut end = start + length;
    let rarest = rarities[start..end].iter().copied().fold(0.0, f64::max);
    let is_dense = |trigram: usize| rarities[trigram] < rarest - DENSER_MAX;
    while end - start > TRIGRAMS_MIN && is_dense(start) {
        start += 1;
    }
    while end - start > TRIGRAMS_MIN && is_dense(end - 1) {
        end -= 1;
    }
    &text[start..end + 2]
}

/// How many doublings of units one goes back for so many occurrences of a trigram; `None` when there is none at all.
async fn rarity(tx: &mut Tx, trigram: &str) -> Result<Option<f64>, StoreError> {
    let sql = "SELECT COUNT(*), MAX(id) - MIN(id) FROM (
                   SELECT rowid AS id FROM unit_name_parts WHERE unit_name_parts MATCH $1 ORDER BY rowid DESC LIMIT $2
               )";
    let values: Vec<Value> = values![format!("\"{trigram}\""), PROBED];
    let Some(mut row) = tx.row(sql, values).await? else { return Ok(None) };
    let (count, span): (i64, Option<i64>) = (row.next()?, row.next()?);
    let span = if count < PROBED { i64::MAX } else { span.unwrap_or(0) };
    Ok((count > 0).then(|| (span as f64).max(1.0).log2()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rarest_stretch_of_a_text_is_looked_for() {
        assert_eq!(choose("abc", &[5.0]), "abc");
        assert_eq!(choose("abcdef", &[1.0; 4]), "abcdef");
        // 6055f9 is on every unit.
        assert_eq!(choose("6055f912ab", &[1.0, 1.0, 1.0, 1.0, 5.0, 9.0, 9.0, 9.0]), "f912ab");
        assert_eq!(choose("123456-2647", &[9.0, 9.0, 9.0, 9.0, 8.0, 3.0, 2.0, 2.0, 2.0]), "123456");
        assert_eq!(choose("55f912", &[1.0, 1.0, 2.0, 7.0]), "f912");
        assert_eq!(choose("p0000", &[21.0, 26.0, 26.0]), "0000");
    }
}
