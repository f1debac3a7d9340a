-- What finds units and audit entries, and counts batches, when there are millions of them. All of it is derived from what
-- stands in the tables before: triggers keep it in the same transactions, whoever writes, and here it is filled from what
-- is on record.

-- Every name of every unit. `id` is the unit's number in the order in which units were first seen, times 65536, and one
-- for each name: so the names of a unit stand together, and the newest unit comes last.
CREATE TABLE unit_names (
    id   BIGINT  NOT NULL PRIMARY KEY,
    mac  BYTEA   NOT NULL REFERENCES units (mac),
    kind TEXT    NOT NULL CHECK (kind IN ('mac', 'serial', 'device_id', 'certificate_serial', 'fingerprint')),
    name TEXT    NOT NULL
);

WITH numbered AS MATERIALIZED (
    SELECT mac, ROW_NUMBER() OVER (ORDER BY first_seen_at, mac) AS number FROM units
),
named (mac, at, kind, name) AS (
    SELECT mac, CAST(-1 AS BIGINT), 'mac', ENCODE(mac, 'hex') FROM units
    UNION ALL SELECT mac, COALESCE(allocated_at, 0), 'serial', serial FROM serials
    UNION ALL SELECT mac, issued_at, 'device_id', device_id FROM sessions
    UNION ALL SELECT mac, issued_at, 'certificate_serial', serial FROM certificates WHERE mac IS NOT NULL
    UNION ALL SELECT mac, issued_at, 'fingerprint', ENCODE(fingerprint, 'hex') FROM certificates WHERE mac IS NOT NULL
),
placed (number, place, mac, kind, name) AS (
    SELECT number, ROW_NUMBER() OVER (PARTITION BY number ORDER BY at, kind, name), mac, kind, name
    FROM named JOIN numbered USING (mac)
)
INSERT INTO unit_names (id, mac, kind, name)
SELECT number * 65536 + place - 1, mac, kind, name FROM placed WHERE place < 65536 ORDER BY 1;

CREATE UNIQUE INDEX unit_names_by_unit ON unit_names (mac, id);

-- Parts of names are found without this index as well, only slower: a server may lack the extension, or the right to it.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX unit_name_parts ON unit_names USING gin (LOWER(name) gin_trgm_ops);
EXCEPTION WHEN insufficient_privilege OR undefined_file OR undefined_object OR feature_not_supported THEN
    RAISE NOTICE 'without pg_trgm, parts of names are looked for one by one: %', SQLERRM;
END;
$$;

-- A unit's 65536th name and those after it are found as a whole only.
CREATE FUNCTION add_unit_name(of_unit BYTEA, new_kind TEXT, new_name TEXT) RETURNS void LANGUAGE sql AS $$
    INSERT INTO unit_names (id, mac, kind, name)
    SELECT MAX(id) + 1, of_unit, new_kind, new_name
    FROM unit_names WHERE mac = of_unit HAVING MAX(id) % 65536 < 65535;
$$;

-- A certificate may be older than its unit's first run.
CREATE FUNCTION name_unit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    older RECORD;
BEGIN
    INSERT INTO unit_names (id, mac, kind, name)
    SELECT (COALESCE(MAX(id), 0) / 65536 + 1) * 65536, NEW.mac, 'mac', ENCODE(NEW.mac, 'hex') FROM unit_names;
    FOR older IN SELECT serial, fingerprint FROM certificates WHERE mac = NEW.mac ORDER BY issued_at, serial LIMIT 1000
    LOOP
        PERFORM add_unit_name(NEW.mac, 'certificate_serial', older.serial);
        PERFORM add_unit_name(NEW.mac, 'fingerprint', ENCODE(older.fingerprint, 'hex'));
    END LOOP;
    RETURN NULL;
END;
$$;

CREATE TRIGGER units_are_named AFTER INSERT ON units FOR EACH ROW EXECUTE FUNCTION name_unit();

CREATE FUNCTION name_by_serial() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM add_unit_name(NEW.mac, 'serial', NEW.serial);
    RETURN NULL;
