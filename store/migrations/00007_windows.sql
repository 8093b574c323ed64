-- +goose Up

-- When a recipient is to be sent to: the list's send_at, --at, or its slot of --over. 0 is at once. Its validity counts from
-- then. not_before is when the next attempt may be made; windows and retries move it.
ALTER TABLE recipients ADD COLUMN scheduled INTEGER NOT NULL DEFAULT 0;

-- Where its owner is, as the list says: a name of the tz database. '' leaves it to the number.
ALTER TABLE recipients ADD COLUMN zone TEXT NOT NULL DEFAULT '';
