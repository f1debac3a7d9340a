-- What finds units and audit entries, and counts batches, when there are millions of them. All of it is derived from what
-- stands in the tables before: triggers keep it in the same transactions, whoever writes, and here it is filled from what
-- is on record.

-- Every name of every unit. `id` is the unit's number in the order in which units were first seen, times 65536, and one
-- for each name: so the names of a unit stand together, and the newest unit comes last.
CREATE TABLE unit_names (
    id   INTEGER NOT NULL PRIMARY KEY,
    mac  BLOB    NOT NULL REFERENCES units (mac),
    kind TEXT    NOT NULL CHECK (kind IN ('mac', 'serial', 'device_id', 'certificate_serial', 'fingerprint')),
    name TEXT    NOT NULL
) STRICT;

WITH numbered AS MATERIALIZED (
    SELECT mac, ROW_NUMBER() OVER (ORDER BY first_seen_at, mac) AS number FROM units
),
named (mac, at, kind, name) AS (
    SELECT mac, NULL, 'mac', LOWER(HEX(mac)) FROM units
    UNION ALL SELECT mac, COALESCE(allocated_at, 0), 'serial', serial FROM serials
    UNION ALL SELECT mac, issued_at, 'device_id', device_id FROM sessions
    UNION ALL SELECT mac, issued_at, 'certificate_serial', serial FROM certificates WHERE mac IS NOT NULL
    UNION ALL SELECT mac, issued_at, 'fingerprint', LOWER(HEX(fingerprint)) FROM certificates WHERE mac IS NOT NULL
),
placed (number, place, mac, kind, name) AS (
    SELECT number, ROW_NUMBER() OVER (PARTITION BY number ORDER BY at, kind, name), mac, kind, name
    FROM named JOIN numbered USING (mac)
)
INSERT INTO unit_names (id, mac, kind, name)
SELECT number * 65536 + place - 1, mac, kind, name FROM placed WHERE place < 65536 ORDER BY 1;

CREATE UNIQUE INDEX unit_names_by_unit ON unit_names (mac, id);

CREATE VIRTUAL TABLE unit_name_parts USING fts5 (
    name, content = 'unit_names', content_rowid = 'id', columnsize = 0, tokenize = 'trigram'
);
INSERT INTO unit_name_parts (unit_name_parts) VALUES ('rebuild');
INSERT INTO unit_name_parts (unit_name_parts) VALUES ('optimize');

CREATE TRIGGER unit_names_have_parts AFTER INSERT ON unit_names
BEGIN
    INSERT INTO unit_name_parts (rowid, name) VALUES (NEW.id, NEW.name);
END;

-- A certificate may be older than its unit's first run.
CREATE TRIGGER units_are_named AFTER INSERT ON units
BEGIN
    INSERT INTO unit_names (id, mac, kind, name)
    SELECT (COALESCE(MAX(id), 0) / 65536 + 1) * 65536, NEW.mac, 'mac', LOWER(HEX(NEW.mac)) FROM unit_names;
    INSERT INTO unit_names (id, mac, kind, name)
    SELECT (SELECT MAX(id) FROM unit_names WHERE mac = NEW.mac) + 2 * ROW_NUMBER() OVER (ORDER BY issued_at, serial) - 1,
           mac, 'certificate_serial', serial
    FROM certificates WHERE mac = NEW.mac ORDER BY issued_at, serial LIMIT 1000;
    INSERT INTO unit_names (id, mac, kind, name)
    SELECT n.id + 1, n.mac, 'fingerprint', LOWER(HEX(c.fingerprint))
    FROM unit_names n JOIN certificates c ON c.serial = n.name
    WHERE n.mac = NEW.mac AND n.kind = 'certificate_serial';
END;

-- A unit's 65536th name and those after it are found as a whole only.
CREATE TRIGGER serials_are_names AFTER INSERT ON serials
BEGIN
    INSERT INTO unit_names (id, mac, kind, name)
    SELECT MAX(id) + 1, NEW.mac, 'serial', NEW.serial
    FROM unit_names WHERE mac = NEW.mac HAVING MAX(id) % 65536 < 65535;
