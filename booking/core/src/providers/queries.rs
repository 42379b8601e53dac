//! All SQL of providers, members, services and hours.

use crate::statements;

statements! {
    /// slug, org of the viewer or empty
    ORG_PUBLIC = "SELECT id, slug, name, orgno, category, description, postcode, town, time_zone, status FROM org
        WHERE slug = $1 AND (status = 'active' OR id = $2)";
    /// id
    ORG_OWN = "SELECT id, slug, name, orgno, category, description, postcode, town, time_zone, status FROM org WHERE id = $1";
    /// id, slug, name, orgno, category, description, town, latitude, longitude, e-mail, phone, zone, folded, now, postcode
    ORG_INSERT = "INSERT INTO org (id, slug, name, orgno, category, headline, description, address, postcode, town,
            lat_e6, lon_e6, email, phone, time_zone, status, folded, created_us)
        VALUES ($1, $2, $3, $4, $5, '', $6, '', $15, $7, $8, $9, $10, $11, $12, 'draft', $13, $14) ON CONFLICT (slug) DO NOTHING";
    /// id, name, orgno, category, description, town, latitude, longitude, folded, postcode
    ORG_UPDATE = "UPDATE org SET name = $2, orgno = $3, category = $4, description = $5, town = $6, lat_e6 = $7, lon_e6 = $8,
        folded = $9, postcode = $10 WHERE id = $1";
    /// id, org, registered, from, now
    VAT_INSERT = "INSERT INTO org_vat (id, org_id, registered, from_us, stated_us) VALUES ($1, $2, $3, $4, $5)";
    /// org: what was said last
    VAT_STATED = "SELECT registered, from_us FROM org_vat WHERE org_id = $1 ORDER BY id DESC LIMIT 1";
    /// org, moment: what holds then
    VAT_AT = "SELECT registered FROM org_vat WHERE org_id = $1 AND from_us <= $2 ORDER BY from_us DESC, id DESC LIMIT 1";
    /// id, status
    ORG_STATUS = "UPDATE org SET status = $2 WHERE id = $1";
    /// id
    ORG_HEADLINE = "SELECT headline FROM org WHERE id = $1";

    /// id, org, account, role, now
    MEMBER_INSERT = "INSERT INTO member (id, org_id, account_id, role, title, created_us) VALUES ($1, $2, $3, $4, '', $5)
        ON CONFLICT (account_id, org_id) DO UPDATE SET active = 1";
    /// account
    EMAIL_NORM = "SELECT email_norm FROM account WHERE id = $1 AND erased_us IS NULL";
    /// org
    ORG_NAME = "SELECT name FROM org WHERE id = $1";
    /// org, account
    MEMBER_ID = "SELECT id FROM member WHERE org_id = $1 AND account_id = $2";
    /// org
    MEMBERS = "SELECT m.id, m.account_id, m.role, a.name, a.email FROM member m JOIN account a ON a.id = m.account_id
        WHERE m.org_id = $1 AND m.active = 1 ORDER BY m.created_us, m.id LIMIT 50";
    /// id, hash, org, e-mail, normalised, now, expires: one that has run out is made new
    INVITATION_INSERT = "INSERT INTO invitation (id, token_hash, org_id, email, email_norm, created_us, expires_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (org_id, email_norm) DO UPDATE SET token_hash = $2, email = $4, created_us = $6, expires_us = $7, declined_us = NULL
        WHERE invitation.expires_us <= $6";
    /// org, now
    INVITATIONS_OF_ORG = "SELECT i.id, i.email, i.created_us, i.expires_us, i.declined_us, o.id AS org_id, o.name AS org_name, o.town
        FROM invitation i JOIN org o ON o.id = i.org_id
        WHERE i.org_id = $1 AND i.expires_us > $2 ORDER BY i.created_us, i.id LIMIT 50";
    /// normalised e-mail, now
    INVITATIONS_OF_PERSON = "SELECT i.id, i.email, i.created_us, i.expires_us, i.declined_us, o.id AS org_id, o.name AS org_name, o.town
        FROM invitation i JOIN org o ON o.id = i.org_id
        WHERE i.email_norm = $1 AND i.expires_us > $2 AND i.declined_us IS NULL ORDER BY i.created_us, i.id LIMIT 50";
    /// hash, now
    INVITATION_FIND = "SELECT i.id, i.email, i.created_us, i.expires_us, i.declined_us, o.id AS org_id, o.name AS org_name, o.town
        FROM invitation i JOIN org o ON o.id = i.org_id
        WHERE i.token_hash = $1 AND i.expires_us > $2 AND i.declined_us IS NULL";
    /// id, now
    INVITATION_DECLINE = "UPDATE invitation SET declined_us = $2 WHERE id = $1";
    /// id
    INVITATION_END = "DELETE FROM invitation WHERE id = $1";
    /// id, org
    INVITATION_WITHDRAW = "DELETE FROM invitation WHERE id = $1 AND org_id = $2";
    /// org, normalised e-mail
    MEMBER_WITH_EMAIL = "SELECT COUNT(*) FROM member m JOIN account a ON a.id = m.account_id
        WHERE m.org_id = $1 AND a.email_norm = $2 AND m.active = 1";
    /// org: those whom a customer may meet
    MEMBERS_MET = "SELECT a.name FROM member m JOIN account a ON a.id = m.account_id
        WHERE m.org_id = $1 AND m.active = 1 AND a.deletion_asked_us IS NULL ORDER BY m.created_us, m.id LIMIT 50";
    /// account
    MEMBERSHIPS = "SELECT COUNT(*) FROM member WHERE account_id = $1 AND active = 1";
    /// member, org
    MEMBER_REMOVE = "UPDATE member SET active = 0 WHERE id = $1 AND org_id = $2 AND role = 'staff'";
    /// member: what is held with a member who goes is given back
    MEMBER_CELLS_END = "DELETE FROM reservation WHERE hold_id IN (SELECT id FROM hold WHERE member_id = $1 AND state = 'held')";
    MEMBER_HOLDS_END = "UPDATE hold SET state = 'cancelled' WHERE member_id = $1 AND state = 'held'";
    /// member, now
    MEMBER_BOOKED = "SELECT COUNT(*) FROM appointment WHERE member_id = $1 AND end_us > $2 AND status IN ('confirmed', 'in_call')";

    /// org
    SERVICES = "SELECT id, org_id, title, description, duration_min, buffer_after_min, notice_min, window_days, price_terms, active
        FROM service WHERE org_id = $1 AND removed_us IS NULL ORDER BY created_us, id LIMIT 50";
    /// id, org
    SERVICE_OWN = "SELECT id, org_id, title, description, duration_min, buffer_after_min, notice_min, window_days, price_terms, active
        FROM service WHERE id = $1 AND org_id = $2 AND removed_us IS NULL";
    /// id, org, title, description, duration, buffer, step, notice, window, price, active, now
    SERVICE_INSERT = "INSERT INTO service (id, org_id, title, description, duration_min, buffer_before_min, buffer_after_min, step_min,
            notice_min, window_days, price_terms, active, created_us)
        VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8, $9, $10, $11, $12)";
    /// id, org, title, description, duration, buffer, step, notice, window, price, active
    SERVICE_UPDATE = "UPDATE service SET title = $3, description = $4, duration_min = $5, buffer_after_min = $6, step_min = $7,
        notice_min = $8, window_days = $9, price_terms = $10, active = $11 WHERE id = $1 AND org_id = $2";
    /// id, org, now
    SERVICE_REMOVE = "UPDATE service SET active = 0, removed_us = $3 WHERE id = $1 AND org_id = $2 AND removed_us IS NULL";
    /// service, org: every active member offers it
    SERVICE_MEMBERS_INSERT = "INSERT INTO service_member (service_id, member_id)
        SELECT CAST($1 AS TEXT), id FROM member WHERE org_id = $2 AND active = 1 ON CONFLICT (service_id, member_id) DO NOTHING";
    /// member, org: the member offers every service
    MEMBER_SERVICES_INSERT = "INSERT INTO service_member (service_id, member_id)
        SELECT id, CAST($1 AS TEXT) FROM service WHERE org_id = $2 AND removed_us IS NULL
        ON CONFLICT (service_id, member_id) DO NOTHING";
    /// org
    RULES_OF_ORG = "SELECT COUNT(*) FROM weekly_rule w JOIN member m ON m.id = w.member_id WHERE m.org_id = $1 AND m.active = 1";

    /// member
    WEEK = "SELECT weekday, start_min, end_min FROM weekly_rule WHERE member_id = $1 ORDER BY weekday, start_min LIMIT 200";
    /// member
    WEEK_CLEAR = "DELETE FROM weekly_rule WHERE member_id = $1";
    /// member, weekday, start, end
    WEEK_INSERT = "INSERT INTO weekly_rule (member_id, weekday, start_min, end_min) VALUES ($1, $2, $3, $4)";
    /// member, from day
    CLOSED = "SELECT day, reason FROM day_override WHERE member_id = $1 AND day >= $2 AND start_min = end_min ORDER BY day LIMIT 200";
    /// member, from day
    OVERRIDES_COUNT = "SELECT COUNT(*) FROM day_override WHERE member_id = $1 AND day >= $2";
    /// member, day
    OVERRIDE_CLEAR = "DELETE FROM day_override WHERE member_id = $1 AND day = $2";
    /// member, day, reason
    CLOSED_INSERT = "INSERT INTO day_override (member_id, day, start_min, end_min, reason) VALUES ($1, $2, 0, 0, $3)";

    /// account, from
    EARNED = "SELECT CAST(COALESCE(SUM(c.amount_minor), 0) AS BIGINT), COUNT(*) FROM charge c
        JOIN seat s ON s.appointment_id = c.call_id AND s.role = 'provider' AND s.account_id = $1
        WHERE c.created_us >= $2 AND c.amount_minor > 0";
}