END;
$$;

CREATE TRIGGER serials_are_names AFTER INSERT ON serials FOR EACH ROW EXECUTE FUNCTION name_by_serial();

CREATE FUNCTION name_by_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM add_unit_name(NEW.mac, 'device_id', NEW.device_id);
    RETURN NULL;
END;
$$;

CREATE TRIGGER sessions_are_names AFTER INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION name_by_session();

CREATE FUNCTION name_by_certificate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM add_unit_name(NEW.mac, 'certificate_serial', NEW.serial);
    PERFORM add_unit_name(NEW.mac, 'fingerprint', ENCODE(NEW.fingerprint, 'hex'));
    RETURN NULL;
END;
$$;

CREATE TRIGGER certificates_are_names AFTER INSERT ON certificates
FOR EACH ROW WHEN (NEW.mac IS NOT NULL) EXECUTE FUNCTION name_by_certificate();

-- Which batch an entry is about: itself, its run's, that of the run that issued the certificate, or that of the newest run
-- of the unit that had begun by then, as far as the stations' clocks tell.
CREATE VIEW audit_batches (seq, station, actor, kind, batch) AS
SELECT a.seq, a.station, a.actor, a.kind,
       CASE
           WHEN a.kind IN ('certificate.issued', 'certificate.revoked') THEN
               (SELECT r.batch FROM certificates c JOIN runs r ON r.id = c.run WHERE c.serial = a.subject)
           WHEN a.subject ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN
               COALESCE(
                   (SELECT batch FROM runs WHERE id = DECODE(REPLACE(a.subject, '-', ''), 'hex')),
                   (SELECT id FROM batches WHERE id = DECODE(REPLACE(a.subject, '-', ''), 'hex'))
               )
           WHEN a.subject ~ '^[0-9a-f]{2}(:[0-9a-f]{2}){5}$' THEN
               COALESCE(
                   (SELECT batch FROM runs
                    WHERE mac = DECODE(REPLACE(a.subject, ':', ''), 'hex') AND began_at <= a.at
                    ORDER BY id DESC LIMIT 1),
                   (SELECT batch FROM runs
                    WHERE mac = DECODE(REPLACE(a.subject, ':', ''), 'hex')
                    ORDER BY id DESC LIMIT 1)
               )
       END
FROM audit a;

-- Entries of one station, actor and kind are a group, and those of them that are about one batch are another. The first
-- has no batch: ''. There are some thousand groups, whatever the number of entries.
CREATE TABLE audit_groups (
    id      BIGINT  NOT NULL PRIMARY KEY,
    batch   BYTEA   NOT NULL,
    station TEXT    NOT NULL,
    actor   TEXT    NOT NULL,
    kind    TEXT    NOT NULL,
    UNIQUE (batch, station, actor, kind)
);

INSERT INTO audit_groups (id, batch, station, actor, kind)
SELECT ROW_NUMBER() OVER (ORDER BY batch, station, actor, kind), batch, station, actor, kind
FROM (
    SELECT DISTINCT CAST('' AS BYTEA) AS batch, station, actor, kind FROM audit
    UNION ALL
    SELECT DISTINCT batch, station, actor, kind FROM audit_batches WHERE batch IS NOT NULL
) AS found;

CREATE TABLE audit_marks (
    grp BIGINT  NOT NULL REFERENCES audit_groups (id),
    seq BIGINT  NOT NULL,
    PRIMARY KEY (grp, seq)
);

INSERT INTO audit_marks (grp, seq)
SELECT g.id, b.seq FROM audit_batches b JOIN audit_groups g
ON g.batch IN ('', b.batch) AND g.station = b.station AND g.actor = b.actor AND g.kind = b.kind
ORDER BY g.id, b.seq;

-- By which clock readings a station wrote its entries among 4096 in a row. Clocks differ and are set, so that the order of
-- the entries does not tell their time.
CREATE TABLE audit_spans (
    station  TEXT    NOT NULL,
    span     BIGINT  NOT NULL,
    first_at BIGINT  NOT NULL,
    last_at  BIGINT  NOT NULL,
    PRIMARY KEY (station, span)
);