END;

CREATE TRIGGER sessions_are_names AFTER INSERT ON sessions
BEGIN
    INSERT INTO unit_names (id, mac, kind, name)
    SELECT MAX(id) + 1, NEW.mac, 'device_id', NEW.device_id
    FROM unit_names WHERE mac = NEW.mac HAVING MAX(id) % 65536 < 65535;
END;

CREATE TRIGGER certificates_are_names AFTER INSERT ON certificates WHEN NEW.mac IS NOT NULL
BEGIN
    INSERT INTO unit_names (id, mac, kind, name)
    SELECT MAX(id) + 1, NEW.mac, 'certificate_serial', NEW.serial
    FROM unit_names WHERE mac = NEW.mac HAVING MAX(id) % 65536 < 65534;
    INSERT INTO unit_names (id, mac, kind, name)
    SELECT MAX(id) + 1, NEW.mac, 'fingerprint', LOWER(HEX(NEW.fingerprint))
    FROM unit_names WHERE mac = NEW.mac HAVING MAX(id) % 65536 < 65535;
END;

-- Which batch an entry is about: itself, its run's, that of the run that issued the certificate, or that of the newest run
-- of the unit that had begun by then, as far as the stations' clocks tell.
CREATE VIEW audit_batches (seq, station, actor, kind, batch) AS
SELECT a.seq, a.station, a.actor, a.kind,
       CASE
           WHEN a.kind IN ('certificate.issued', 'certificate.revoked') THEN
               (SELECT r.batch FROM certificates c JOIN runs r ON r.id = c.run WHERE c.serial = a.subject)
           WHEN LENGTH(a.subject) = 36 THEN
               COALESCE(
                   (SELECT batch FROM runs WHERE id = UNHEX(a.subject, '-')),
                   (SELECT id FROM batches WHERE id = UNHEX(a.subject, '-'))
               )
           WHEN LENGTH(a.subject) = 17 THEN
               COALESCE(
                   (SELECT batch FROM runs WHERE mac = UNHEX(a.subject, ':') AND began_at <= a.at
                    ORDER BY id DESC LIMIT 1),
                   (SELECT batch FROM runs WHERE mac = UNHEX(a.subject, ':') ORDER BY id DESC LIMIT 1)
               )
       END
FROM audit a;

-- Entries of one station, actor and kind are a group, and those of them that are about one batch are another. The first
-- has no batch: X''. There are some thousand groups, whatever the number of entries.
CREATE TABLE audit_groups (
    id      INTEGER NOT NULL PRIMARY KEY,
    batch   BLOB    NOT NULL,
    station TEXT    NOT NULL,
    actor   TEXT    NOT NULL,
    kind    TEXT    NOT NULL,
    UNIQUE (batch, station, actor, kind)
) STRICT;

INSERT INTO audit_groups (batch, station, actor, kind)
SELECT DISTINCT X'', station, actor, kind FROM audit ORDER BY station, actor, kind;
INSERT INTO audit_groups (batch, station, actor, kind)
SELECT DISTINCT batch, station, actor, kind FROM audit_batches WHERE batch IS NOT NULL
ORDER BY batch, station, actor, kind;

CREATE TABLE audit_marks (
    grp INTEGER NOT NULL REFERENCES audit_groups (id),
    seq INTEGER NOT NULL,
    PRIMARY KEY (grp, seq)
) STRICT, WITHOUT ROWID;

INSERT INTO audit_marks (grp, seq)
SELECT g.id, b.seq FROM audit_batches b CROSS JOIN audit_groups g
ON g.batch IN (X'', b.batch) AND g.station = b.station AND g.actor = b.actor AND g.kind = b.kind
ORDER BY g.id, b.seq;

