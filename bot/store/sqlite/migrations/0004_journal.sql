-- Up to which message each channel has been read, so that what was missed can be read later.
CREATE TABLE watermarks (
    channel_id INTEGER PRIMARY KEY,
    guild_id   INTEGER NOT NULL,
    message_id INTEGER NOT NULL
) STRICT;

-- What an alert that is still to be sent will quote: encrypted, and erased once it was sent.
CREATE TABLE excerpts (
    message_id INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    sealed     BLOB    NOT NULL,
    PRIMARY KEY (message_id, revision)
) STRICT, WITHOUT ROWID;

-- Servers that the bot has left, and when: their data are erased after a while.
CREATE TABLE departures (
    guild_id INTEGER PRIMARY KEY,
    left_at  INTEGER NOT NULL
) STRICT;
