//! All SQL of accounts, registrations, sessions, tokens and acceptances.

use crate::base::Micros;
use crate::{columns, statements};

columns! {
    /// What somebody registers with, until the link in the mail is followed.
    pub(super) struct NewRegistration<'a> as registration_columns {
        id: &'a str,
        token_hash: &'a str,
        visitor_hash: &'a str,
        email: &'a str,
        email_norm: &'a str,
        password_hash: &'a str,
        name: &'a str,
        phone: &'a str,
        location: &'a str,
        locale: &'a str,
        legal_version: &'a str,
        notice_hash: &'a str,
        terms_hash: &'a str,
        hold_id: Option<&'a str>,
        next_path: &'a str,
        created_us: Micros,
        expires_us: Micros,
    }
}

columns! {
    /// A person who is taken in.
    pub(super) struct AccountRow<'a> as account_columns {
        id: &'a str,
        email: &'a str,
        email_norm: &'a str,
        email_verified_us: Micros,
        password_hash: Option<&'a str>,
        name: &'a str,
        phone: &'a str,
        location: &'a str,
        locale: &'a str,
        is_operator: bool,
        created_us: Micros,
    }
}

/// Columns of an [`super::Account`].
macro_rules! account_select {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, email, phone, location, locale, password_hash, deletion_asked_us FROM account ",
            $rest
        )
    };
}

/// Columns of a registration that waits, see [`super::register::Pending`].
macro_rules! registration_select {
    ($rest:literal) => {
        concat!(
            "SELECT id, visitor_hash, email, email_norm, password_hash, name, phone, location, locale, legal_version,
                notice_hash, terms_hash, hold_id, next_path, created_us
            FROM registration ",
            $rest
        )
    };
}

/// Whether an operator keeps back the account `c`, or an appointment that it booked or takes, or a dispute about one is open.
#[macro_export]
macro_rules! is_kept_back {
    () => {
        "(EXISTS (SELECT 1 FROM retention_hold k WHERE k.lifted_us IS NULL AND (k.account_id = c.id
            OR k.appointment_id IN (SELECT b.id FROM appointment b WHERE b.consumer_id = c.id)
            OR k.appointment_id IN (SELECT b.id FROM member m JOIN appointment b ON b.member_id = m.id WHERE m.account_id = c.id)))
        OR EXISTS (SELECT 1 FROM dispute z JOIN appointment b ON b.id = z.appointment_id WHERE z.state IN ('opened', 'answered', 'deciding')
            AND (b.consumer_id = c.id OR z.opened_by = c.id OR z.offered_by = c.id
                OR b.member_id IN (SELECT m.id FROM member m WHERE m.account_id = c.id))))"
    };
}

/// Whether the provider of the owner `m`, whose account is `$1`, has another owner who stays.
macro_rules! another_owner_stays {
    () => {
        "EXISTS (SELECT 1 FROM member o JOIN account c ON c.id = o.account_id WHERE o.org_id = m.org_id
            AND o.account_id <> $1 AND o.role = 'owner' AND o.active = 1 AND c.deletion_asked_us IS NULL AND c.erased_us IS NULL)"
    };
}

