-- +goose Up

-- The parts of long messages whose receipts come one by one and name only the part's own id. A message's state is that of
-- all its parts, whichever process hears of them.
CREATE TABLE attempt_parts (
  carrier_id INTEGER NOT NULL,
  part_id    TEXT NOT NULL,
  attempt_id INTEGER NOT NULL,
  total      INTEGER NOT NULL,               -- parts of the message, known here or not
  receipt    TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (carrier_id, part_id, attempt_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX attempt_parts_attempt ON attempt_parts (attempt_id);

-- Whom a receipt speaks of, while it is parked: ids come again, numbers tell them apart.
ALTER TABLE receipts ADD COLUMN phone INTEGER NOT NULL DEFAULT 0;
