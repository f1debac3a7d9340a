-- Work orders, units that are set aside, serial numbers with their time, what slots have learnt. Only adds: a program of
-- the version before goes on with this record.

ALTER TABLE batches ADD COLUMN product TEXT NOT NULL DEFAULT '';
ALTER TABLE batches ADD COLUMN quantity BIGINT;
ALTER TABLE batches ADD COLUMN state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'paused', 'closed'));
ALTER TABLE batches ADD COLUMN state_reason TEXT;
ALTER TABLE batches ADD COLUMN closed_at BIGINT CHECK ((state = 'closed') = (closed_at IS NOT NULL));
-- The station whose provisioning service a pause waits for. Such a pause, and no other, ends by itself.
ALTER TABLE batches ADD COLUMN waits_for TEXT CHECK (waits_for IS NULL OR state = 'paused');

-- Until now every start opened a batch. Of each name only the newest stays open.
UPDATE batches SET state = 'closed', closed_at = opened_at, state_reason = 'opened again under the same name'
WHERE EXISTS (
    SELECT 1 FROM batches AS newer
    WHERE newer.name = batches.name
      AND (newer.opened_at > batches.opened_at OR (newer.opened_at = batches.opened_at AND newer.id > batches.id))
);

CREATE INDEX batches_by_name ON batches (name, opened_at, id);
CREATE INDEX batches_by_time ON batches (opened_at, id);

-- `hold` stands beside `standing`, which goes on telling how the newest run came out: a unit that is released is again
-- what it was. `forgiven` is how many of its attempts no longer count, because a person released it after them.
ALTER TABLE units ADD COLUMN hold TEXT CHECK (hold IN ('quarantined', 'scrapped'));
ALTER TABLE units ADD COLUMN hold_reason TEXT CHECK ((hold IS NULL) = (hold_reason IS NULL));
ALTER TABLE units ADD COLUMN hold_actor TEXT CHECK ((hold IS NULL) = (hold_actor IS NULL));
ALTER TABLE units ADD COLUMN held_at BIGINT CHECK ((hold IS NULL) = (held_at IS NULL));
ALTER TABLE units ADD COLUMN forgiven BIGINT NOT NULL DEFAULT 0;

CREATE INDEX units_by_hold ON units (hold, mac) WHERE hold IS NOT NULL;

-- The code in `diagnosis`, so that a batch can be counted by it.
ALTER TABLE runs ADD COLUMN code TEXT;
UPDATE runs SET code = diagnosis::json ->> 'code' WHERE diagnosis IS NOT NULL;

-- A run that only repaired a unit's credentials: no attempt, and no pass of its unit.
ALTER TABLE runs ADD COLUMN repair BIGINT NOT NULL DEFAULT 0 CHECK (repair IN (0, 1));

-- `prefix` holds the name of the counter: a plain prefix, or a pattern, which has braces and so is never a prefix.
ALTER TABLE serials ADD COLUMN allocated_at BIGINT;
UPDATE serials SET allocated_at = given.at
FROM (
    SELECT body::json ->> 'serial' AS serial, MIN(at) AS at
    FROM audit WHERE kind = 'serial.allocated' GROUP BY body::json ->> 'serial'
) AS given
WHERE given.serial = serials.serial;

CREATE INDEX certificates_revoked ON certificates (serial) WHERE revoked_at IS NOT NULL;

CREATE TABLE slot_bauds (
    station  TEXT    NOT NULL REFERENCES stations (name),
    slot     TEXT    NOT NULL,
    baud     BIGINT  NOT NULL,
    noted_at BIGINT  NOT NULL,
    PRIMARY KEY (station, slot)
);

-- Counts writes that leave no trace in the audit log: evidence, and trials whether the record takes writes.
CREATE TABLE pulse (
    id     BIGINT  NOT NULL PRIMARY KEY CHECK (id = 1),
    writes BIGINT  NOT NULL
);

INSERT INTO pulse (id, writes) VALUES (1, 0);
