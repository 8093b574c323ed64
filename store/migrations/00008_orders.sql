-- +goose Up

-- Messages that other programs order one by one are collected in campaigns in which a number may stand more than once: nth
-- tells them apart, and is 0 for the rows of a list, of which a number has one. SQLite cannot change a UNIQUE, so the table
-- is made anew.
DROP VIEW v_message;

CREATE TABLE recipients_anew (
  id           INTEGER PRIMARY KEY,
  campaign_id  INTEGER NOT NULL,
  phone        INTEGER NOT NULL,
  nth          INTEGER NOT NULL DEFAULT 0,
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
  scheduled    INTEGER NOT NULL DEFAULT 0,   -- when it is to be sent to; its validity counts from then. 0 = at once
  zone         TEXT NOT NULL DEFAULT '',     -- where its owner is, as the list says
  UNIQUE (campaign_id, phone, nth)
) STRICT;

INSERT INTO recipients_anew (id, campaign_id, phone, line, country, kind, segments, ucs2, state, not_before, tries, counted, accepted,
  open, overdue, last_attempt, class, reason, scheduled, zone)
SELECT id, campaign_id, phone, line, country, kind, segments, ucs2, state, not_before, tries, counted, accepted,
  open, overdue, last_attempt, class, reason, scheduled, zone FROM recipients;

DROP TABLE recipients;
ALTER TABLE recipients_anew RENAME TO recipients;

CREATE INDEX recipients_due ON recipients (campaign_id, not_before) WHERE state = 'queued' AND not_before > 0;

CREATE VIEW v_message AS
SELECT c.public_id AS campaign_id, c.name AS campaign, 'msg_' || substr(c.public_id, 5) || '.' || (r.id & 4294967295) AS message_id,
  r.line AS row, '+' || r.phone AS "to", r.country, r.kind AS number_type, r.state, r.class AS error_class, r.reason,
  k.name AS last_carrier, r.tries AS attempts, r.segments, CASE r.ucs2 WHEN 1 THEN 'UCS-2' ELSE 'GSM-7' END AS encoding,
  a.code AS last_error_code, a.detail AS last_error_message, a.begun_at AS last_attempt_ms, a.receipt AS last_receipt, a.receipt_at AS last_receipt_ms,
  r.id AS recipient_key
FROM recipients r JOIN campaigns c ON c.id = r.campaign_id
  LEFT JOIN attempts a ON a.id = r.last_attempt LEFT JOIN carriers k ON k.id = a.carrier_id;

-- What programs asked for with an idempotency key: a second time makes nothing new. Keys and requests are kept as hashes.
CREATE TABLE orders (
  id           INTEGER PRIMARY KEY,          -- grows with the time
  key          BLOB NOT NULL UNIQUE,
  digest       BLOB NOT NULL,
  at           INTEGER NOT NULL,
  recipient_id INTEGER NOT NULL              -- of a list: its campaign << 32
) STRICT;
