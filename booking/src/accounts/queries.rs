//! All SQL of accounts, sessions, tokens and acceptances.

use crate::statements;

statements! {
    /// hash, now
    SESSION_FIND = "SELECT s.id AS session_id, s.last_seen_us, a.id AS account_id, a.name, a.email, a.email_verified_us,
            a.locale, a.is_operator, m.id AS member_id, m.org_id, m.role
        FROM session s JOIN account a ON a.id = s.account_id
        LEFT JOIN member m ON m.account_id = a.id AND m.active = 1
        WHERE s.token_hash = $1 AND s.expires_us > $2 AND a.erased_us IS NULL
        ORDER BY m.created_us LIMIT 1";
    /// now, id
    SESSION_TOUCH = "UPDATE session SET last_seen_us = $1 WHERE id = $2";
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
    /// account, now
    SESSION_LIST = "SELECT id, created_us, last_seen_us, user_agent, ip_prefix FROM session
        WHERE account_id = $1 AND expires_us > $2 ORDER BY last_seen_us DESC, id";
}
