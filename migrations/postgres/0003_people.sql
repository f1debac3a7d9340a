-- The people of a station: users, badges, API tokens, logins. Nothing here is a secret in clear: passwords and PINs are
-- Argon2id, badges are keyed hashes, the tokens of logins and of the API are SHA-256 of 256 random bits.

CREATE TABLE users (
    id            BYTEA   NOT NULL PRIMARY KEY,
    login         TEXT    NOT NULL UNIQUE,
    name          TEXT    NOT NULL,
    role          TEXT    NOT NULL CHECK (role IN ('operator', 'engineer', 'auditor', 'admin')),
    language      TEXT,
    badge         BYTEA   UNIQUE,
    password      TEXT,
    pin           TEXT,
    created_at    BIGINT  NOT NULL,
    disabled_at   BIGINT,
    last_login_at BIGINT
);

-- Logins that have not ended. What is over is deleted: the audit log tells of it.
CREATE TABLE logins (
    token      BYTEA   NOT NULL PRIMARY KEY,
    person     BYTEA   NOT NULL REFERENCES users (id),
    via        TEXT    NOT NULL CHECK (via IN ('password', 'badge')),
    address    TEXT    NOT NULL,
    agent      TEXT    NOT NULL,
    opened_at  BIGINT  NOT NULL,
    seen_at    BIGINT  NOT NULL,
    expires_at BIGINT  NOT NULL
);

CREATE INDEX logins_by_person ON logins (person, opened_at);
CREATE INDEX logins_by_end ON logins (expires_at);

CREATE TABLE api_tokens (
    id         BYTEA   NOT NULL PRIMARY KEY,
    hash       BYTEA   NOT NULL UNIQUE,
    name       TEXT    NOT NULL,
    person     BYTEA   NOT NULL REFERENCES users (id),
    actions    TEXT    NOT NULL,
    issued_at  BIGINT  NOT NULL,
    expires_at BIGINT  NOT NULL,
    revoked_at BIGINT,
    used_at    BIGINT
);

-- A name is free again when its token is revoked.
CREATE UNIQUE INDEX api_tokens_by_name ON api_tokens (name) WHERE revoked_at IS NULL;
CREATE INDEX api_tokens_by_time ON api_tokens (issued_at, id);
