-- What cancelling late and not coming cost, as JSON; without fields it is free until the start.
ALTER TABLE service ADD COLUMN cancel_policy TEXT NOT NULL DEFAULT '{}';

-- For which organisation somebody books, with its nine digits; both are empty for a person.
ALTER TABLE hold ADD COLUMN buyer_org_name TEXT NOT NULL DEFAULT '';
ALTER TABLE hold ADD COLUMN buyer_orgno TEXT NOT NULL DEFAULT '';
ALTER TABLE hold_draft ADD COLUMN buyer_org_name TEXT NOT NULL DEFAULT '';
ALTER TABLE hold_draft ADD COLUMN buyer_orgno TEXT NOT NULL DEFAULT '';
ALTER TABLE appointment ADD COLUMN buyer_org_name TEXT NOT NULL DEFAULT '';
ALTER TABLE appointment ADD COLUMN buyer_orgno TEXT NOT NULL DEFAULT '';