INSERT INTO audit_spans (station, span, first_at, last_at)
SELECT station, seq / 4096, MIN(at), MAX(at) FROM audit GROUP BY station, seq / 4096;

CREATE FUNCTION mark_audit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    about BYTEA;
    found BIGINT;
BEGIN
    FOR about IN
        SELECT CAST('' AS BYTEA)
        UNION ALL SELECT batch FROM audit_batches WHERE seq = NEW.seq AND batch IS NOT NULL
    LOOP
        SELECT id INTO found FROM audit_groups
        WHERE batch = about AND station = NEW.station AND actor = NEW.actor AND kind = NEW.kind;
        IF found IS NULL THEN
            INSERT INTO audit_groups (id, batch, station, actor, kind)
            SELECT COALESCE(MAX(id), 0) + 1, about, NEW.station, NEW.actor, NEW.kind FROM audit_groups
            RETURNING id INTO found;
        END IF;
        INSERT INTO audit_marks (grp, seq) VALUES (found, NEW.seq);
    END LOOP;
    INSERT INTO audit_spans AS s (station, span, first_at, last_at)
    VALUES (NEW.station, NEW.seq / 4096, NEW.at, NEW.at)
    ON CONFLICT (station, span) DO UPDATE
    SET first_at = LEAST(s.first_at, excluded.first_at), last_at = GREATEST(s.last_at, excluded.last_at);
    RETURN NULL;
END;
$$;

CREATE TRIGGER audit_is_marked AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION mark_audit();

-- What is taken from here would be found no more, so nothing is.
CREATE TRIGGER audit_marks_refuse_change BEFORE UPDATE OR DELETE ON audit_marks
FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER audit_marks_refuse_truncate BEFORE TRUNCATE ON audit_marks
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER audit_groups_refuse_change BEFORE UPDATE OR DELETE ON audit_groups
FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER audit_groups_refuse_truncate BEFORE TRUNCATE ON audit_groups
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER audit_spans_refuse_delete BEFORE DELETE ON audit_spans
FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER audit_spans_refuse_truncate BEFORE TRUNCATE ON audit_spans
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

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
    batch        BYTEA   NOT NULL REFERENCES batches (id),
    mac          BYTEA   NOT NULL REFERENCES units (mac),
    units        BIGINT  NOT NULL,
    first_passed BIGINT  NOT NULL,
    passed       BIGINT  NOT NULL,
    failed       BIGINT  NOT NULL,
    quarantined  BIGINT  NOT NULL,
    scrapped     BIGINT  NOT NULL,
    in_work      BIGINT  NOT NULL,
    runs         BIGINT  NOT NULL,
    retests      BIGINT  NOT NULL,
    interrupted  BIGINT  NOT NULL,
    places       BIGINT  NOT NULL,
    held_places  BIGINT  NOT NULL,
    PRIMARY KEY (batch, mac)
);

INSERT INTO batch_units SELECT * FROM batch_units_now ORDER BY batch, mac;

-- The sums of batch_units.
CREATE TABLE batch_counts (
    batch        BYTEA   NOT NULL PRIMARY KEY REFERENCES batches (id),
    units        BIGINT  NOT NULL,
    first_passed BIGINT  NOT NULL,
    passed       BIGINT  NOT NULL,
    failed       BIGINT  NOT NULL,
    quarantined  BIGINT  NOT NULL,
    scrapped     BIGINT  NOT NULL,
    in_work      BIGINT  NOT NULL,
    runs         BIGINT  NOT NULL,
    retests      BIGINT  NOT NULL,
    interrupted  BIGINT  NOT NULL,
    places       BIGINT  NOT NULL,
    held_places  BIGINT  NOT NULL
);

INSERT INTO batch_counts
SELECT batch, SUM(units), SUM(first_passed), SUM(passed), SUM(failed), SUM(quarantined), SUM(scrapped), SUM(in_work),
       SUM(runs), SUM(retests), SUM(interrupted), SUM(places), SUM(held_places)
