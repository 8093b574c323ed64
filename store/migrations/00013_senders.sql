-- +goose Up

-- How many segments a sender with a daily cap has sent on a day, by the clock at which its cap begins anew. Written in the
-- transaction that begins an attempt; a refused one is taken off again.
CREATE TABLE sender_days (
  sender   TEXT NOT NULL,
  day      TEXT NOT NULL,
  segments INTEGER NOT NULL,
  PRIMARY KEY (sender, day)
) STRICT, WITHOUT ROWID;
