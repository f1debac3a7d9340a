-- What the station owes to others: messages to webhooks, and the same answer to a command that is repeated.

-- `secret` is sealed with a key that is not in this record. `since_seq`: only what the audit log tells after this position.
CREATE TABLE webhooks (
    id              BLOB    NOT NULL PRIMARY KEY,
    name            TEXT    NOT NULL UNIQUE,
    url             TEXT    NOT NULL,
    events          TEXT    NOT NULL,
    secret          BLOB    NOT NULL,
    previous_secret BLOB,
    previous_until  INTEGER CHECK ((previous_secret IS NULL) = (previous_until IS NULL)),
    enabled         INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    since_seq       INTEGER NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT;

-- How far a station has made messages of what it has itself written into the audit log.
CREATE TABLE outbox_cursors (
    station TEXT    NOT NULL PRIMARY KEY,
    seq     INTEGER NOT NULL
) STRICT;

-- One message for each webhook and audit entry. `facts` is what it tells, as JSON.
CREATE TABLE outbox (
    webhook    BLOB    NOT NULL REFERENCES webhooks (id),
    seq        INTEGER NOT NULL REFERENCES audit (seq),
    station    TEXT    NOT NULL,
    event      TEXT    NOT NULL,
    facts      TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('waiting', 'sent', 'parked')),
    tries      INTEGER NOT NULL,
    made_at    INTEGER NOT NULL,
    tried_at   INTEGER,
    due_at     INTEGER NOT NULL,
    last_words TEXT,
    PRIMARY KEY (webhook, seq)
) STRICT;

CREATE INDEX outbox_by_state ON outbox (webhook, state, seq);

-- Answers to commands that carried a key, for a while. One without a status is in work, or nobody knows what became of it:
-- `life` is the life of the station that works on it, and zero when that one gave it up.
CREATE TABLE answers (
    asker      TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    request    BLOB    NOT NULL,
    life       BLOB    NOT NULL,
    status     INTEGER,
    media_type TEXT,
    location   TEXT,
    body       BLOB,
    asked_at   INTEGER NOT NULL,
    PRIMARY KEY (asker, key)
) STRICT;

CREATE INDEX answers_by_time ON answers (asked_at);
CREATE INDEX answers_given ON answers (asker, asked_at, key) WHERE status IS NOT NULL;
CREATE INDEX answers_owed ON answers (asker) WHERE status IS NULL;
