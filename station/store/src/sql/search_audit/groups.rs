//! Merges groups of entries, newest first. Each group is read only as far as it contributes.

use std::collections::{BinaryHeap, VecDeque};

use firstpass_domain::{AuditEntry, StationId, Timestamp};

use super::{
    entry_columns, read_all,
    spans::{self, Stretch},
};
use crate::{AuditSearch, StoreError, db::values, tx::Tx};

/// Entries of a group that are read at first; each further time twice as many.
const FIRST_READ: u32 = 8;
/// Most entries of a group that are read at a time.
const READ_MAX: u32 = 256;

/// A group of which entries may still come.
#[derive(Debug)]
struct Group {
    id: i64,
    /// No entry that is still to come is behind this position.
    bound: i64,
    /// What was read of it and not taken, newest first.
    read: VecDeque<AuditEntry>,
    /// Where entries are still to be read, newest first.
    stretches: Vec<Stretch>,
    next_read: u32,
}

pub(super) async fn find(tx: &mut Tx, search: &AuditSearch) -> Result<Vec<AuditEntry>, StoreError> {
    let mut groups = Vec::new();
    for station in stations(tx, search).await? {
        groups.extend(of_station(tx, search, &station).await?);
    }
    let mut bounds: BinaryHeap<(i64, usize)> =
        groups.iter().enumerate().map(|(index, group)| (group.bound, index)).collect();
    let mut found = Vec::new();
    while found.len() < search.limit as usize
        && let Some((_, index)) = bounds.pop()
    {
        let group = &mut groups[index];
        match group.read.pop_front() {
            Some(entry) => found.push(entry),
            None => group.refill(tx, search).await?,
        }
        if let Some(bound) = group.next_bound() {
            bounds.push((bound, index));
        }
    }
    Ok(found)
}

/// Stations that have written anything that may be asked for; also one that was never started may have.
async fn stations(tx: &mut Tx, search: &AuditSearch) -> Result<Vec<StationId>, StoreError> {
    if let Some(station) = &search.station {
        return Ok(vec![station.clone()]);
    }
    let sql = "SELECT DISTINCT station FROM audit_groups WHERE batch = $1";
    tx.rows(sql, values![batch_of(search)]).await?.into_iter().map(|mut row| row.next()).collect()
}

/// The batch of the groups that are asked for; groups of no batch have an empty string of bytes.
fn batch_of(search: &AuditSearch) -> Vec<u8> {
    search.batch.map_or_else(Vec::new, |batch| batch.0.as_bytes().to_vec())
}

/// Groups of a station that fit everything but the time, each with its newest entry in the time.
async fn of_station(tx: &mut Tx, search: &AuditSearch, station: &StationId) -> Result<Vec<Group>, StoreError> {
    let stretches = spans::of_station(tx, search, station).await?;
    let Some(newest) = stretches.first() else { return Ok(Vec::new()) };
    let sql = "SELECT g.kind, g.id, (SELECT MAX(m.seq) FROM audit_marks m WHERE m.grp = g.id AND m.seq <= $1)
               FROM audit_groups g WHERE g.batch = $2 AND g.station = $3 AND ($4 = '' OR g.actor = $4)";
    let actor = search.actor.clone().unwrap_or_default();
    let mut groups = Vec::new();
    for mut row in tx.rows(sql, values![newest.last, batch_of(search), station.clone(), actor]).await? {
        let (kind, id, head): (String, i64, Option<i64>) = (row.next()?, row.next()?, row.next()?);
        let fits = search.kinds.is_empty() || search.kinds.iter().any(|known| known.name() == kind);
        if let (true, Some(bound)) = (fits, head) {
            let stretches = spans::up_to(&stretches, bound);
            groups.push(Group { id, bound, read: VecDeque::new(), stretches, next_read: FIRST_READ });
        }
    }
    Ok(groups)
}

impl Group {
    /// Reads on, in the newest stretch that is left.
    async fn refill(&mut self, tx: &mut Tx, search: &AuditSearch) -> Result<(), StoreError> {
        let Some(stretch) = self.stretches.first_mut() else { return Ok(()) };
        let sql = concat!(
            "SELECT ",
            entry_columns!(),
            " FROM audit_marks m JOIN audit a ON a.seq = m.seq
             WHERE m.grp = $1 AND m.seq <= $2 AND m.seq >= $3 AND a.at >= $4 AND a.at < $5
             ORDER BY m.seq DESC LIMIT $6"
        );
        let (from, to) = (search.from.unwrap_or(EARLIEST), search.to.unwrap_or(LATEST));
        let values = values![self.id, stretch.last, stretch.first, from, to, self.next_read];
        let read = read_all(tx.rows(sql, values).await?)?;
        match read.last() {
            Some(last) if read.len() == self.next_read as usize => stretch.last = last.seq - 1,
            Some(_) | None => drop(self.stretches.remove(0)),
        }
        self.next_read = (self.next_read * 2).min(READ_MAX);
        self.read = read.into();
        Ok(())
    }

    /// The position behind which no entry is still to come; `None` when none comes any more.
    fn next_bound(&self) -> Option<i64> {
        self.read.front().map(|entry| entry.seq).or_else(|| self.stretches.first().map(|stretch| stretch.last))
    }
}

const EARLIEST: Timestamp = Timestamp::from_micros(i64::MIN);
/// No clock shows this, so that nothing is lost by leaving it out.
const LATEST: Timestamp = Timestamp::from_micros(i64::MAX);
