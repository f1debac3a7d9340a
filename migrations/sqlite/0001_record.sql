-- The record of one or more stations. Times are microseconds since 1970-01-01T00:00:00Z; digests and ids are raw bytes;
-- JSON is kept as the text that was written, because hashes depend on it.

CREATE TABLE stations (
    name             TEXT    NOT NULL PRIMARY KEY,
    first_started_at INTEGER NOT NULL,
    last_started_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE recipes (
    hash          BLOB    NOT NULL PRIMARY KEY,
    name          TEXT    NOT NULL,
    text          TEXT    NOT NULL,
    policy        TEXT    NOT NULL,
    first_used_at INTEGER NOT NULL
) STRICT;

CREATE TABLE images (
    sha256        BLOB    NOT NULL PRIMARY KEY,
    region        TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    size          INTEGER NOT NULL,
    version       TEXT,
    first_used_at INTEGER NOT NULL
) STRICT;

CREATE TABLE batches (
    id        BLOB    NOT NULL PRIMARY KEY,
    name      TEXT    NOT NULL,
    recipe    BLOB    NOT NULL REFERENCES recipes (hash),
    quota     INTEGER,
    opened_at INTEGER NOT NULL
) STRICT;

-- One row per MAC. `standing` is how the newest ended run that was admitted came out.
CREATE TABLE units (
    mac           BLOB    NOT NULL PRIMARY KEY,
    serial        TEXT    UNIQUE,
    attempts      INTEGER NOT NULL,
    standing      TEXT    CHECK (standing IN ('passed', 'failed')),
    first_seen_at INTEGER NOT NULL
) STRICT;

CREATE INDEX units_by_standing ON units (standing, mac);

CREATE TABLE runs (
    id        BLOB    NOT NULL PRIMARY KEY,
    station   TEXT    NOT NULL REFERENCES stations (name),
    slot      TEXT    NOT NULL,
    batch     BLOB    NOT NULL REFERENCES batches (id),
    recipe    BLOB    NOT NULL REFERENCES recipes (hash),
    mac       BLOB    REFERENCES units (mac),
    attempt   INTEGER NOT NULL,
    admitted  INTEGER NOT NULL CHECK (admitted IN (0, 1)),
    state     TEXT    NOT NULL CHECK (state IN ('open', 'passed', 'failed')),
    diagnosis TEXT,
    began_at  INTEGER NOT NULL,
    ended_at  INTEGER,
    CHECK ((state = 'open') = (ended_at IS NULL)),
    CHECK ((state = 'failed') = (diagnosis IS NOT NULL)),
    CHECK (state <> 'passed' OR (mac IS NOT NULL AND admitted = 1))
) STRICT;

CREATE UNIQUE INDEX runs_one_open_per_unit ON runs (mac) WHERE state = 'open' AND admitted = 1;
CREATE UNIQUE INDEX runs_one_open_per_slot ON runs (station, slot) WHERE state = 'open';
CREATE INDEX runs_by_unit ON runs (mac, id);
CREATE INDEX runs_passed ON runs (mac) WHERE state = 'passed';
CREATE INDEX runs_ended ON runs (id) WHERE state <> 'open';
CREATE INDEX runs_by_batch ON runs (batch);

CREATE TABLE steps (
    run      BLOB    NOT NULL REFERENCES runs (id),
    seq      INTEGER NOT NULL,
    step     TEXT    NOT NULL,
    began_at INTEGER NOT NULL,
    ended_at INTEGER,
    outcome  TEXT    CHECK (outcome IN ('done', 'failed')),
    PRIMARY KEY (run, seq),
    CHECK ((ended_at IS NULL) = (outcome IS NULL))
) STRICT;

CREATE TABLE evidence (
    run  BLOB    NOT NULL REFERENCES runs (id),
    seq  INTEGER NOT NULL,
    at   INTEGER NOT NULL,
    fact TEXT    NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT;

CREATE TABLE auth_codes (
    hash        BLOB    NOT NULL PRIMARY KEY,
    run         BLOB    NOT NULL REFERENCES runs (id),
    mac         BLOB    NOT NULL REFERENCES units (mac),
    certificate INTEGER NOT NULL CHECK (certificate IN (0, 1)),
    issued_at   INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    redeemed_at INTEGER,
    voided_at   INTEGER,
    CHECK (redeemed_at IS NULL OR voided_at IS NULL)
) STRICT;

CREATE INDEX auth_codes_by_run ON auth_codes (run);

CREATE TABLE certificates (
    serial         TEXT    NOT NULL PRIMARY KEY,
    fingerprint    BLOB    NOT NULL UNIQUE,
    pem            TEXT    NOT NULL,
    subject        TEXT    NOT NULL,
    not_before     INTEGER NOT NULL,
    not_after      INTEGER NOT NULL,
    mac            BLOB,
    run            BLOB    REFERENCES runs (id),
    issued_at      INTEGER NOT NULL,
    revoked_at     INTEGER,
    revoked_reason TEXT,
    CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
) STRICT;

CREATE INDEX certificates_by_time ON certificates (issued_at, serial);
CREATE INDEX certificates_by_unit ON certificates (mac);
CREATE INDEX certificates_by_run ON certificates (run);

-- No plaintext secret: `verifier` is a salt and a MAC of the password, `token` and `code` are SHA-256.
CREATE TABLE sessions (
    device_id      TEXT    NOT NULL PRIMARY KEY,
    device_key     TEXT    NOT NULL,
    workspace_slug TEXT    NOT NULL,
    mqtt_host      TEXT    NOT NULL,
    mqtt_port      INTEGER NOT NULL,
    mqtt_username  TEXT    NOT NULL UNIQUE,
    verifier       BLOB    NOT NULL,
    token          BLOB    UNIQUE,
    code           BLOB    UNIQUE REFERENCES auth_codes (hash),
    certificate    BLOB    REFERENCES certificates (fingerprint),
    mac            BLOB    NOT NULL REFERENCES units (mac),
    run            BLOB    NOT NULL REFERENCES runs (id),
    issued_at      INTEGER NOT NULL,
    revoked_at     INTEGER,
    UNIQUE (workspace_slug, device_key)
) STRICT;

CREATE INDEX sessions_by_unit ON sessions (mac);
CREATE INDEX sessions_by_run ON sessions (run);

CREATE TABLE claims (
    claim    BLOB    NOT NULL PRIMARY KEY,
    mac      BLOB    NOT NULL UNIQUE REFERENCES units (mac),
    bound_at INTEGER NOT NULL
) STRICT;

-- Every serial number that was ever given. Prefix and number stand apart, because the text alone does not tell them.
CREATE TABLE serials (
    prefix TEXT    NOT NULL,
    number INTEGER NOT NULL,
    serial TEXT    NOT NULL UNIQUE,
    mac    BLOB    NOT NULL REFERENCES units (mac),
    PRIMARY KEY (prefix, number),
    UNIQUE (mac, prefix)
) STRICT;

-- `prev` is unique, so that the chain cannot fork.
CREATE TABLE audit (
    seq     INTEGER NOT NULL PRIMARY KEY,
    at      INTEGER NOT NULL,
    station TEXT    NOT NULL,
    actor   TEXT    NOT NULL,
    kind    TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    body    TEXT    NOT NULL,
    prev    BLOB    NOT NULL UNIQUE,
    hash    BLOB    NOT NULL UNIQUE
) STRICT;

CREATE INDEX audit_by_subject ON audit (subject, seq);

CREATE TRIGGER audit_refuses_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;

CREATE TRIGGER audit_refuses_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;

-- REPLACE would delete the old row without firing the trigger above.
CREATE TRIGGER audit_refuses_replace BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq OR prev = NEW.prev OR hash = NEW.hash)
BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;

CREATE TRIGGER evidence_refuses_update BEFORE UPDATE ON evidence
BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END;

CREATE TRIGGER evidence_refuses_delete BEFORE DELETE ON evidence
BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END;

CREATE TRIGGER evidence_refuses_replace BEFORE INSERT ON evidence
WHEN EXISTS (SELECT 1 FROM evidence WHERE run = NEW.run AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END;
