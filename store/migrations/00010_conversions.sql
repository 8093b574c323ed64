-- +goose Up

-- Who did what a message asked for, as the user reports it: once for each recipient. Of the attempt that reached them.
CREATE TABLE conversions (
  id           INTEGER PRIMARY KEY,
  recipient_id INTEGER NOT NULL UNIQUE,
  attempt_id   INTEGER NOT NULL UNIQUE,
  at           INTEGER NOT NULL,
  source       TEXT NOT NULL,
  actor        TEXT NOT NULL,
  recorded_at  INTEGER NOT NULL
) STRICT;
