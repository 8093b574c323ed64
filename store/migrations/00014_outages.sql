-- +goose Up

-- When a carrier was not used as usual in a campaign, everywhere or in one country: a breaker was open, receipts had stopped
-- coming, a route was dropped, somebody had drained it. Who holds the campaign's lease writes it with its heartbeats.
CREATE TABLE outages (
  campaign_id INTEGER NOT NULL,
  began_at    INTEGER NOT NULL,
  carrier_id  INTEGER NOT NULL,
  country     TEXT NOT NULL,                -- '' = everywhere
  trouble     TEXT NOT NULL,
  ended_at    INTEGER NOT NULL,             -- 0 = it goes on
  times       INTEGER NOT NULL,             -- how often it began
  why         TEXT NOT NULL,
  PRIMARY KEY (campaign_id, began_at, carrier_id, trouble, country)
) STRICT, WITHOUT ROWID;
