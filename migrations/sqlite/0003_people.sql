-- The people of a station: users, badges, API tokens, logins. Nothing here is a secret in clear: passwords and PINs are
-- Argon2id, badges are keyed hashes, the tokens of logins and of the API are SHA-256 of 256 random bits.

CREATE TABLE users (
    id            BLOB    NOT NULL PRIMARY KEY,
    login         TEXT    NOT NULL UNIQUE,
    name          TEXT    NOT NULL,
    role          TEXT    NOT NULL CHECK (role IN ('operator', 'engineer', 'auditor', 'admin')),
    language      TEXT,
    badge         BLOB    UNIQUE,
    password      TEXT,
    pin           TEXT,
    created_at    INTEGER NOT NULL,
    disabled_at   INTEGER,
    last_login_at INTEGER
) STRICT;

-- Logins that have not ended. What is over is deleted: the audit log tells of it.
CREATE TABLE logins (
    token      BLOB    NOT NULL PRIMARY KEY,
    person     BLOB    NOT NULL REFERENCES users (id),
    via        TEXT    NOT NULL CHECK (via IN ('password', 'badge')),
    address    TEXT    NOT NULL,
    agent      TEXT    NOT NULL,
    opened_at  INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX logins_by_person ON logins (person, opened_at);
CREATE INDEX logins_by_end ON logins (expires_at);

CREATE TABLE api_tokens (
    id         BLOB    NOT NULL PRIMARY KEY,
    hash       BLOB    NOT NULL UNIQUE,
    name       TEXT    NOT NULL,
    person     BLOB    NOT NULL REFERENCES users (id),
    actions    TEXT    NOT NULL,
    issued_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    used_at    INTEGER
) STRICT;

-- A name is free again when its token is revoked.
CREATE UNIQUE INDEX api_tokens_by_name ON api_tokens (name) WHERE revoked_at IS NULL;
CREATE INDEX api_tokens_by_time ON api_tokens (issued_at, id);
