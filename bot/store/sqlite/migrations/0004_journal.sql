-- The last message of each channel that was read, so that missed messages can be read later.
CREATE TABLE watermarks (
    channel_id INTEGER PRIMARY KEY,
    guild_id   INTEGER NOT NULL,
    message_id INTEGER NOT NULL
) STRICT;

-- What an unsent alert will quote. It is encrypted, and erased once the alert has been sent.
CREATE TABLE excerpts (
    message_id INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    sealed     BLOB    NOT NULL,
    PRIMARY KEY (message_id, revision)
) STRICT, WITHOUT ROWID;

-- Servers that the bot has left, and when. Their data is erased after a while.
CREATE TABLE departures (
    guild_id INTEGER PRIMARY KEY,
    left_at  INTEGER NOT NULL
) STRICT;
