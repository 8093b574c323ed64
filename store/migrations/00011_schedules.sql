-- +goose Up

-- Campaigns that repeat. What one sends is the flags of send; the list and the message are read at each run.
CREATE TABLE schedules (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL,
  mode       TEXT NOT NULL CHECK (mode IN ('live', 'simulated')),
  profile    TEXT NOT NULL,
  expr       TEXT NOT NULL,                  -- cron, five fields or an @name
  zone       TEXT NOT NULL,                  -- IANA
  flags      TEXT NOT NULL,                  -- JSON array, as on the command line
  overlap    TEXT NOT NULL CHECK (overlap IN ('skip', 'queue')),
  catch_up   TEXT NOT NULL CHECK (catch_up IN ('none', 'once')),
  grace_ms   INTEGER NOT NULL,               -- 0 with catch-up once: however late
  max_growth REAL,                           -- a share
  expected   INTEGER NOT NULL,               -- recipients when it was added
  paused     TEXT NOT NULL DEFAULT '',       -- why, and by whom
  considered INTEGER NOT NULL,               -- all slots up to here are decided
  created_at INTEGER NOT NULL,
  actor      TEXT NOT NULL,
  removed_at INTEGER                         -- its runs are kept
) STRICT;

CREATE UNIQUE INDEX schedules_name ON schedules (mode, profile, name) WHERE removed_at IS NULL;

-- What has become of every time at which a schedule was due. Each of them exists once, whatever the clock does.
CREATE TABLE schedule_runs (
  id          INTEGER PRIMARY KEY,
  schedule_id INTEGER NOT NULL,
  slot        TEXT NOT NULL,                 -- local time
  due_at      INTEGER NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('queued', 'claimed', 'started', 'done', 'failed', 'missed')),
  reason      TEXT NOT NULL,
  code        TEXT NOT NULL DEFAULT '',
  exit_code   INTEGER NOT NULL DEFAULT 0,
  slots       INTEGER NOT NULL DEFAULT 1,    -- how many the row stands for, of those missed long ago
  manual      INTEGER NOT NULL DEFAULT 0,
  campaign_id INTEGER,
  recipients  INTEGER NOT NULL DEFAULT 0,    -- of the campaign
  token       TEXT,                          -- who has claimed it
  host        TEXT,
  pid         INTEGER,
  begun_at    INTEGER,                       -- when it was claimed first
  claimed_at  INTEGER,                       -- and last
  recorded_at INTEGER NOT NULL,
  ended_at    INTEGER,
  UNIQUE (schedule_id, slot)
) STRICT;

CREATE INDEX schedule_runs_open ON schedule_runs (schedule_id) WHERE ended_at IS NULL;
