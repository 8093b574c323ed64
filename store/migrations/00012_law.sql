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

-- Whoever was forgotten, and whose campaign was redacted, has a number below zero that leads to nobody. Ids are never given
-- out twice, even when the rows that had them are gone: refs of attempts travel in receipts, which may come late.
CREATE TABLE id_floors (
  name TEXT PRIMARY KEY,
  id   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

DROP VIEW v_message;
CREATE VIEW v_message AS
SELECT c.public_id AS campaign_id, c.name AS campaign, 'msg_' || substr(c.public_id, 5) || '.' || (r.id & 4294967295) AS message_id,
  r.line AS row, CASE WHEN r.phone > 0 THEN '+' || r.phone ELSE '' END AS "to", r.country, r.kind AS number_type, r.state, r.class AS error_class, r.reason,
  k.name AS last_carrier, r.tries AS attempts, r.segments, CASE r.ucs2 WHEN 1 THEN 'UCS-2' ELSE 'GSM-7' END AS encoding,
  a.code AS last_error_code, a.detail AS last_error_message, a.begun_at AS last_attempt_ms, a.receipt AS last_receipt, a.receipt_at AS last_receipt_ms,
  r.id AS recipient_key
FROM recipients r JOIN campaigns c ON c.id = r.campaign_id
  LEFT JOIN attempts a ON a.id = r.last_attempt LEFT JOIN carriers k ON k.id = a.carrier_id;