FROM batch_units GROUP BY batch;

CREATE FUNCTION count_batch_unit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO batch_counts AS c VALUES (
        NEW.batch, NEW.units, NEW.first_passed, NEW.passed, NEW.failed, NEW.quarantined, NEW.scrapped, NEW.in_work,
        NEW.runs, NEW.retests, NEW.interrupted, NEW.places, NEW.held_places
    )
    ON CONFLICT (batch) DO UPDATE SET
        units = c.units + NEW.units,
        first_passed = c.first_passed + NEW.first_passed,
        passed = c.passed + NEW.passed,
        failed = c.failed + NEW.failed,
        quarantined = c.quarantined + NEW.quarantined,
        scrapped = c.scrapped + NEW.scrapped,
        in_work = c.in_work + NEW.in_work,
        runs = c.runs + NEW.runs,
        retests = c.retests + NEW.retests,
        interrupted = c.interrupted + NEW.interrupted,
        places = c.places + NEW.places,
        held_places = c.held_places + NEW.held_places;
    RETURN NULL;
END;
$$;

CREATE TRIGGER batch_units_are_counted AFTER INSERT ON batch_units
FOR EACH ROW EXECUTE FUNCTION count_batch_unit();

CREATE FUNCTION count_batch_unit_anew() RETURNS trigger LANGUAGE plpgsql AS $$
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
    RETURN NULL;
END;
$$;

CREATE TRIGGER batch_units_are_counted_anew AFTER UPDATE ON batch_units
FOR EACH ROW EXECUTE FUNCTION count_batch_unit_anew();

-- Makes the figures of a unit anew, in one batch or ('') in all of its batches.
CREATE FUNCTION make_batch_units(of_batch BYTEA, of_unit BYTEA) RETURNS void LANGUAGE sql AS $$
    INSERT INTO batch_units
    SELECT * FROM batch_units_now WHERE mac = of_unit AND (of_batch = '' OR batch = of_batch)
    ON CONFLICT (batch, mac) DO UPDATE SET
        units = excluded.units,
        first_passed = excluded.first_passed,
        passed = excluded.passed,
        failed = excluded.failed,
        quarantined = excluded.quarantined,
        scrapped = excluded.scrapped,
        in_work = excluded.in_work,
        runs = excluded.runs,
        retests = excluded.retests,
        interrupted = excluded.interrupted,
        places = excluded.places,
        held_places = excluded.held_places;
$$;

CREATE FUNCTION unit_has_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM make_batch_units('', NEW.mac);
    RETURN NULL;
END;
$$;

CREATE FUNCTION run_has_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM make_batch_units(NEW.batch, NEW.mac);
    RETURN NULL;
END;
$$;

CREATE TRIGGER runs_change_units AFTER UPDATE OF mac, admitted, state ON runs
FOR EACH ROW WHEN (NEW.mac IS NOT NULL AND NEW.admitted = 1) EXECUTE FUNCTION run_has_changed();

CREATE TRIGGER holds_change_units AFTER UPDATE OF hold ON units
FOR EACH ROW WHEN (NEW.hold IS DISTINCT FROM OLD.hold) EXECUTE FUNCTION unit_has_changed();

CREATE TRIGGER sessions_change_units AFTER INSERT OR UPDATE OF revoked_at ON sessions
FOR EACH ROW EXECUTE FUNCTION unit_has_changed();

-- Where durations in milliseconds are cut: one by one up to 32, then 16 to each doubling.
CREATE TABLE durations (
    from_ms BIGINT  NOT NULL PRIMARY KEY
);

WITH RECURSIVE cuts (from_ms, width) AS (
    SELECT CAST(0 AS BIGINT), CAST(1 AS BIGINT)
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
    batch   BYTEA   NOT NULL REFERENCES batches (id),
    topic   TEXT    NOT NULL CHECK (topic IN ('diagnosis', 'slot', 'unidentified', 'cycle', 'hour', 'step', 'step_failed')),
    station TEXT    NOT NULL,
    slot    TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    bucket  BIGINT  NOT NULL,
    count   BIGINT  NOT NULL,
    PRIMARY KEY (batch, topic, station, slot, name, bucket)
);

