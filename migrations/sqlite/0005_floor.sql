-- The floor: what a slot works on and which port it has, and how its golden units come out.

-- What people have told a slot. `batch` is what it works on, so that a station that starts again goes on; `port` wins
-- over the configuration's. `stopped`: a person wants it to work on nothing.
CREATE TABLE slot_plans (
    station    TEXT    NOT NULL REFERENCES stations (name),
    slot       TEXT    NOT NULL,
    port       TEXT,
    batch      BLOB    REFERENCES batches (id),
    stopped    INTEGER NOT NULL DEFAULT 0 CHECK (stopped IN (0, 1)),
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (station, slot),
    CHECK (stopped = 0 OR batch IS NULL)
) STRICT;

-- Units that are known to be good, by the name of the recipe that they are made by. They may never have run here.
CREATE TABLE golden_units (
    mac      BLOB    NOT NULL,
    recipe   TEXT    NOT NULL,
    actor    TEXT    NOT NULL,
    reason   TEXT    NOT NULL,
    named_at INTEGER NOT NULL,
    PRIMARY KEY (mac, recipe)
) STRICT;

CREATE TABLE golden_checks (
    run        BLOB    NOT NULL PRIMARY KEY REFERENCES runs (id),
    station    TEXT    NOT NULL REFERENCES stations (name),
    slot       TEXT    NOT NULL,
    mac        BLOB    NOT NULL,
    recipe     TEXT    NOT NULL,
    passed     INTEGER NOT NULL CHECK (passed IN (0, 1)),
    actor      TEXT    NOT NULL,
    checked_at INTEGER NOT NULL
) STRICT;

CREATE INDEX golden_checks_by_time ON golden_checks (checked_at, run);

-- The newest check of each slot and recipe, and the newest that passed. Gone once it says nothing any more: the slot has
-- another port, or a unit of the recipe is golden no more.
CREATE TABLE golden_standings (
    station    TEXT    NOT NULL REFERENCES stations (name),
    slot       TEXT    NOT NULL,
    recipe     TEXT    NOT NULL,
    passed     INTEGER NOT NULL CHECK (passed IN (0, 1)),
    checked_at INTEGER NOT NULL,
    passed_at  INTEGER,
    PRIMARY KEY (station, slot, recipe)
) STRICT;
