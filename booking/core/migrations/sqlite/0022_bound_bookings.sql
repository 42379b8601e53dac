-- What a provider was before its owner asked for deletion, to be restored when that is undone.
ALTER TABLE org ADD COLUMN resume_status TEXT;

-- How many coming appointments one customer may have with the provider, for this service to be booked.
ALTER TABLE service ADD COLUMN open_max INTEGER NOT NULL DEFAULT 5;

-- Keyed hash of the network that a slot is held from, while it is held.
ALTER TABLE hold ADD COLUMN network_hash TEXT NOT NULL DEFAULT '';
CREATE INDEX hold_network ON hold (network_hash);