-- By which clock readings a station wrote its entries among 4096 in a row. Clocks differ and are set, so that the order of
-- the entries does not tell their time.
CREATE TABLE audit_spans (
    station  TEXT    NOT NULL,
    span     INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    PRIMARY KEY (station, span)
) STRICT, WITHOUT ROWID;

INSERT INTO audit_spans (station, span, first_at, last_at)
SELECT station, seq / 4096, MIN(at), MAX(at) FROM audit GROUP BY station, seq / 4096;

CREATE TRIGGER audit_is_marked AFTER INSERT ON audit
BEGIN
    INSERT INTO audit_groups (batch, station, actor, kind)
    VALUES (X'', NEW.station, NEW.actor, NEW.kind) ON CONFLICT DO NOTHING;
    INSERT INTO audit_groups (batch, station, actor, kind)
    SELECT batch, station, actor, kind FROM audit_batches WHERE seq = NEW.seq AND batch IS NOT NULL
    ON CONFLICT DO NOTHING;
    INSERT INTO audit_marks (grp, seq)
    SELECT id, NEW.seq FROM audit_groups
    WHERE batch IN (X'', (SELECT batch FROM audit_batches WHERE seq = NEW.seq))
      AND station = NEW.station AND actor = NEW.actor AND kind = NEW.kind;
    INSERT INTO audit_spans (station, span, first_at, last_at)
    VALUES (NEW.station, NEW.seq / 4096, NEW.at, NEW.at)
    ON CONFLICT (station, span) DO UPDATE
    SET first_at = MIN(first_at, excluded.first_at), last_at = MAX(last_at, excluded.last_at);
END;

-- What is taken from here would be found no more, so nothing is.
CREATE TRIGGER audit_marks_refuse_update BEFORE UPDATE ON audit_marks
BEGIN SELECT RAISE(ABORT, 'audit_marks is append-only'); END;

CREATE TRIGGER audit_marks_refuse_delete BEFORE DELETE ON audit_marks
BEGIN SELECT RAISE(ABORT, 'audit_marks is append-only'); END;

CREATE TRIGGER audit_groups_refuse_update BEFORE UPDATE ON audit_groups
BEGIN SELECT RAISE(ABORT, 'audit_groups is append-only'); END;

CREATE TRIGGER audit_groups_refuse_delete BEFORE DELETE ON audit_groups
BEGIN SELECT RAISE(ABORT, 'audit_groups is append-only'); END;

CREATE TRIGGER audit_spans_refuse_delete BEFORE DELETE ON audit_spans
BEGIN SELECT RAISE(ABORT, 'audit_spans is append-only'); END;

-- Runs of a batch in their order; the sessions that may be in use; the runs that a recipe's usual times come from.
DROP INDEX runs_by_batch;
CREATE INDEX runs_of_batch ON runs (batch, id);
CREATE INDEX sessions_in_use ON sessions (mac) WHERE revoked_at IS NULL;
CREATE INDEX runs_passed_of_recipe ON runs (recipe, id) WHERE state = 'passed';

-- What each unit adds to the figures of a batch, as it follows from its runs, sessions and hold. A run that was interrupted
-- or cancelled is no attempt, and one that repairs counts nowhere but for the unit's place. A unit that is on hold is only
-- that; of the others, one that is in a slot or was never tried to the end is in work. An attempt is told by twice its
-- number, and one more when it passed, so that the smallest is the first and the largest the last.
-- A unit has a place with a live session of the batch; with an open run, which will get one; or with a passed run that
-- issued none, because the unit kept what it had, or whose session a repair has replaced. One that is scrapped has given
-- the last away.
CREATE VIEW batch_units_now (
    batch, mac, units, first_passed, passed, failed, quarantined, scrapped, in_work, runs, retests, interrupted, places,
    held_places
) AS
SELECT batch, mac, counted,
       CASE WHEN counted = 1 AND first_attempt % 2 = 1 THEN 1 ELSE 0 END,
       CASE WHEN counted = 1 AND hold IS NULL AND open_runs = 0 AND last_attempt % 2 = 1 THEN 1 ELSE 0 END,
       CASE WHEN counted = 1 AND hold IS NULL AND open_runs = 0 AND last_attempt % 2 = 0 THEN 1 ELSE 0 END,
       CASE WHEN counted = 1 AND hold = 'quarantined' THEN 1 ELSE 0 END,
       CASE WHEN counted = 1 AND hold = 'scrapped' THEN 1 ELSE 0 END,
       CASE WHEN counted = 1 AND hold IS NULL AND (open_runs > 0 OR attempts = 0) THEN 1 ELSE 0 END,
       attempts,
       CASE WHEN attempts > 1 THEN attempts - 1 ELSE 0 END,
       interrupted,
       place,
       CASE WHEN hold = 'quarantined' THEN place ELSE 0 END
