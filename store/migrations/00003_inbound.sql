-- +goose Up

-- Messages that people sent to our numbers: what came, what it was taken for, and what became of that.
CREATE TABLE inbound (
  id          INTEGER PRIMARY KEY,
  carrier_id  INTEGER NOT NULL,
  message_id  TEXT NOT NULL,              -- the carrier's, '' where it has none
  phone       INTEGER NOT NULL,           -- of whoever sent it; 0 = no number that can be read
  sender      TEXT NOT NULL,              -- as it came
  receiver    TEXT NOT NULL,              -- our number, as it came
  text        TEXT NOT NULL,
  raw         BLOB,
  sent_at     INTEGER NOT NULL,           -- by the carrier's clock
  received_at INTEGER NOT NULL,
  action      TEXT NOT NULL CHECK (action IN ('stop', 'stop_all', 'start', 'help', 'review', 'none')),
  word        TEXT NOT NULL,              -- the keyword that decided, with who lists it and how sure that is
  rule        TEXT NOT NULL,
  authority   TEXT NOT NULL,
  certainty   TEXT NOT NULL,
  campaign_id INTEGER NOT NULL,           -- the last that wrote to the number, 0 = none
  scope       TEXT NOT NULL,              -- what a stop of it reaches
  event_id    INTEGER,                    -- of the opt-out list, that followed from it
  review      TEXT NOT NULL CHECK (review IN ('', 'open', 'accepted', 'dismissed')),
  reviewer    TEXT NOT NULL DEFAULT '',
  reviewed_at INTEGER
) STRICT;

CREATE UNIQUE INDEX inbound_once ON inbound (carrier_id, message_id) WHERE message_id <> '';
CREATE INDEX inbound_phone ON inbound (phone);
CREATE INDEX inbound_open ON inbound (id) WHERE review = 'open';

-- When an entry first kept a message from being sent.
ALTER TABLE optouts ADD COLUMN honoured_at INTEGER;

-- What we answer to STOP, START and HELP, at most once each, and not late.
CREATE TABLE replies (
  id         INTEGER PRIMARY KEY,
  inbound_id INTEGER NOT NULL UNIQUE,
  carrier_id INTEGER NOT NULL,
  phone      INTEGER NOT NULL,
  sender     TEXT NOT NULL,               -- our number, to which they wrote
  kind       TEXT NOT NULL CHECK (kind IN ('stop', 'start', 'help')),
  text       TEXT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'accepted', 'refused', 'ambiguous', 'expired')),
  until      INTEGER NOT NULL,            -- not after that
  queued_at  INTEGER NOT NULL,
  begun_at   INTEGER,
  ended_at   INTEGER,
  detail     TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX replies_queued ON replies (id) WHERE state = 'queued' OR state = 'sending';
CREATE INDEX replies_phone ON replies (phone, kind);

-- Opt-outs whose numbers nobody has told us: an entry becomes one of the list when a recipient's number fits it.
CREATE TABLE optout_hashes (
  hash        BLOB NOT NULL,
  scope       TEXT NOT NULL,
  alg         TEXT NOT NULL CHECK (alg IN ('sha256', 'hmac-sha256')),
  key_id      TEXT NOT NULL,              -- of the key of an hmac, '' without
  reason      TEXT NOT NULL,
  actor       TEXT NOT NULL,
  evidence    TEXT NOT NULL,
  occurred_at INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  PRIMARY KEY (hash, scope)
) STRICT, WITHOUT ROWID;

-- Who has agreed to be written to: append-only, the last row of a number and class holds.
CREATE TABLE consents (
  id          INTEGER PRIMARY KEY,
  phone       INTEGER NOT NULL,
  class       TEXT NOT NULL CHECK (class IN ('promotional', 'transactional')),
  action      TEXT NOT NULL CHECK (action IN ('give', 'withdraw')),
  method      TEXT NOT NULL,              -- web, keyword, paper …
  wording     TEXT NOT NULL,              -- version or hash of the text that was shown
  source      TEXT NOT NULL,
  actor       TEXT NOT NULL,
  evidence    TEXT NOT NULL,
  occurred_at INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL
) STRICT;

CREATE INDEX consents_phone ON consents (phone, class, id);
