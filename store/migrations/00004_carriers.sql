-- +goose Up

-- What people have said of carriers as such, whatever the campaign. Carriers are named, because a name may be said before
-- anything was sent over it.
CREATE TABLE carrier_drains (
  carrier TEXT PRIMARY KEY,
  at      INTEGER NOT NULL,
  actor   TEXT NOT NULL,
  reason  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Prices of a segment that were imported from a carrier's list. What the config says goes before them.
CREATE TABLE carrier_prices (
  carrier TEXT NOT NULL,
  country TEXT NOT NULL,                     -- ISO code, '*' for the rest
  price   INTEGER NOT NULL,
  PRIMARY KEY (carrier, country)
) STRICT, WITHOUT ROWID;

CREATE TABLE carrier_price_lists (
  carrier  TEXT PRIMARY KEY,
  at       INTEGER NOT NULL,
  source   TEXT NOT NULL,                    -- name of the file
  currency TEXT NOT NULL,
  actor    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
