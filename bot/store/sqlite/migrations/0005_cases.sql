-- A case is one decision about one revision of one text. Its identity is (guild, surface, subject,
-- revision); other tables refer to it by number. Scores are rows, so that a new class, a new model
-- or a second opinion needs no migration.
CREATE TABLE models (
    id      INTEGER PRIMARY KEY,
    version TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO models (version) SELECT DISTINCT model FROM scores;

CREATE TABLE cases (
    id          INTEGER PRIMARY KEY,   -- in the order of the decisions
    guild_id    INTEGER NOT NULL,
    surface     TEXT    NOT NULL CHECK (surface IN ('message', 'title', 'nickname')),
    subject_id  INTEGER NOT NULL,      -- the message; a title's thread; a nickname's member
    revision    TEXT    NOT NULL,      -- '' as posted, 'e' and an edit's microseconds, 't' and a hash
    channel_id  INTEGER NOT NULL,
    parent_id   INTEGER NOT NULL,
    category_id INTEGER NOT NULL,
    author_id   INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,      -- when the text was written, milliseconds since 1970
    decided_at  INTEGER NOT NULL,      -- milliseconds since 1970
    model_id    INTEGER NOT NULL REFERENCES models (id),  -- the model whose scores decided
    mode        TEXT    NOT NULL CHECK (mode IN ('observe', 'enforce')),  -- at that time
    facts       INTEGER NOT NULL,      -- 1 author is a moderator, 2 webhook, 4 exempt
    UNIQUE (guild_id, surface, subject_id, revision)
) STRICT;
INSERT INTO cases
    SELECT row_number() OVER (ORDER BY s.scored_at, s.message_id, s.revision),
           s.guild_id,
           CASE WHEN s.facts & 8 THEN 'title' WHEN s.facts & 16 THEN 'nickname' ELSE 'message' END,
           s.message_id,
           CASE WHEN s.revision = 0 THEN ''
                WHEN s.revision >= 1000000000000000 THEN printf('e%016d', s.revision)
                ELSE printf('t%d', abs(s.revision)) END,
           s.channel_id, s.parent_id, s.category_id, s.author_id, s.created_at, s.scored_at, m.id,
           -- The mode was not stored. Pending actions must not be lost.
           'enforce', s.facts & 7
    FROM scores s JOIN models m ON m.version = s.model;
CREATE INDEX cases_by_time ON cases (guild_id, created_at);

-- Maps old keys to cases, for the tables below.
CREATE TABLE moved (message_id INTEGER, revision INTEGER, case_id INTEGER,
                    PRIMARY KEY (message_id, revision)) WITHOUT ROWID;
INSERT INTO moved
    SELECT s.message_id, s.revision, row_number() OVER (ORDER BY s.scored_at, s.message_id, s.revision)
    FROM scores s;

CREATE TABLE scores_5 (
    case_id  INTEGER NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
    model_id INTEGER NOT NULL,         -- of models; only the table cases checks it
    class    TEXT    NOT NULL,
    value    REAL    NOT NULL,         -- a probability, 0 to 1
    PRIMARY KEY (case_id, model_id, class)
) STRICT, WITHOUT ROWID;
INSERT INTO scores_5
    SELECT * FROM (
        SELECT v.case_id, m.id, 'hate', s.hate AS value FROM scores s
            JOIN moved v USING (message_id, revision) JOIN models m ON m.version = s.model
        UNION ALL SELECT v.case_id, m.id, 'insult', s.insult FROM scores s
            JOIN moved v USING (message_id, revision) JOIN models m ON m.version = s.model
        UNION ALL SELECT v.case_id, m.id, 'threat', s.threat FROM scores s
            JOIN moved v USING (message_id, revision) JOIN models m ON m.version = s.model
        UNION ALL SELECT v.case_id, m.id, 'offensive', s.offensive FROM scores s
            JOIN moved v USING (message_id, revision) JOIN models m ON m.version = s.model
    ) WHERE value IS NOT NULL;         -- no score is not the same as a score of 0

CREATE TABLE actions_5 (
    case_id       INTEGER NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
    kind          TEXT    NOT NULL CHECK (kind IN ('alert', 'delete', 'timeout')),
    harm          TEXT    NOT NULL,
    score         REAL    NOT NULL,
    threshold     REAL    NOT NULL,
    scope_id      INTEGER NOT NULL DEFAULT 0,
    minutes       INTEGER NOT NULL DEFAULT 0,
    status        TEXT    NOT NULL CHECK (status IN ('pending', 'done', 'observed', 'failed')),
    note          TEXT,                -- why it failed, as JSON: a key of the translation table and values
    decided_at    INTEGER NOT NULL,
    finished_at   INTEGER,
    alert_case_id INTEGER REFERENCES cases (id) ON DELETE SET NULL,  -- the case whose alert covers it
    PRIMARY KEY (case_id, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO actions_5
    SELECT v.case_id, a.kind, a.harm, a.score, a.threshold, a.scope_id, a.minutes, a.status, a.note,
           a.decided_at, a.finished_at, l.case_id
    FROM actions a JOIN moved v USING (message_id, revision)
    LEFT JOIN moved l ON l.message_id = a.group_message_id AND l.revision = a.group_revision;

CREATE TABLE acts_5 (
    id      INTEGER PRIMARY KEY,
    case_id INTEGER NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
    act     TEXT    NOT NULL CHECK (act IN ('delete', 'timeout', 'undo')),
    by_id   INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    minutes INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO acts_5
    SELECT t.id, v.case_id, t.act, t.by_id, t.at, t.minutes
    FROM acts t JOIN moved v USING (message_id, revision);

CREATE TABLE verdicts_5 (
    case_id   INTEGER PRIMARY KEY REFERENCES cases (id) ON DELETE CASCADE,
    harm      TEXT    NOT NULL,
    judgement TEXT    NOT NULL CHECK (judgement IN ('right', 'false_positive', 'missed')),
    given_by  INTEGER NOT NULL,
    given_at  INTEGER NOT NULL
) STRICT;
INSERT INTO verdicts_5
    SELECT v.case_id, d.harm, d.judgement, d.given_by, d.given_at
    FROM verdicts d JOIN moved v USING (message_id, revision);

CREATE TABLE excerpts_5 (
    case_id INTEGER PRIMARY KEY REFERENCES cases (id) ON DELETE CASCADE,
    sealed  BLOB NOT NULL
) STRICT;
INSERT INTO excerpts_5
    SELECT v.case_id, e.sealed FROM excerpts e JOIN moved v USING (message_id, revision);

DROP TABLE excerpts;
DROP TABLE verdicts;
DROP TABLE acts;
DROP TABLE actions;
DROP TABLE scores;
DROP TABLE moved;
ALTER TABLE scores_5 RENAME TO scores;
ALTER TABLE actions_5 RENAME TO actions;
ALTER TABLE acts_5 RENAME TO acts;
ALTER TABLE verdicts_5 RENAME TO verdicts;
ALTER TABLE excerpts_5 RENAME TO excerpts;
CREATE INDEX actions_pending ON actions (case_id) WHERE status = 'pending';
CREATE INDEX actions_of_alert ON actions (alert_case_id) WHERE alert_case_id IS NOT NULL;
CREATE INDEX acts_of_case ON acts (case_id);

-- A watermark belongs to a channel of a server.
CREATE TABLE watermarks_5 (
    guild_id   INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    PRIMARY KEY (guild_id, channel_id)
) STRICT, WITHOUT ROWID;
INSERT INTO watermarks_5 SELECT guild_id, channel_id, message_id FROM watermarks;
DROP TABLE watermarks;
ALTER TABLE watermarks_5 RENAME TO watermarks;