FROM (
    SELECT r.batch, r.mac, u.hold,
           MAX(1 - r.repair) AS counted,
           COUNT(CASE WHEN r.repair = 0 AND r.state = 'open' THEN 1 END) AS open_runs,
           COUNT(CASE WHEN r.repair = 0 AND r.code IN ('interrupted', 'cancelled') THEN 1 END) AS interrupted,
           COUNT(CASE WHEN r.repair = 0 AND r.state <> 'open'
                           AND (r.code IS NULL OR r.code NOT IN ('interrupted', 'cancelled')) THEN 1 END) AS attempts,
           MIN(CASE WHEN r.repair = 0 AND r.state <> 'open'
                         AND (r.code IS NULL OR r.code NOT IN ('interrupted', 'cancelled'))
                    THEN r.attempt * 2 + CASE WHEN r.state = 'passed' THEN 1 ELSE 0 END END) AS first_attempt,
           MAX(CASE WHEN r.repair = 0 AND r.state <> 'open'
                         AND (r.code IS NULL OR r.code NOT IN ('interrupted', 'cancelled'))
                    THEN r.attempt * 2 + CASE WHEN r.state = 'passed' THEN 1 ELSE 0 END END) AS last_attempt,
           CASE
               WHEN COUNT(CASE WHEN r.state = 'open' THEN 1 END) > 0 THEN 1
               WHEN EXISTS (SELECT 1 FROM sessions s JOIN runs i ON i.id = s.run
                            WHERE s.mac = r.mac AND s.revoked_at IS NULL AND i.batch = r.batch) THEN 1
               WHEN u.hold = 'scrapped' THEN 0
               WHEN EXISTS (SELECT 1 FROM runs p
                            WHERE p.mac = r.mac AND p.batch = r.batch AND p.state = 'passed'
                              AND (NOT EXISTS (SELECT 1 FROM sessions i WHERE i.run = p.id)
                                   OR EXISTS (SELECT 1 FROM sessions n JOIN runs f ON f.id = n.run
                                              WHERE n.mac = p.mac AND n.revoked_at IS NULL AND f.repair = 1))) THEN 1
               ELSE 0
           END AS place
    FROM runs r JOIN units u ON u.mac = r.mac
    WHERE r.admitted = 1
    GROUP BY r.batch, r.mac, u.hold
) AS per_unit;

CREATE TABLE batch_units (
    batch        BLOB    NOT NULL REFERENCES batches (id),
    mac          BLOB    NOT NULL REFERENCES units (mac),
    units        INTEGER NOT NULL,
    first_passed INTEGER NOT NULL,
    passed       INTEGER NOT NULL,
    failed       INTEGER NOT NULL,
    quarantined  INTEGER NOT NULL,
    scrapped     INTEGER NOT NULL,
    in_work      INTEGER NOT NULL,
    runs         INTEGER NOT NULL,
    retests      INTEGER NOT NULL,
    interrupted  INTEGER NOT NULL,
    places       INTEGER NOT NULL,
    held_places  INTEGER NOT NULL,
    PRIMARY KEY (batch, mac)
) STRICT, WITHOUT ROWID;

