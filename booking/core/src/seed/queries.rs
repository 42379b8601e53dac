//! All SQL of the demo marketplace.

use crate::statements;

statements! {
    /// id, e-mail, name, phone, location, locale, operator, now
    ACCOUNT_INSERT = "INSERT INTO account (id, email, email_norm, email_verified_us, password_hash, name, phone, location, locale,
            is_operator, created_us)
        VALUES ($1, $2, $2, $8, NULL, $3, $4, $5, $6, $7, $8) ON CONFLICT (email_norm) DO NOTHING";
    /// e-mail
    ACCOUNT_OF_EMAIL = "SELECT id FROM account WHERE email_norm = $1 AND erased_us IS NULL";
    /// slug
    ORG_OF_SLUG = "SELECT id FROM org WHERE slug = $1";
    /// id, slug, name, orgno, category, headline, description, town, latitude, longitude, e-mail, phone, now
    ORG_INSERT = "INSERT INTO org (id, slug, name, orgno, category, headline, description, address, postcode, town,
            lat_e6, lon_e6, email, phone, time_zone, status, folded, created_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, '', '', $8, $9, $10, $11, $12, 'Europe/Oslo', 'active', '', $13)";
    /// id, org, now: registered for as long as there is VAT
    VAT_INSERT = "INSERT INTO org_vat (id, org_id, registered, from_us, stated_us) VALUES ($1, $2, 1, 0, $3)";
    /// id, org, account, title, now
    MEMBER_INSERT = "INSERT INTO member (id, org_id, account_id, role, title, created_us) VALUES ($1, $2, $3, 'owner', $4, $5)";
    /// id, org, title, description, duration, buffer after, step, notice, price, now, tax
    SERVICE_INSERT = "INSERT INTO service (id, org_id, title, description, duration_min, buffer_before_min, buffer_after_min, step_min,
            notice_min, window_days, price_terms, created_us, vat_code)
        VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8, 28, $9, $10, $11)";
    /// service, member
    SERVICE_MEMBER_INSERT = "INSERT INTO service_member (service_id, member_id) VALUES ($1, $2)";
    /// member, weekday, start, end
    RULE_INSERT = "INSERT INTO weekly_rule (member_id, weekday, start_min, end_min) VALUES ($1, $2, $3, $4)";
}
