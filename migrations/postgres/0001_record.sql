-- The record of one or more stations. Times are microseconds since 1970-01-01T00:00:00Z; digests and ids are raw bytes;
-- JSON is kept as the text that was written, because hashes depend on it.

CREATE TABLE stations (
    name             TEXT    NOT NULL PRIMARY KEY,
    first_started_at BIGINT  NOT NULL,
    last_started_at  BIGINT  NOT NULL
);

CREATE TABLE recipes (
    hash          BYTEA   NOT NULL PRIMARY KEY,
    name          TEXT    NOT NULL,
    text          TEXT    NOT NULL,
    policy        TEXT    NOT NULL,
    first_used_at BIGINT  NOT NULL
);

CREATE TABLE images (
    sha256        BYTEA   NOT NULL PRIMARY KEY,
    region        TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    size          BIGINT  NOT NULL,
    version       TEXT,
    first_used_at BIGINT  NOT NULL
);

CREATE TABLE batches (
    id        BYTEA   NOT NULL PRIMARY KEY,
    name      TEXT    NOT NULL,
    recipe    BYTEA   NOT NULL REFERENCES recipes (hash),
    quota     BIGINT,
    opened_at BIGINT  NOT NULL
);

-- One row per MAC. `standing` is how the newest ended run that was admitted came out.
CREATE TABLE units (
    mac           BYTEA   NOT NULL PRIMARY KEY,
    serial        TEXT    UNIQUE,
    attempts      BIGINT  NOT NULL,
    standing      TEXT    CHECK (standing IN ('passed', 'failed')),
    first_seen_at BIGINT  NOT NULL
);

CREATE INDEX units_by_standing ON units (standing, mac);

CREATE TABLE runs (
    id        BYTEA   NOT NULL PRIMARY KEY,
    station   TEXT    NOT NULL REFERENCES stations (name),
    slot      TEXT    NOT NULL,
    batch     BYTEA   NOT NULL REFERENCES batches (id),
    recipe    BYTEA   NOT NULL REFERENCES recipes (hash),
    mac       BYTEA   REFERENCES units (mac),
    attempt   BIGINT  NOT NULL,
    admitted  BIGINT  NOT NULL CHECK (admitted IN (0, 1)),
    state     TEXT    NOT NULL CHECK (state IN ('open', 'passed', 'failed')),
    diagnosis TEXT,
    began_at  BIGINT  NOT NULL,
    ended_at  BIGINT,
    CHECK ((state = 'open') = (ended_at IS NULL)),
    CHECK ((state = 'failed') = (diagnosis IS NOT NULL)),
    CHECK (state <> 'passed' OR (mac IS NOT NULL AND admitted = 1))
);

CREATE UNIQUE INDEX runs_one_open_per_unit ON runs (mac) WHERE state = 'open' AND admitted = 1;
CREATE UNIQUE INDEX runs_one_open_per_slot ON runs (station, slot) WHERE state = 'open';
CREATE INDEX runs_by_unit ON runs (mac, id);
CREATE INDEX runs_passed ON runs (mac) WHERE state = 'passed';
CREATE INDEX runs_ended ON runs (id) WHERE state <> 'open';
CREATE INDEX runs_by_batch ON runs (batch);

CREATE TABLE steps (
    run      BYTEA   NOT NULL REFERENCES runs (id),
    seq      BIGINT  NOT NULL,
    step     TEXT    NOT NULL,
    began_at BIGINT  NOT NULL,
    ended_at BIGINT,
    outcome  TEXT    CHECK (outcome IN ('done', 'failed')),
    PRIMARY KEY (run, seq),
    CHECK ((ended_at IS NULL) = (outcome IS NULL))
);

CREATE TABLE evidence (
    run  BYTEA   NOT NULL REFERENCES runs (id),
    seq  BIGINT  NOT NULL,
    at   BIGINT  NOT NULL,
    fact TEXT    NOT NULL,
    PRIMARY KEY (run, seq)
);