INSERT INTO batch_units SELECT * FROM batch_units_now ORDER BY batch, mac;

-- The sums of batch_units.
CREATE TABLE batch_counts (
    batch        BLOB    NOT NULL PRIMARY KEY REFERENCES batches (id),
    units        INTEGER NOT NULL,
    first_passed INTEGER NOT NULL,
    passed       INTEGER NOT NULL,
    failed       INTEGER NOT NULL,
    quarantined  INTEGER NOT NULL,
    scrapped     INTEGER NOT NULL,
    in_work      INTEGER NOT NULL,
    runs         INTEGER NOT NULL,
    retests      INTEGER NOT NULL,
    interrupted  INTEGER NOT NULL,
    places       INTEGER NOT NULL,
    held_places  INTEGER NOT NULL
) STRICT;

INSERT INTO batch_counts
SELECT batch, SUM(units), SUM(first_passed), SUM(passed), SUM(failed), SUM(quarantined), SUM(scrapped), SUM(in_work),
       SUM(runs), SUM(retests), SUM(interrupted), SUM(places), SUM(held_places)
FROM batch_units GROUP BY batch;

CREATE TRIGGER batch_units_are_counted AFTER INSERT ON batch_units
BEGIN
    INSERT INTO batch_counts VALUES (
        NEW.batch, NEW.units, NEW.first_passed, NEW.passed, NEW.failed, NEW.quarantined, NEW.scrapped, NEW.in_work,
        NEW.runs, NEW.retests, NEW.interrupted, NEW.places, NEW.held_places
    )
    ON CONFLICT (batch) DO UPDATE SET
        units = units + NEW.units, first_passed = first_passed + NEW.first_passed, passed = passed + NEW.passed,
        failed = failed + NEW.failed, quarantined = quarantined + NEW.quarantined, scrapped = scrapped + NEW.scrapped,
        in_work = in_work + NEW.in_work, runs = runs + NEW.runs, retests = retests + NEW.retests,
        interrupted = interrupted + NEW.interrupted, places = places + NEW.places,
        held_places = held_places + NEW.held_places;
END;

CREATE TRIGGER batch_units_are_counted_anew AFTER UPDATE ON batch_units
BEGIN
    UPDATE batch_counts SET
        units = units + NEW.units - OLD.units,
        first_passed = first_passed + NEW.first_passed - OLD.first_passed,
        passed = passed + NEW.passed - OLD.passed,
        failed = failed + NEW.failed - OLD.failed,
        quarantined = quarantined + NEW.quarantined - OLD.quarantined,
        scrapped = scrapped + NEW.scrapped - OLD.scrapped,
        in_work = in_work + NEW.in_work - OLD.in_work,
        runs = runs + NEW.runs - OLD.runs,
        retests = retests + NEW.retests - OLD.retests,
        interrupted = interrupted + NEW.interrupted - OLD.interrupted,
        places = places + NEW.places - OLD.places,
        held_places = held_places + NEW.held_places - OLD.held_places
    WHERE batch = NEW.batch;
END;

-- Writing here asks for the figures of a unit anew, in one batch or (X'') in all of its batches.
CREATE VIEW batch_units_stale (batch, mac) AS SELECT batch, mac FROM batch_units;

CREATE TRIGGER batch_units_are_made_anew INSTEAD OF INSERT ON batch_units_stale
BEGIN
    INSERT INTO batch_units
    SELECT * FROM batch_units_now WHERE mac = NEW.mac AND (NEW.batch = X'' OR batch = NEW.batch)
    ON CONFLICT (batch, mac) DO UPDATE SET
        units = excluded.units, first_passed = excluded.first_passed, passed = excluded.passed,
        failed = excluded.failed, quarantined = excluded.quarantined, scrapped = excluded.scrapped,
        in_work = excluded.in_work, runs = excluded.runs, retests = excluded.retests,
        interrupted = excluded.interrupted, places = excluded.places, held_places = excluded.held_places;
