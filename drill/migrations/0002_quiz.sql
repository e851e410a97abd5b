-- A copy of the deck files, so that a session need not read YAML. Everything in `deck_files` and
-- `cards` can be made again from them; what a person did is in `reviews`.
CREATE TABLE deck_files (
    path TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE cards (
    id TEXT PRIMARY KEY,
    subject TEXT NOT NULL UNIQUE GENERATED ALWAYS AS ('card:' || id) STORED,
    file TEXT NOT NULL REFERENCES deck_files (path) ON DELETE CASCADE,
    deck TEXT NOT NULL,
    topic TEXT NOT NULL,
    kind TEXT NOT NULL,
    section INTEGER NOT NULL,
    position INTEGER NOT NULL,
    content TEXT NOT NULL
) STRICT;

CREATE INDEX cards_in_order ON cards (section, deck, position);
CREATE INDEX cards_by_file ON cards (file);

CREATE TABLE answers (
    snippet TEXT PRIMARY KEY,
    printed TEXT NOT NULL,
    error TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What FSRS was set to when a review was made: replaying the log gives the same states again.
CREATE TABLE fsrs_settings (
    id INTEGER PRIMARY KEY,
    content TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE fitted_parameters (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    reviews INTEGER NOT NULL,
    parameters TEXT NOT NULL
) STRICT;

-- The log. An undo is a row that names the row it takes back; nothing is ever removed.
CREATE TABLE reviews (
    id INTEGER PRIMARY KEY,
    subject TEXT NOT NULL,
    at TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('rating', 'suspend', 'resume', 'undo')),
    rating INTEGER CHECK (rating BETWEEN 1 AND 4),
    state INTEGER CHECK (state BETWEEN 0 AND 3), -- before the rating; 0: never seen
    typed TEXT,
    right INTEGER CHECK (right IN (0, 1)),
    milliseconds INTEGER,
    settings INTEGER REFERENCES fsrs_settings (id),
    undoes INTEGER UNIQUE REFERENCES reviews (id),
    CHECK ((action = 'rating') = (rating IS NOT NULL)),
    CHECK ((action = 'rating') = (settings IS NOT NULL)),
    CHECK ((action = 'undo') = (undoes IS NOT NULL))
) STRICT;

CREATE INDEX reviews_by_subject ON reviews (subject);
CREATE INDEX reviews_by_moment ON reviews (at);

CREATE TRIGGER reviews_are_never_changed BEFORE UPDATE ON reviews
BEGIN
    SELECT RAISE(ABORT, 'reviews are append-only');
END;

CREATE TRIGGER reviews_are_never_deleted BEFORE DELETE ON reviews
BEGIN
    SELECT RAISE(ABORT, 'reviews are append-only');
END;

-- The current state of whatever is reviewed, kept in step with the log by the same transaction.
CREATE TABLE schedules (
    subject TEXT PRIMARY KEY,
    suspended INTEGER NOT NULL CHECK (suspended IN (0, 1)),
    state INTEGER CHECK (state BETWEEN 1 AND 3), -- NULL: suspended before the first rating
    step INTEGER,
    stability REAL,
    difficulty REAL,
    due TEXT,
    last_review TEXT,
    introduced_at TEXT,
    reviews INTEGER NOT NULL,
    lapses INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX schedules_by_due ON schedules (state, due) WHERE suspended = 0;
CREATE INDEX schedules_by_introduction ON schedules (introduced_at);

CREATE VIEW ratings AS
SELECT * FROM reviews
WHERE action = 'rating'
    AND NOT EXISTS (SELECT 1 FROM reviews AS undo WHERE undo.undoes = reviews.id);