CREATE TABLE auth_codes (
    hash        BYTEA   NOT NULL PRIMARY KEY,
    run         BYTEA   NOT NULL REFERENCES runs (id),
    mac         BYTEA   NOT NULL REFERENCES units (mac),
    certificate BIGINT  NOT NULL CHECK (certificate IN (0, 1)),
    issued_at   BIGINT  NOT NULL,
    expires_at  BIGINT  NOT NULL,
    redeemed_at BIGINT,
    voided_at   BIGINT,
    CHECK (redeemed_at IS NULL OR voided_at IS NULL)
);

CREATE INDEX auth_codes_by_run ON auth_codes (run);

CREATE TABLE certificates (
    serial         TEXT    NOT NULL PRIMARY KEY,
    fingerprint    BYTEA   NOT NULL UNIQUE,
    pem            TEXT    NOT NULL,
    subject        TEXT    NOT NULL,
    not_before     BIGINT  NOT NULL,
    not_after      BIGINT  NOT NULL,
    mac            BYTEA,
    run            BYTEA   REFERENCES runs (id),
    issued_at      BIGINT  NOT NULL,
    revoked_at     BIGINT,
    revoked_reason TEXT,
    CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
);

CREATE INDEX certificates_by_time ON certificates (issued_at, serial);
CREATE INDEX certificates_by_unit ON certificates (mac);
CREATE INDEX certificates_by_run ON certificates (run);

-- No plaintext secret: `verifier` is a salt and a MAC of the password, `token` and `code` are SHA-256.
CREATE TABLE sessions (
    device_id      TEXT    NOT NULL PRIMARY KEY,
    device_key     TEXT    NOT NULL,
    workspace_slug TEXT    NOT NULL,
    mqtt_host      TEXT    NOT NULL,
    mqtt_port      BIGINT  NOT NULL,
    mqtt_username  TEXT    NOT NULL UNIQUE,
    verifier       BYTEA   NOT NULL,
    token          BYTEA   UNIQUE,
    code           BYTEA   UNIQUE REFERENCES auth_codes (hash),
    certificate    BYTEA   REFERENCES certificates (fingerprint),
    mac            BYTEA   NOT NULL REFERENCES units (mac),
    run            BYTEA   NOT NULL REFERENCES runs (id),
    issued_at      BIGINT  NOT NULL,
    revoked_at     BIGINT,
    UNIQUE (workspace_slug, device_key)
);

CREATE INDEX sessions_by_unit ON sessions (mac);
CREATE INDEX sessions_by_run ON sessions (run);

CREATE TABLE claims (
    claim    BYTEA   NOT NULL PRIMARY KEY,
    mac      BYTEA   NOT NULL UNIQUE REFERENCES units (mac),
    bound_at BIGINT  NOT NULL
);

-- Every serial number that was ever given. Prefix and number stand apart, because the text alone does not tell them.
CREATE TABLE serials (
    prefix TEXT    NOT NULL,
    number BIGINT  NOT NULL,
    serial TEXT    NOT NULL UNIQUE,
    mac    BYTEA   NOT NULL REFERENCES units (mac),
    PRIMARY KEY (prefix, number),
    UNIQUE (mac, prefix)
);

-- `prev` is unique, so that the chain cannot fork.
CREATE TABLE audit (
    seq     BIGINT  NOT NULL PRIMARY KEY,
    at      BIGINT  NOT NULL,
    station TEXT    NOT NULL,
    actor   TEXT    NOT NULL,
    kind    TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    body    TEXT    NOT NULL,
    prev    BYTEA   NOT NULL UNIQUE,
    hash    BYTEA   NOT NULL UNIQUE
);

CREATE INDEX audit_by_subject ON audit (subject, seq);

-- PostgreSQL wants a function behind a trigger; TRUNCATE is refused as well.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END;
$$;

CREATE TRIGGER audit_refuses_change BEFORE UPDATE OR DELETE ON audit
FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER audit_refuses_truncate BEFORE TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER evidence_refuses_change BEFORE UPDATE OR DELETE ON evidence
FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER evidence_refuses_truncate BEFORE TRUNCATE ON evidence
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
