-- +goose Up

-- Ids inside are integers. A recipient's id is campaign_id << 32 | sequence, so that a campaign's rows lie together and
-- a range of the primary key is the campaign. Times are milliseconds since 1970 UTC, money is millionths of the
-- campaign's currency, numbers are the digits of E.164.

CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE carriers (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE campaigns (
  id             INTEGER PRIMARY KEY,
  public_id      TEXT NOT NULL UNIQUE,
  name           TEXT NOT NULL,
  mode           TEXT NOT NULL CHECK (mode IN ('live', 'simulated')),
  profile        TEXT NOT NULL,
  identity       TEXT NOT NULL,              -- hash of what makes it the same campaign
  state          TEXT NOT NULL CHECK (state IN ('importing', 'planned', 'scheduled', 'running', 'draining', 'paused',
                                                'waiting', 'settling', 'completed', 'incomplete', 'cancelled')),
  reason         TEXT NOT NULL DEFAULT '',   -- why it is paused or waiting
  type           TEXT NOT NULL CHECK (type IN ('promotional', 'transactional')),
  template       TEXT NOT NULL,
  sender         TEXT NOT NULL,
  currency       TEXT NOT NULL,
  source         TEXT NOT NULL,              -- name of the CSV
  source_sha256  TEXT NOT NULL DEFAULT '',
  message_sha256 TEXT NOT NULL,
  columns        TEXT NOT NULL DEFAULT '[]', -- the CSV's header, as it stands there
  tags           TEXT NOT NULL DEFAULT '{}',
  settings       TEXT NOT NULL,              -- campaign.Settings
  rows           INTEGER NOT NULL DEFAULT 0, -- counted by the parser
  invalid        INTEGER NOT NULL DEFAULT 0,
  duplicate      INTEGER NOT NULL DEFAULT 0,
  opted_out      INTEGER NOT NULL DEFAULT 0,
  next_seq       INTEGER NOT NULL DEFAULT 1,
  estimate       INTEGER NOT NULL DEFAULT 0,
  ceiling        INTEGER,
  created_at     INTEGER NOT NULL,
  started_at     INTEGER,
  valid_until    INTEGER,
  finished_at    INTEGER,                    -- dispatch done
  settled_at     INTEGER,                    -- receipts in
  active_ms      INTEGER NOT NULL DEFAULT 0,
  followed       INTEGER NOT NULL DEFAULT 0, -- the last receipt row whose consequences are committed
  desired        TEXT NOT NULL DEFAULT 'run' CHECK (desired IN ('run', 'pause', 'cancel')),
  rate_cap       REAL,                       -- segments a second over all carriers
  carrier_caps   TEXT NOT NULL DEFAULT '{}', -- the same by carrier name; 0 drains it
  lease_token    TEXT,
  lease_host     TEXT,
  lease_pid      INTEGER,
  lease_at       INTEGER,                    -- last heartbeat
  lease_until    INTEGER,
  UNIQUE (mode, profile, name)
) STRICT;

CREATE INDEX campaigns_identity ON campaigns (identity);

-- What changes with every step is kept narrow and apart from what never changes: a commit writes whole pages.
-- The states are checked by OR, because SQLite builds the list of an IN anew as an index at every write.
CREATE TABLE recipients (
  id           INTEGER PRIMARY KEY,
  campaign_id  INTEGER NOT NULL,
  phone        INTEGER NOT NULL,
  line         INTEGER NOT NULL,             -- physical line of the CSV
  country      TEXT NOT NULL,
  kind         TEXT NOT NULL,                -- number type
  segments     INTEGER NOT NULL,
  ucs2         INTEGER NOT NULL,
  state        TEXT NOT NULL CHECK (
    state = 'queued' OR state = 'sending' OR state = 'awaiting' OR state = 'no_receipt' OR state = 'undelivered' OR state = 'delivered'
    OR state = 'failed' OR state = 'expired' OR state = 'unknown' OR state = 'cancelled' OR state = 'suppressed'),
  not_before   INTEGER NOT NULL DEFAULT 0,   -- 0 = never tried: read by id; else read by the index below
  tries        INTEGER NOT NULL DEFAULT 0,   -- all attempts
  counted      INTEGER NOT NULL DEFAULT 0,   -- those that max_attempts counts
  accepted     INTEGER NOT NULL DEFAULT 0,   -- attempts that a carrier took
  open         INTEGER NOT NULL DEFAULT 0,   -- of those, without a final receipt
  overdue      INTEGER NOT NULL DEFAULT 0,   -- of those, past the receipt deadline
  last_attempt INTEGER,
  class        TEXT NOT NULL DEFAULT '',     -- why the last attempt failed
  reason       TEXT NOT NULL DEFAULT '',     -- why it is in this state again
  UNIQUE (campaign_id, phone)
) STRICT;

CREATE INDEX recipients_due ON recipients (campaign_id, not_before) WHERE state = 'queued' AND not_before > 0;

CREATE TABLE contents (
  recipient_id INTEGER PRIMARY KEY,
  cells        TEXT NOT NULL,                -- the CSV row, JSON
  text         TEXT NOT NULL                 -- as rendered at intake
) STRICT;

CREATE TABLE rejects (
  campaign_id INTEGER NOT NULL,
  line        INTEGER NOT NULL,
  record      INTEGER NOT NULL,
  column      TEXT NOT NULL,
  code        TEXT NOT NULL,
  message     TEXT NOT NULL,
  cells       TEXT NOT NULL
) STRICT;

CREATE INDEX rejects_campaign ON rejects (campaign_id);

-- An attempt names the one before it and its last receipt, so that a message's story is read by primary keys alone and
-- no index has to be paid for at every send.
CREATE TABLE attempts (
  id                 INTEGER PRIMARY KEY,
  recipient_id       INTEGER NOT NULL,
  previous           INTEGER,
  n                  INTEGER NOT NULL,
  carrier_id         INTEGER NOT NULL,
  state              TEXT NOT NULL CHECK (state = 'sending' OR state = 'accepted' OR state = 'refused' OR state = 'ambiguous'),
  begun_at           INTEGER NOT NULL,
  ended_at           INTEGER,
  class              TEXT NOT NULL DEFAULT '',
  code               TEXT NOT NULL DEFAULT '',
  status             TEXT NOT NULL DEFAULT '',
  detail             TEXT NOT NULL DEFAULT '',
  carrier_message_id TEXT NOT NULL DEFAULT '',
  by_id              INTEGER NOT NULL,       -- receipts of this carrier name only its own id
  segments           INTEGER NOT NULL,
  cost               INTEGER NOT NULL,       -- 0 once it is refused
  receipt            TEXT NOT NULL DEFAULT '',
  receipt_at         INTEGER,
  overdue            INTEGER NOT NULL DEFAULT 0,
  last_receipt       INTEGER,
  why                TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX attempts_by_id ON attempts (carrier_id, carrier_message_id) WHERE by_id = 1 AND carrier_message_id <> '';

CREATE TABLE receipts (
  id                 INTEGER PRIMARY KEY,
  campaign_id        INTEGER NOT NULL,       -- 0 while it matches nothing
  attempt_id         INTEGER,                -- NULL while it is parked
  previous           INTEGER,
  carrier_id         INTEGER NOT NULL,
  via                TEXT NOT NULL,
  ref                TEXT NOT NULL,
  carrier_message_id TEXT NOT NULL,
  state              TEXT NOT NULL,
  class              TEXT NOT NULL,
  code               TEXT NOT NULL,
  detail             TEXT NOT NULL,
  carrier_at         INTEGER,
  received_at        INTEGER NOT NULL,
  applied            INTEGER NOT NULL,
  raw                BLOB
) STRICT;

CREATE INDEX receipts_parked ON receipts (carrier_id, carrier_message_id) WHERE attempt_id IS NULL;

CREATE TABLE optout_events (
  id          INTEGER PRIMARY KEY,
  phone       INTEGER NOT NULL,
  action      TEXT NOT NULL CHECK (action IN ('add', 'remove')),
  scope       TEXT NOT NULL,                 -- 'all' or 'sender:NAME'
  source      TEXT NOT NULL,
  reason      TEXT NOT NULL,
  actor       TEXT NOT NULL,
  evidence    TEXT NOT NULL,
  occurred_at INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL
) STRICT;

CREATE INDEX optout_events_phone ON optout_events (phone);

-- The present state that follows from the events, kept in their transaction.
CREATE TABLE optouts (
  phone    INTEGER NOT NULL,
  scope    TEXT NOT NULL,
  event_id INTEGER NOT NULL,
  PRIMARY KEY (phone, scope)
) STRICT, WITHOUT ROWID;

CREATE TABLE controls (
  id          INTEGER PRIMARY KEY,
  campaign_id INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  actor       TEXT NOT NULL,
  action      TEXT NOT NULL,
  detail      TEXT NOT NULL
) STRICT;

CREATE INDEX controls_campaign ON controls (campaign_id);

-- Rollups: kept by the writer in the transaction that changes what they count. `db check` compares.
CREATE TABLE recipient_counts (
  campaign_id INTEGER NOT NULL,
  country     TEXT NOT NULL,
  state       TEXT NOT NULL,
  class       TEXT NOT NULL,
  n           INTEGER NOT NULL,
  segments    INTEGER NOT NULL,
  PRIMARY KEY (campaign_id, country, state, class)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt_counts (
  campaign_id INTEGER NOT NULL,
  carrier_id  INTEGER NOT NULL,
  country     TEXT NOT NULL,
  state       TEXT NOT NULL,
  class       TEXT NOT NULL,
  receipt     TEXT NOT NULL,
  n           INTEGER NOT NULL,
  segments    INTEGER NOT NULL,
  cost        INTEGER NOT NULL,
  PRIMARY KEY (campaign_id, carrier_id, country, state, class, receipt)
) STRICT, WITHOUT ROWID;

CREATE TABLE latencies (
  campaign_id INTEGER NOT NULL,
  carrier_id  INTEGER NOT NULL,
  kind        TEXT NOT NULL CHECK (kind IN ('accept', 'receipt')),
  bucket      INTEGER NOT NULL,
  n           INTEGER NOT NULL,
  PRIMARY KEY (campaign_id, carrier_id, kind, bucket)
) STRICT, WITHOUT ROWID;

CREATE TABLE series (
  campaign_id INTEGER NOT NULL,
  carrier_id  INTEGER NOT NULL,
  slot        INTEGER NOT NULL,              -- tens of seconds since 1970
  accepted    INTEGER NOT NULL,
  failed      INTEGER NOT NULL,
  delivered   INTEGER NOT NULL,
  PRIMARY KEY (campaign_id, carrier_id, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE counters (
  campaign_id INTEGER NOT NULL,
  name        TEXT NOT NULL,
  n           INTEGER NOT NULL,
  PRIMARY KEY (campaign_id, name)
) STRICT, WITHOUT ROWID;