END;

CREATE TRIGGER runs_change_units AFTER UPDATE OF mac, admitted, state ON runs
WHEN NEW.mac IS NOT NULL AND NEW.admitted = 1
BEGIN INSERT INTO batch_units_stale VALUES (NEW.batch, NEW.mac); END;

CREATE TRIGGER holds_change_units AFTER UPDATE OF hold ON units WHEN NEW.hold IS NOT OLD.hold
BEGIN INSERT INTO batch_units_stale VALUES (X'', NEW.mac); END;

CREATE TRIGGER sessions_change_units AFTER INSERT ON sessions
BEGIN INSERT INTO batch_units_stale VALUES (X'', NEW.mac); END;

CREATE TRIGGER revoked_sessions_change_units AFTER UPDATE OF revoked_at ON sessions
BEGIN INSERT INTO batch_units_stale VALUES (X'', NEW.mac); END;

-- Where durations in milliseconds are cut: one by one up to 32, then 16 to each doubling.
CREATE TABLE durations (
    from_ms INTEGER NOT NULL PRIMARY KEY
) STRICT;

WITH RECURSIVE cuts (from_ms, width) AS (
    SELECT 0, 1
    UNION ALL
    SELECT from_ms + width, CASE WHEN from_ms + width >= width * 32 THEN width * 2 ELSE width END
    FROM cuts WHERE from_ms < 2147483648
)
INSERT INTO durations (from_ms) SELECT from_ms FROM cuts;

-- What happened in a batch, counted. By topic:
-- `diagnosis`: runs that ended with the diagnosis `name`.
-- `slot`: attempts on a slot that ended with the diagnosis `name`, or with 'passed'.
-- `unidentified`: runs on a slot that ended with the diagnosis `name` before their unit was known.
-- `cycle`: attempts on a slot that passed, by how long they took: `bucket` is where that stands in `durations`.
-- `hour`: attempts that 'passed' or 'failed' in the hour `bucket` since 1970.
-- `step`: steps `name` that were done, by how long they took.
-- `step_failed`: steps `name` in which attempts failed, or runs whose unit never became known.
-- Repairs are in `diagnosis` alone.
CREATE TABLE batch_tallies (
    batch   BLOB    NOT NULL REFERENCES batches (id),
    topic   TEXT    NOT NULL CHECK (topic IN ('diagnosis', 'slot', 'unidentified', 'cycle', 'hour', 'step', 'step_failed')),
    station TEXT    NOT NULL,
    slot    TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    bucket  INTEGER NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (batch, topic, station, slot, name, bucket)
) STRICT, WITHOUT ROWID;

-- What a run that has ended adds, and what a step does that is done.
CREATE VIEW run_tallies (run, batch, topic, station, slot, name, bucket) AS
SELECT id, batch, 'diagnosis', '', '', code, 0 FROM runs WHERE code IS NOT NULL
UNION ALL
SELECT id, batch, 'slot', station, slot, COALESCE(code, 'passed'), 0 FROM runs
WHERE admitted = 1 AND repair = 0 AND state <> 'open' AND (code IS NULL OR code NOT IN ('interrupted', 'cancelled'))
UNION ALL
SELECT id, batch, 'unidentified', station, slot, code, 0 FROM runs
WHERE mac IS NULL AND repair = 0 AND code NOT IN ('interrupted', 'cancelled', 'in_work_elsewhere')
UNION ALL
SELECT id, batch, 'hour', '', '', state, ended_at / 3600000000 FROM runs
WHERE admitted = 1 AND repair = 0 AND state <> 'open' AND (code IS NULL OR code NOT IN ('interrupted', 'cancelled'))
UNION ALL
SELECT id, batch, 'cycle', station, slot, '',
       COALESCE((SELECT MAX(from_ms) FROM durations WHERE from_ms <= (ended_at - began_at) / 1000), 0)