-- What a run that has ended adds, and what a step does that is done.
CREATE VIEW run_tallies (run, batch, topic, station, slot, name, bucket) AS
SELECT id, batch, 'diagnosis', '', '', code, CAST(0 AS BIGINT) FROM runs WHERE code IS NOT NULL
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
) AS found
GROUP BY batch, topic, station, slot, name, bucket;

CREATE FUNCTION tally_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO batch_tallies AS t
    SELECT batch, topic, station, slot, name, bucket, 1 FROM run_tallies WHERE run = NEW.id
    ON CONFLICT (batch, topic, station, slot, name, bucket) DO UPDATE SET count = t.count + 1;
    RETURN NULL;
END;
$$;

CREATE TRIGGER runs_are_tallied AFTER UPDATE OF state ON runs
FOR EACH ROW WHEN (OLD.state = 'open' AND NEW.state <> 'open') EXECUTE FUNCTION tally_run();

CREATE FUNCTION tally_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO batch_tallies AS t
    SELECT batch, topic, station, slot, name, bucket, 1 FROM step_tallies WHERE run = NEW.run AND seq = NEW.seq
    ON CONFLICT (batch, topic, station, slot, name, bucket) DO UPDATE SET count = t.count + 1;
    RETURN NULL;
END;
$$;

CREATE TRIGGER steps_are_tallied AFTER UPDATE OF ended_at ON steps
FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION tally_step();

-- How much is on record of what there may be millions of. Units by how they stand: `new` before their first run has ended.
CREATE TABLE record_counts (
    name  TEXT    NOT NULL PRIMARY KEY,
    count BIGINT  NOT NULL
);

INSERT INTO record_counts (name, count)
SELECT 'units.' || COALESCE(hold, standing, 'new'), COUNT(*) FROM units GROUP BY 1
UNION ALL SELECT 'runs', COUNT(*) FROM runs
UNION ALL SELECT 'certificates', COUNT(*) FROM certificates
UNION ALL SELECT 'certificates.revoked', COUNT(*) FROM certificates WHERE revoked_at IS NOT NULL;

CREATE FUNCTION count_one(of_name TEXT, change BIGINT) RETURNS void LANGUAGE sql AS $$
    INSERT INTO record_counts AS c VALUES (of_name, change)
    ON CONFLICT (name) DO UPDATE SET count = c.count + change;
$$;

CREATE FUNCTION count_unit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        PERFORM count_one('units.' || COALESCE(OLD.hold, OLD.standing, 'new'), -1);
    END IF;
    PERFORM count_one('units.' || COALESCE(NEW.hold, NEW.standing, 'new'), 1);
    RETURN NULL;
END;
$$;

CREATE TRIGGER units_count AFTER INSERT ON units FOR EACH ROW EXECUTE FUNCTION count_unit();

CREATE TRIGGER units_count_anew AFTER UPDATE OF hold, standing ON units
FOR EACH ROW
WHEN (COALESCE(NEW.hold, NEW.standing, 'new') <> COALESCE(OLD.hold, OLD.standing, 'new'))
EXECUTE FUNCTION count_unit();

-- Counts a row of the kind that the trigger names.
CREATE FUNCTION count_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_one(TG_ARGV[0], 1);
    RETURN NULL;
END;
$$;

CREATE TRIGGER runs_count AFTER INSERT ON runs FOR EACH ROW EXECUTE FUNCTION count_row('runs');

CREATE TRIGGER certificates_count AFTER INSERT ON certificates
FOR EACH ROW EXECUTE FUNCTION count_row('certificates');

CREATE TRIGGER revoked_certificates_count AFTER UPDATE OF revoked_at ON certificates
FOR EACH ROW WHEN (OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL)
EXECUTE FUNCTION count_row('certificates.revoked');
