-- +goose Up

-- Views for others to read: sqlite3, DuckDB, Grafana, a notebook. Within a major version of smsctl columns are only added,
-- at the end. Times are milliseconds since 1970 UTC, money is millionths of the campaign's currency, numbers are E.164.

CREATE VIEW v_campaign AS
SELECT c.public_id AS campaign_id, c.name AS campaign, c.mode, c.profile, c.state, c.reason, c.type, c.sender, c.currency, c.source, c.tags,
  c.rows, c.invalid, c.duplicate, c.opted_out,
  coalesce(r.eligible, 0) AS eligible, coalesce(r.queued, 0) AS queued, coalesce(r.sending, 0) AS sending,
  coalesce(r.awaiting, 0) + coalesce(r.no_receipt, 0) + coalesce(r.undelivered, 0) + coalesce(r.delivered, 0) AS accepted,
  coalesce(r.failed, 0) AS failed, coalesce(r.expired, 0) AS expired, coalesce(r.unknown, 0) AS unknown,
  coalesce(r.cancelled, 0) AS cancelled, coalesce(r.suppressed, 0) AS suppressed,
  coalesce(r.delivered, 0) AS delivered, coalesce(r.undelivered, 0) AS undelivered, coalesce(r.awaiting, 0) AS awaiting,
  coalesce(r.no_receipt, 0) AS no_receipt, coalesce(r.segments, 0) AS segments,
  (SELECT coalesce(sum(n), 0) FROM attempt_counts a WHERE a.campaign_id = c.id) AS attempts,
  (SELECT coalesce(sum(cost), 0) FROM attempt_counts a WHERE a.campaign_id = c.id) AS cost_micros,
  c.estimate AS estimate_micros, c.ceiling AS ceiling_micros,
  c.created_at AS created_ms, c.started_at AS started_ms, c.finished_at AS finished_ms, c.settled_at AS settled_ms, c.active_ms
FROM campaigns c LEFT JOIN (
  SELECT campaign_id, sum(n) AS eligible, sum(segments) AS segments,
    sum(CASE state WHEN 'queued' THEN n ELSE 0 END) AS queued, sum(CASE state WHEN 'sending' THEN n ELSE 0 END) AS sending,
    sum(CASE state WHEN 'awaiting' THEN n ELSE 0 END) AS awaiting, sum(CASE state WHEN 'no_receipt' THEN n ELSE 0 END) AS no_receipt,
    sum(CASE state WHEN 'undelivered' THEN n ELSE 0 END) AS undelivered, sum(CASE state WHEN 'delivered' THEN n ELSE 0 END) AS delivered,
    sum(CASE state WHEN 'failed' THEN n ELSE 0 END) AS failed, sum(CASE state WHEN 'expired' THEN n ELSE 0 END) AS expired,
    sum(CASE state WHEN 'unknown' THEN n ELSE 0 END) AS unknown, sum(CASE state WHEN 'cancelled' THEN n ELSE 0 END) AS cancelled,
    sum(CASE state WHEN 'suppressed' THEN n ELSE 0 END) AS suppressed
  FROM recipient_counts GROUP BY campaign_id
) r ON r.campaign_id = c.id;

CREATE VIEW v_message AS
SELECT c.public_id AS campaign_id, c.name AS campaign, 'msg_' || substr(c.public_id, 5) || '.' || (r.id & 4294967295) AS message_id,
  r.line AS row, '+' || r.phone AS "to", r.country, r.kind AS number_type, r.state, r.class AS error_class, r.reason,
  k.name AS last_carrier, r.tries AS attempts, r.segments, CASE r.ucs2 WHEN 1 THEN 'UCS-2' ELSE 'GSM-7' END AS encoding,
  a.code AS last_error_code, a.detail AS last_error_message, a.begun_at AS last_attempt_ms, a.receipt AS last_receipt, a.receipt_at AS last_receipt_ms,
  r.id AS recipient_key
FROM recipients r JOIN campaigns c ON c.id = r.campaign_id
  LEFT JOIN attempts a ON a.id = r.last_attempt LEFT JOIN carriers k ON k.id = a.carrier_id;

CREATE VIEW v_attempt AS
SELECT c.public_id AS campaign_id, 'msg_' || substr(c.public_id, 5) || '.' || (a.recipient_id & 4294967295) AS message_id, a.n AS attempt,
  k.name AS carrier, a.state AS outcome, a.class AS error_class, a.code AS error_code, a.status AS http_or_smpp_status, a.detail AS error_message,
  a.carrier_message_id, a.segments, a.cost AS cost_micros, a.begun_at AS submitted_ms, a.ended_at AS finished_ms, a.ended_at - a.begun_at AS took_ms,
  a.receipt, a.receipt_at AS receipt_ms, a.overdue, a.why, a.id AS attempt_key, a.recipient_id AS recipient_key
FROM attempts a JOIN campaigns c ON c.id = a.recipient_id >> 32 JOIN carriers k ON k.id = a.carrier_id;

CREATE VIEW v_carrier_minute AS
SELECT c.public_id AS campaign_id, k.name AS carrier, s.slot / 6 * 60000 AS minute_ms,
  sum(s.accepted) AS accepted, sum(s.failed) AS refused, sum(s.delivered) AS delivered
FROM series s JOIN campaigns c ON c.id = s.campaign_id JOIN carriers k ON k.id = s.carrier_id
GROUP BY s.campaign_id, s.carrier_id, s.slot / 6;

CREATE VIEW v_error AS
SELECT c.public_id AS campaign_id, c.name AS campaign, r.country, r.state, r.class AS error_class, sum(r.n) AS recipients
FROM recipient_counts r JOIN campaigns c ON c.id = r.campaign_id
WHERE r.state IN ('failed', 'expired', 'undelivered', 'unknown') AND r.n > 0
GROUP BY r.campaign_id, r.country, r.state, r.class;