FROM runs WHERE admitted = 1 AND repair = 0 AND state = 'passed'
UNION ALL
SELECT r.id, r.batch, 'step_failed', '', '', s.step, 0 FROM steps s JOIN runs r ON r.id = s.run
WHERE s.outcome = 'failed' AND r.repair = 0 AND (r.admitted = 1 OR r.mac IS NULL)
  AND r.code NOT IN ('interrupted', 'cancelled', 'in_work_elsewhere');

CREATE VIEW step_tallies (run, seq, batch, topic, station, slot, name, bucket) AS
SELECT s.run, s.seq, r.batch, 'step', '', '', s.step,
       COALESCE((SELECT MAX(from_ms) FROM durations WHERE from_ms <= (s.ended_at - s.began_at) / 1000), 0)
FROM steps s JOIN runs r ON r.id = s.run
WHERE s.outcome = 'done' AND r.repair = 0;

INSERT INTO batch_tallies
SELECT batch, topic, station, slot, name, bucket, COUNT(*)
FROM (
    SELECT batch, topic, station, slot, name, bucket FROM run_tallies
    UNION ALL
    SELECT batch, topic, station, slot, name, bucket FROM step_tallies
)
GROUP BY batch, topic, station, slot, name, bucket;

CREATE TRIGGER runs_are_tallied AFTER UPDATE OF state ON runs WHEN OLD.state = 'open' AND NEW.state <> 'open'
BEGIN
    INSERT INTO batch_tallies
    SELECT batch, topic, station, slot, name, bucket, 1 FROM run_tallies WHERE run = NEW.id
    ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER steps_are_tallied AFTER UPDATE OF ended_at ON steps
WHEN OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL
BEGIN
    INSERT INTO batch_tallies
    SELECT batch, topic, station, slot, name, bucket, 1 FROM step_tallies WHERE run = NEW.run AND seq = NEW.seq
    ON CONFLICT DO UPDATE SET count = count + 1;
END;

-- How much is on record of what there may be millions of. Units by how they stand: `new` before their first run has ended.
CREATE TABLE record_counts (
    name  TEXT    NOT NULL PRIMARY KEY,
    count INTEGER NOT NULL
) STRICT;

INSERT INTO record_counts (name, count)
SELECT 'units.' || COALESCE(hold, standing, 'new'), COUNT(*) FROM units GROUP BY 1
UNION ALL SELECT 'runs', COUNT(*) FROM runs
UNION ALL SELECT 'certificates', COUNT(*) FROM certificates
UNION ALL SELECT 'certificates.revoked', COUNT(*) FROM certificates WHERE revoked_at IS NOT NULL;

CREATE TRIGGER units_count AFTER INSERT ON units
BEGIN
    INSERT INTO record_counts VALUES ('units.' || COALESCE(NEW.hold, NEW.standing, 'new'), 1)
    ON CONFLICT (name) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER units_count_anew AFTER UPDATE OF hold, standing ON units
WHEN COALESCE(NEW.hold, NEW.standing, 'new') <> COALESCE(OLD.hold, OLD.standing, 'new')
BEGIN
    UPDATE record_counts SET count = count - 1 WHERE name = 'units.' || COALESCE(OLD.hold, OLD.standing, 'new');
    INSERT INTO record_counts VALUES ('units.' || COALESCE(NEW.hold, NEW.standing, 'new'), 1)
    ON CONFLICT (name) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER runs_count AFTER INSERT ON runs
BEGIN UPDATE record_counts SET count = count + 1 WHERE name = 'runs'; END;

CREATE TRIGGER certificates_count AFTER INSERT ON certificates
BEGIN UPDATE record_counts SET count = count + 1 WHERE name = 'certificates'; END;

CREATE TRIGGER revoked_certificates_count AFTER UPDATE OF revoked_at ON certificates
WHEN OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL
BEGIN UPDATE record_counts SET count = count + 1 WHERE name = 'certificates.revoked'; END;
