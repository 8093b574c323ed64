-- +goose Up

-- What was sent is also counted by the hour in which it was: hours since 1970. The sums are made anew from the attempts.
DROP TABLE attempt_counts;

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
  hour        INTEGER NOT NULL,
  PRIMARY KEY (campaign_id, hour, carrier_id, country, state, class, receipt)
) STRICT, WITHOUT ROWID;

INSERT INTO attempt_counts SELECT r.campaign_id, a.carrier_id, r.country, a.state, a.class, a.receipt, count(*), sum(a.segments), sum(a.cost),
  a.begun_at / 3600000 FROM attempts a JOIN recipients r ON r.id = a.recipient_id
  GROUP BY r.campaign_id, a.begun_at / 3600000, a.carrier_id, r.country, a.state, a.class, a.receipt;
