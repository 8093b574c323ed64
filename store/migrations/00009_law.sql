-- +goose Up

-- Of hashed opt-outs: which kinds there are, so that nobody has to look through all of them to know; and when an entry first
-- kept a message from being sent. An entry stays a hash when a number turns out to fit it: whoever was forgotten stays so.
CREATE TABLE optout_hash_kinds (
  alg    TEXT NOT NULL,
  key_id TEXT NOT NULL,
  PRIMARY KEY (alg, key_id)
) STRICT, WITHOUT ROWID;

INSERT INTO optout_hash_kinds SELECT DISTINCT alg, key_id FROM optout_hashes;
ALTER TABLE optout_hashes ADD COLUMN honoured_at INTEGER;
