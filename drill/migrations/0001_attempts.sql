CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    challenge TEXT NOT NULL,
    at TEXT NOT NULL,
    verdict TEXT NOT NULL,
    seconds REAL NOT NULL,
    seed INTEGER NOT NULL,
    device TEXT NOT NULL,
    submission TEXT NOT NULL,
    checks_hash TEXT NOT NULL,
    report TEXT NOT NULL,
    gave_up INTEGER NOT NULL CHECK (gave_up IN (0, 1)),
    sandbox TEXT NOT NULL,
    warm INTEGER NOT NULL CHECK (warm IN (0, 1))
) STRICT;

-- Covers `statuses`: the rows themselves carry whole submissions and reports, and are not read for it.
CREATE INDEX attempts_by_challenge ON attempts (challenge, verdict, gave_up, at, checks_hash);

CREATE TRIGGER attempts_are_never_changed BEFORE UPDATE ON attempts
BEGIN
    SELECT RAISE(ABORT, 'attempts are append-only');
END;

CREATE TRIGGER attempts_are_never_deleted BEFORE DELETE ON attempts
BEGIN
    SELECT RAISE(ABORT, 'attempts are append-only');
END;

CREATE TABLE started (
    challenge TEXT PRIMARY KEY,
    path TEXT NOT NULL,
    started_at TEXT NOT NULL,
    last_used_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE hints_shown (
    challenge TEXT NOT NULL,
    n INTEGER NOT NULL CHECK (n >= 1),
    at TEXT NOT NULL,
    PRIMARY KEY (challenge, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE solutions_shown (
    challenge TEXT PRIMARY KEY,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE kept_texts (
    id INTEGER PRIMARY KEY,
    challenge TEXT NOT NULL,
    at TEXT NOT NULL,
    path TEXT NOT NULL,
    text TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;

CREATE INDEX kept_texts_by_challenge ON kept_texts (challenge);