statements! {
    /// hash, now
    SESSION_FIND = "SELECT s.id AS session_id, s.last_seen_us, a.id AS account_id, a.name, a.email, a.email_verified_us,
            a.locale, a.is_operator, a.deletion_asked_us, m.id AS member_id, m.org_id, m.role
        FROM session s JOIN account a ON a.id = s.account_id
        LEFT JOIN member m ON m.account_id = a.id AND m.active = 1
        WHERE s.token_hash = $1 AND s.expires_us > $2 AND a.erased_us IS NULL
        ORDER BY m.created_us LIMIT 1";
    /// now, id
    SESSION_TOUCH = "UPDATE session SET last_seen_us = $1 WHERE id = $2";
    /// account, now: whoever comes has not left
    ACTIVITY_SEEN = "INSERT INTO account_activity (account_id, seen_us, warned) VALUES ($1, $2, 0)
        ON CONFLICT (account_id) DO UPDATE SET seen_us = excluded.seen_us, warned = 0, warned_us = NULL, left_us = NULL";
    /// id, hash, account, now, expires, user agent, network
    SESSION_INSERT = "INSERT INTO session (id, token_hash, account_id, created_us, last_seen_us, expires_us, user_agent, ip_prefix)
        VALUES ($1, $2, $3, $4, $4, $5, $6, $7)";
    /// account, how many to keep
    SESSION_TRIM = "DELETE FROM session WHERE account_id = $1 AND id NOT IN
        (SELECT id FROM session WHERE account_id = $1 ORDER BY created_us DESC, id DESC LIMIT $2)";
    /// id, account
    SESSION_END = "DELETE FROM session WHERE id = $1 AND account_id = $2";
    /// account
    SESSION_END_ALL = "DELETE FROM session WHERE account_id = $1";
    /// account, id to keep
    SESSION_END_OTHERS = "DELETE FROM session WHERE account_id = $1 AND id <> $2";
    /// account, now
    SESSION_LIST = "SELECT id, created_us, last_seen_us, user_agent, ip_prefix FROM session
        WHERE account_id = $1 AND expires_us > $2 ORDER BY last_seen_us DESC, id";

    /// normalised e-mail
    ACCOUNT_BY_EMAIL = account_select!("WHERE email_norm = $1 AND erased_us IS NULL");
    /// id
    ACCOUNT_BY_ID = account_select!("WHERE id = $1 AND erased_us IS NULL");
    OPERATOR_ACCOUNTS = account_select!("WHERE is_operator = 1 AND erased_us IS NULL ORDER BY created_us, id LIMIT 1000");
    /// the values of a [`AccountRow`]
    ACCOUNT_INSERT = concat!("INSERT INTO account (", account_columns!(names), ")
        VALUES (", account_columns!(binds from 1), ") ON CONFLICT (email_norm) DO NOTHING");
    /// id, name, phone, location, locale
    ACCOUNT_CORRECT = "UPDATE account SET name = $2, phone = $3, location = $4, locale = $5 WHERE id = $1";
    /// id
    EMAIL_NORM = "SELECT email_norm FROM account WHERE id = $1 AND erased_us IS NULL";
    /// account: locks its memberships until the end of the transaction. Whoever locks members and accounts takes the members
    /// first
    MEMBERS_LOCK = "UPDATE member SET version = version + 1 WHERE account_id = $1";
    /// id, locale
    ACCOUNT_LOCALE = "UPDATE account SET locale = $2 WHERE id = $1";
    /// id: locks the row until the end of the transaction
    ACCOUNT_LOCK = "UPDATE account SET locale = locale WHERE id = $1";
    /// id, password
    ACCOUNT_PASSWORD = "UPDATE account SET password_hash = $2 WHERE id = $1";
    /// id, when deletion was asked for
    ACCOUNT_DELETION = "UPDATE account SET deletion_asked_us = $2 WHERE id = $1 AND erased_us IS NULL";
    /// id, asked before: locks the row of an account that is to be deleted until the end of the transaction
    LEAVING_LOCK = "UPDATE account SET locale = locale WHERE id = $1 AND deletion_asked_us <= $2 AND erased_us IS NULL";
    /// id
    DELETION_ASKED = "SELECT COALESCE(deletion_asked_us, 0) FROM account WHERE id = $1";
    /// asked before, limit
    ACCOUNTS_TO_ERASE = concat!("SELECT c.id FROM account c WHERE c.deletion_asked_us <= $1 AND c.erased_us IS NULL
        AND NOT ", is_kept_back!(), " ORDER BY c.id LIMIT $2");
    /// id, now
    ACCOUNT_ERASED = "UPDATE account SET erased_us = $2 WHERE id = $1";
    OPERATORS = "SELECT COUNT(*) FROM account WHERE is_operator = 1 AND erased_us IS NULL";

    /// the values of a [`NewRegistration`]
    REGISTRATION_INSERT = concat!("INSERT INTO registration (", registration_columns!(names), ")
        VALUES (", registration_columns!(binds from 1), ")");
    /// hash, now
    REGISTRATION_FIND = registration_select!("WHERE token_hash = $1 AND expires_us > $2");
    /// normalised e-mail, visitor, now
    REGISTRATION_OF_VISITOR = registration_select!("WHERE email_norm = $1 AND visitor_hash = $2 AND visitor_hash <> ''
            AND expires_us > $3 ORDER BY created_us DESC, id DESC LIMIT 1");
    /// new id, new hash, id: the same registration under another link
    REGISTRATION_AGAIN = "INSERT INTO registration (id, token_hash, visitor_hash, email, email_norm, password_hash, name, phone,
            location, locale, legal_version, notice_hash, terms_hash, hold_id, next_path, created_us, expires_us)
        SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), visitor_hash, email, email_norm, password_hash, name, phone, location, locale,
            legal_version, notice_hash, terms_hash, hold_id, next_path, created_us, expires_us FROM registration WHERE id = $3";
    /// id, and what it was sent again as
    REGISTRATION_DISCARD = "DELETE FROM registration WHERE EXISTS (SELECT 1 FROM registration r WHERE r.id = $1
        AND r.email_norm = registration.email_norm AND r.password_hash = registration.password_hash)";
    /// normalised e-mail
    REGISTRATIONS_END = "DELETE FROM registration WHERE email_norm = $1";
    /// now
    INVITATIONS_SWEEP = "DELETE FROM invitation WHERE expires_us <= $1";
    /// now
    REGISTRATIONS_SWEEP = "DELETE FROM registration WHERE expires_us <= $1";

    /// id, account, kind, version, hash, locale, accepted
    ACCEPTANCE_INSERT = "INSERT INTO acceptance (id, account_id, kind, version, text_hash, locale, accepted_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";

    /// id, hash, purpose, account, next, now, expires
    TOKEN_INSERT = "INSERT INTO account_token (id, token_hash, purpose, account_id, next_path, created_us, expires_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// account, purpose, how many to keep
    TOKEN_TRIM = "DELETE FROM account_token WHERE account_id = $1 AND purpose = $2 AND id NOT IN
        (SELECT id FROM account_token WHERE account_id = $1 AND purpose = $2 ORDER BY created_us DESC, id DESC LIMIT $3)";
    /// hash, purpose, now
    TOKEN_FIND = "SELECT t.id, t.account_id, t.next_path, a.name, a.email FROM account_token t LEFT JOIN account a ON a.id = t.account_id
        WHERE t.token_hash = $1 AND t.purpose = $2 AND t.used_us IS NULL AND t.expires_us > $3
            AND (t.account_id IS NULL OR a.erased_us IS NULL)";
    /// id, now
    TOKEN_USE = "UPDATE account_token SET used_us = $2 WHERE id = $1 AND used_us IS NULL";
    /// account
    TOKENS_END_ALL = "DELETE FROM account_token WHERE account_id = $1";
    /// now
    TOKENS_SWEEP = "DELETE FROM account_token WHERE expires_us <= $1";
    /// expired before
    DRAFTS_SWEEP = "DELETE FROM hold_draft WHERE hold_id IN (SELECT h.id FROM hold h WHERE h.state <> 'held' AND h.expires_us <= $1)";
    /// abandoned before
    HOLDS_SWEEP = "UPDATE hold SET visitor_hash = '', network_hash = '', contact_email = '', about = ''
        WHERE state IN ('cancelled', 'expired') AND expires_us <= $1
            AND (visitor_hash <> '' OR network_hash <> '' OR contact_email <> '' OR about <> '')";
    /// now
    SESSIONS_SWEEP = "DELETE FROM session WHERE expires_us <= $1";

    /// account, limit: booked by it, or to be taken by it, the soonest first
    OPEN_APPOINTMENTS = "SELECT id FROM appointment
        WHERE (consumer_id = $1 OR member_id IN (SELECT m.id FROM member m WHERE m.account_id = $1)) AND status = 'confirmed'
        ORDER BY start_us, id LIMIT $2";
    /// appointment: locks it until the end of the transaction, if it is still open
    OPEN_LOCK = "UPDATE appointment SET version = version + 1 WHERE id = $1 AND status = 'confirmed'";
    /// limit: accounts that are to be deleted, and whose appointments are not all cancelled yet
    LEAVING_BOOKED = "SELECT c.id FROM account c WHERE c.deletion_asked_us IS NOT NULL AND c.erased_us IS NULL
        AND (EXISTS (SELECT 1 FROM appointment a WHERE a.consumer_id = c.id AND a.status = 'confirmed')
            OR EXISTS (SELECT 1 FROM member m JOIN appointment a ON a.member_id = m.id
                WHERE m.account_id = c.id AND a.status = 'confirmed'))
        ORDER BY c.id LIMIT $1";
    /// account: how many appointments of customers asking for deletion cancels
    OPEN_OF_CUSTOMERS = "SELECT COUNT(*) FROM appointment
        WHERE consumer_id <> $1 AND member_id IN (SELECT m.id FROM member m WHERE m.account_id = $1) AND status = 'confirmed'";
    /// account: gives back the slots that are held with a person who leaves
    HELD_CELLS_END = "DELETE FROM reservation WHERE hold_id IN (SELECT h.id FROM hold h JOIN member m ON m.id = h.member_id
        WHERE m.account_id = $1 AND h.state = 'held')";
    /// account
    HELD_END = "UPDATE hold SET state = 'cancelled', network_hash = '' WHERE state = 'held'
        AND member_id IN (SELECT m.id FROM member m WHERE m.account_id = $1)";
    /// account: nobody finds the providers it owns any more
    ORGS_PAUSE = concat!("UPDATE org SET status = 'paused', resume_status = 'active'
        WHERE status = 'active' AND id IN (SELECT m.org_id FROM member m WHERE m.account_id = $1 AND m.role = 'owner'
            AND NOT ", another_owner_stays!(), ")");
    /// account: whether their pages are shown is the decision of the owners who stay
    ORGS_LEAVE = concat!("UPDATE org SET resume_status = NULL WHERE resume_status IS NOT NULL
        AND id IN (SELECT m.org_id FROM member m WHERE m.account_id = $1 AND m.role = 'owner' AND ", another_owner_stays!(), ")");
    /// account, since: what the tax office is told about the businesses that it alone owns, where nothing was posted since
    SELLER_TAX_LEAVE = concat!("DELETE FROM seller_tax
        WHERE org_id IN (SELECT m.org_id FROM member m WHERE m.account_id = $1 AND m.role = 'owner' AND NOT ", another_owner_stays!(), ")
            AND NOT EXISTS (SELECT 1 FROM ledger_tx t WHERE t.org_id = seller_tax.org_id AND t.created_us >= $2)");
    /// account: the address that a provider was signed up with is its founder's
    ORGS_EMAIL_ERASE = "UPDATE org SET email = '' WHERE email = (SELECT a.email FROM account a WHERE a.id = $1)";
    /// account: they are what they were before
    ORGS_RESUME = "UPDATE org SET status = resume_status, resume_status = NULL WHERE resume_status IS NOT NULL
        AND id IN (SELECT m.org_id FROM member m WHERE m.account_id = $1 AND m.role = 'owner')";
    /// account: mails to others that name it
    OUTBOX_ABOUT_ERASE = "DELETE FROM outbox WHERE appointment_id IN (SELECT a.id FROM appointment a WHERE a.consumer_id = $1)";
}
