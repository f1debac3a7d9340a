-- What the station owes to others: messages to webhooks, and the same answer to a command that is repeated.

-- `secret` is sealed with a key that is not in this record. `since_seq`: only what the audit log tells after this position.
CREATE TABLE webhooks (
    id              BYTEA   NOT NULL PRIMARY KEY,
    name            TEXT    NOT NULL UNIQUE,
    url             TEXT    NOT NULL,
    events          TEXT    NOT NULL,
    secret          BYTEA   NOT NULL,
    previous_secret BYTEA,
    previous_until  BIGINT  CHECK ((previous_secret IS NULL) = (previous_until IS NULL)),
    enabled         BIGINT  NOT NULL CHECK (enabled IN (0, 1)),
    since_seq       BIGINT  NOT NULL,
    created_at      BIGINT  NOT NULL
);

-- How far a station has made messages of what it has itself written into the audit log.
CREATE TABLE outbox_cursors (
    station TEXT    NOT NULL PRIMARY KEY,
    seq     BIGINT  NOT NULL
);

-- One message for each webhook and audit entry. `facts` is what it tells, as JSON.
CREATE TABLE outbox (
    webhook    BYTEA   NOT NULL REFERENCES webhooks (id),
    seq        BIGINT  NOT NULL REFERENCES audit (seq),
    station    TEXT    NOT NULL,
    event      TEXT    NOT NULL,
    facts      TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('waiting', 'sent', 'parked')),
    tries      BIGINT  NOT NULL,
    made_at    BIGINT  NOT NULL,
    tried_at   BIGINT,
    due_at     BIGINT  NOT NULL,
    last_words TEXT,
    PRIMARY KEY (webhook, seq)
);

CREATE INDEX outbox_by_state ON outbox (webhook, state, seq);

-- Answers to commands that carried a key, for a while. One without a status is in work, or nobody knows what became of it:
-- `life` is the life of the station that works on it, and zero when that one gave it up.
CREATE TABLE answers (
    asker      TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    request    BYTEA   NOT NULL,
    life       BYTEA   NOT NULL,
    status     BIGINT,
    media_type TEXT,
    location   TEXT,
    body       BYTEA,
    asked_at   BIGINT  NOT NULL,
    PRIMARY KEY (asker, key)
);

CREATE INDEX answers_by_time ON answers (asked_at);
CREATE INDEX answers_given ON answers (asker, asked_at, key) WHERE status IS NOT NULL;
CREATE INDEX answers_owed ON answers (asker) WHERE status IS NULL;
