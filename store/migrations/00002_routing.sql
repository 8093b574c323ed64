-- +goose Up

-- What routing has learned, from one campaign to the next: records under keys that name carrier and place. What is in
-- them is routing's own affair. A campaign's cursor is the last receipt row that they have learned from.
CREATE TABLE routing (
  key  TEXT PRIMARY KEY,
  data BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE routing_cursors (
  campaign_id INTEGER PRIMARY KEY,
  receipt_id  INTEGER NOT NULL
) STRICT;
