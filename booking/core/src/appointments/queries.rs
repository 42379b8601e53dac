//! All SQL of holds, reservations, appointments, events and seats.

use crate::base::Micros;
use crate::{columns, seller_stands, statements, vat_at};

columns! {
    /// A slot that somebody begins to keep. Names and terms are those of the service at this moment.
    pub(super) struct NewHold<'a> as hold_columns {
        id: &'a str,
        visitor_hash: &'a str,
        network_hash: &'a str,
        account_id: Option<&'a str>,
        org_id: &'a str,
        service_id: &'a str,
        member_id: &'a str,
        start_us: Micros,
        end_us: Micros,
        cell_first: i64,
        cell_end: i64,
        time_zone: &'a str,
        title: &'a str,
        price_terms: &'a str,
        policy: &'a str,
        created_us: Micros,
        expires_us: Micros,
    }
}

/// Columns of a [`super::Hold`].
macro_rules! hold_select {
    ($rest:literal) => {
        concat!(
            "SELECT h.id, h.visitor_hash, h.account_id, h.contact_email, h.org_id, h.service_id, h.member_id, h.start_us, h.end_us,
                h.cell_first, h.cell_end, h.time_zone, h.title, h.price_terms, h.policy, h.about, h.buyer_org_name, h.buyer_orgno, h.state,
                h.extended, h.created_us, h.expires_us, o.name AS org_name, o.slug AS org_slug,
                ",
            vat_at!("h.org_id", "h.start_us"),
            " AS vat_registered,
                (SELECT v.vat_code FROM service v WHERE v.id = h.service_id) AS service_vat_code
            FROM hold h JOIN org o ON o.id = h.org_id ",
            $rest
        )
    };
}

/// Columns of an [`super::Appointment`].
macro_rules! appointment_select {
    ($($rest:expr),+) => {
        concat!(
            "SELECT a.id, a.hold_id, a.org_id, a.service_id, a.member_id, a.consumer_id, a.start_us, a.end_us, a.time_zone,
                a.title, a.price_terms, a.policy, a.about, a.buyer_org_name, a.buyer_orgno, a.status, a.created_us, o.name AS org_name, o.slug AS org_slug,
                (SELECT COUNT(*) FROM appointment_event e WHERE e.appointment_id = a.id AND e.kind = 'taken_over') AS handovers,
                ",
            vat_at!("a.org_id", "a.start_us"),
            " AS vat_registered,
                (SELECT v.vat_code FROM service v WHERE v.id = a.service_id) AS service_vat_code,
                c.name AS consumer_name, c.email AS consumer_email, c.phone AS consumer_phone,
                c.locale AS consumer_locale, p.id AS provider_account_id, p.name AS provider_name,
                p.email AS provider_email, p.locale AS provider_locale, s.id AS seat_id, s.role AS seat_role
            FROM appointment a JOIN org o ON o.id = a.org_id JOIN account c ON c.id = a.consumer_id
            JOIN member m ON m.id = a.member_id JOIN account p ON p.id = m.account_id ",
            $($rest),+
        )
    };
}

/// Joins the account's own seat. A provider's seat is somebody's only while that person works for the provider.
macro_rules! own_seat {
    ($account:literal) => {
        concat!(
            "JOIN seat s ON s.appointment_id = a.id AND s.account_id = ",
            $account,
            " AND (s.role = 'consumer' OR m.active = 1) "
        )
    };
}

statements! {
    /// service
    SERVICE_TO_HOLD = concat!("SELECT s.id, s.org_id, s.title, s.price_terms, s.cancel_policy, o.time_zone, o.name, o.slug, ",
        seller_stands!(), " AS seller_stands
        FROM service s JOIN org o ON o.id = s.org_id WHERE s.id = $1 AND s.active = 1 AND o.status = 'active'");
    /// member
    MEMBER_LOCK = "UPDATE member SET version = version + 1 WHERE id = $1";
    /// member
    MEMBER_STAYS = "SELECT COUNT(*) FROM member m JOIN account a ON a.id = m.account_id
        WHERE m.id = $1 AND m.active = 1 AND a.deletion_asked_us IS NULL AND a.erased_us IS NULL";
    /// member, now
    EXPIRED_CELLS_DELETE = "DELETE FROM reservation WHERE member_id = $1 AND hold_id IN
        (SELECT id FROM hold WHERE member_id = $1 AND state = 'held' AND expires_us <= $2)";
    /// member, now
    EXPIRED_HOLDS_END = "UPDATE hold SET state = 'expired', network_hash = '' WHERE member_id = $1 AND state = 'held' AND expires_us <= $2";
    /// now, limit
    EXPIRED_MEMBERS = "SELECT DISTINCT member_id FROM hold WHERE state = 'held' AND expires_us <= $1 LIMIT $2";
    /// member, end, start
    BLOCKS_OVERLAPPING = "SELECT COUNT(*) FROM busy_block WHERE member_id = $1 AND start_us < $2 AND end_us > $3";
    /// visitor, now
    HOLDS_OF_VISITOR = "SELECT COUNT(*) FROM hold WHERE visitor_hash = $1 AND state = 'held' AND expires_us > $2";
    /// network, now
    HOLDS_OF_NETWORK = "SELECT COUNT(*), COALESCE(MIN(expires_us), 0) FROM hold WHERE network_hash = $1 AND state = 'held' AND expires_us > $2";
    /// network, org, now
    HOLDS_OF_NETWORK_WITH = "SELECT COUNT(*), COALESCE(MIN(expires_us), 0) FROM hold WHERE network_hash = $1 AND org_id = $2 AND state = 'held' AND expires_us > $3";
    /// account
    LEAVING = "SELECT COUNT(*) FROM account WHERE id = $1 AND (deletion_asked_us IS NOT NULL OR erased_us IS NOT NULL)";
    /// service
    OPEN_MAX = "SELECT open_max FROM service WHERE id = $1";
    /// account, now
    OPEN = "SELECT COUNT(*) FROM appointment WHERE consumer_id = $1 AND end_us > $2 AND status IN ('confirmed', 'in_call')";
    /// account, org, now
    OPEN_WITH = "SELECT COUNT(*) FROM appointment WHERE consumer_id = $1 AND org_id = $2 AND end_us > $3
        AND status IN ('confirmed', 'in_call')";
    /// visitor, service, start, now
    HOLD_SAME = "SELECT id FROM hold WHERE visitor_hash = $1 AND service_id = $2 AND start_us = $3 AND state = 'held' AND expires_us > $4";
    /// visitor, member, now
    HOLDS_OF_VISITOR_WITH = "SELECT id FROM hold WHERE visitor_hash = $1 AND member_id = $2 AND state = 'held' AND expires_us > $3";
    /// visitor, now
    MEMBERS_HELD_BY = "SELECT DISTINCT member_id FROM hold WHERE visitor_hash = $1 AND state = 'held' AND expires_us > $2 LIMIT 20";
    /// visitor, member, now
    HOLD_INSTEAD = "SELECT id, start_us FROM hold WHERE visitor_hash = $1 AND member_id = $2 AND state = 'held' AND expires_us > $3
        ORDER BY created_us DESC, id DESC LIMIT 1";
    /// the values of a [`NewHold`]
    HOLD_INSERT = concat!("INSERT INTO hold (", hold_columns!(names), ", contact_email, about, state)
        VALUES (", hold_columns!(binds from 1), ", '', '', 'held')");
    /// member, first cell, end cell, hold
    CELLS_INSERT = "INSERT INTO reservation (member_id, cell, hold_id)
        WITH RECURSIVE c (n) AS (SELECT CAST($2 AS BIGINT) UNION ALL SELECT n + 1 FROM c WHERE n + 1 < CAST($3 AS BIGINT))
        SELECT CAST($1 AS TEXT), n, CAST($4 AS TEXT) FROM c WHERE n >= 0 ORDER BY n
        ON CONFLICT (member_id, cell) DO NOTHING";
    /// hold
    CELLS_COUNT = "SELECT COUNT(*) FROM reservation WHERE hold_id = $1";
    /// appointment, first cell that is not needed, microseconds of a cell
    CELLS_DELETE_FROM = "DELETE FROM reservation WHERE cell >= $2 + (SELECT h.cell_end - h.end_us / $3
        FROM hold h JOIN appointment a ON a.hold_id = h.id WHERE a.id = $1)
        AND hold_id = (SELECT a.hold_id FROM appointment a WHERE a.id = $1)";
    /// hold
    CELLS_DELETE = "DELETE FROM reservation WHERE hold_id = $1";
    /// id, visitor, account
    HOLD_LOAD = hold_select!("WHERE h.id = $1 AND ((h.visitor_hash = $2 AND $2 <> '') OR h.account_id = $3)");
    /// id
    HOLD_LOAD_ANY = hold_select!("WHERE h.id = $1");
    /// id, new state: whose browser and network it was is not asked again, and the account has the address
    HOLD_BOOK = "UPDATE hold SET state = $2, visitor_hash = '', network_hash = '', contact_email = '' WHERE id = $1";
    /// id, new state: the visitor still finds the page that says so; what was typed goes
    HOLD_END = "UPDATE hold SET state = $2, network_hash = '', contact_email = '', about = '',
        buyer_org_name = '', buyer_orgno = '' WHERE id = $1";
    /// id, expires
    HOLD_EXTEND = "UPDATE hold SET expires_us = $2, extended = 1 WHERE id = $1 AND extended = 0 AND state = 'held'";
    /// id, about
    HOLD_ABOUT = "UPDATE hold SET about = $2 WHERE id = $1 AND state = 'held'";
    /// id, organisation, its number
    HOLD_BUYER = "UPDATE hold SET buyer_org_name = $2, buyer_orgno = $3 WHERE id = $1 AND state = 'held'";
    /// hold
    WITHDRAWAL_REQUEST = "SELECT version, text_hash, locale, accepted_us FROM withdrawal_request WHERE hold_id = $1";
    /// id, account
    HOLD_ACCOUNT = "UPDATE hold SET account_id = $2 WHERE id = $1 AND state = 'held'";
    /// id, e-mail
    HOLD_CONTACT = "UPDATE hold SET contact_email = $2 WHERE id = $1 AND state = 'held'";
    /// visitor, account, now
    HELD_BY = hold_select!("WHERE h.state = 'held' AND h.expires_us > $3 AND ((h.visitor_hash = $1 AND $1 <> '') OR h.account_id = $2)
        ORDER BY h.start_us, h.id LIMIT 20");
    /// hold, about, has an account, name, e-mail, phone, place, organisation, its number
    DRAFT_KEEP = "INSERT INTO hold_draft (hold_id, about, has_account, name, email, phone, place, buyer_org_name, buyer_orgno)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (hold_id) DO UPDATE SET about = excluded.about, has_account = excluded.has_account, name = excluded.name,
            email = excluded.email, phone = excluded.phone, place = excluded.place, buyer_org_name = excluded.buyer_org_name,
            buyer_orgno = excluded.buyer_orgno";
    /// hold
    DRAFT_LOAD = "SELECT about, has_account, name, email, phone, place, buyer_org_name, buyer_orgno FROM hold_draft WHERE hold_id = $1";
    /// new hold, visitor, org, now
    DRAFT_TAKE_OVER = "UPDATE hold_draft SET hold_id = $1 WHERE hold_id = (SELECT h.id FROM hold h JOIN hold_draft d ON d.hold_id = h.id
        WHERE h.visitor_hash = $2 AND h.org_id = $3 AND (h.state IN ('expired', 'cancelled') OR (h.state = 'held' AND h.expires_us <= $4))
        ORDER BY h.created_us DESC, h.id DESC LIMIT 1)";
    /// hold
    DRAFT_DELETE = "DELETE FROM hold_draft WHERE hold_id = $1";
    /// hold
    APPOINTMENT_OF_HOLD = "SELECT id FROM appointment WHERE hold_id = $1";
    /// id, consumer, now, hold
    APPOINTMENT_INSERT = "INSERT INTO appointment (id, hold_id, org_id, service_id, member_id, consumer_id, start_us, end_us, time_zone,
            title, price_terms, policy, about, buyer_org_name, buyer_orgno, status, created_us)
        SELECT CAST($1 AS TEXT), id, org_id, service_id, member_id, CAST($2 AS TEXT), start_us, end_us, time_zone, title, price_terms, policy,
            about, buyer_org_name, buyer_orgno, 'confirmed', CAST($3 AS BIGINT) FROM hold WHERE id = $4";
    /// id, appointment, role, account
    SEAT_INSERT = "INSERT INTO seat (id, appointment_id, role, account_id) VALUES ($1, $2, $3, $4)";
    /// member
    MEMBER_ACCOUNT = "SELECT account_id FROM member WHERE id = $1";
    /// appointment, kind, actor, now, data
    EVENT_INSERT = "INSERT INTO appointment_event (appointment_id, seq, kind, actor, at_us, data)
        SELECT CAST($1 AS TEXT), COALESCE(MAX(seq), 0) + 1, CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($5 AS TEXT)
        FROM appointment_event WHERE appointment_id = $1";
    /// appointment
    EVENTS = "SELECT seq, kind, actor, at_us, data FROM appointment_event WHERE appointment_id = $1 ORDER BY seq LIMIT 500";
    /// id
    APPOINTMENT_LOCK = "UPDATE appointment SET version = version + 1 WHERE id = $1";
    /// id
    APPOINTMENT_STATUS = "SELECT status, hold_id FROM appointment WHERE id = $1";
    /// id, status
    APPOINTMENT_SET_STATUS = "UPDATE appointment SET status = $2 WHERE id = $1";
    /// id, account: through its seat
    APPOINTMENT_LOAD = appointment_select!(own_seat!("$2"), "WHERE a.id = $1 ORDER BY s.role LIMIT 1");
    /// id
    APPOINTMENT_LOAD_ANY = appointment_select!("JOIN seat s ON s.appointment_id = a.id AND s.role = 'consumer' WHERE a.id = $1");
    /// id, account: for somebody who works for the same provider
    APPOINTMENT_OF_COLLEAGUE = appointment_select!("JOIN seat s ON s.appointment_id = a.id AND s.role = 'provider'
        JOIN member w ON w.org_id = a.org_id AND w.account_id = $2 AND w.active = 1 WHERE a.id = $1");
    /// account, from, until: what the others of the same provider take
    APPOINTMENTS_OF_COLLEAGUES = appointment_select!("JOIN seat s ON s.appointment_id = a.id AND s.role = 'provider'
        JOIN member w ON w.org_id = a.org_id AND w.account_id = $1 AND w.active = 1
        WHERE m.account_id <> $1 AND a.end_us > $2 AND a.start_us < $3 AND a.status IN ('confirmed', 'in_call')
        ORDER BY a.start_us, a.id LIMIT 200");
    /// hold, member: how much of its time the member has something else
    CELLS_MET = "SELECT COUNT(*) FROM reservation r JOIN reservation o ON o.cell = r.cell WHERE r.hold_id = $1 AND o.member_id = $2";
    /// hold, member
    CELLS_MOVE = "UPDATE reservation SET member_id = $2 WHERE hold_id = $1";
    /// hold, member
    HOLD_MOVE = "UPDATE hold SET member_id = $2 WHERE id = $1";
    /// id, member
    APPOINTMENT_MOVE = "UPDATE appointment SET member_id = $2 WHERE id = $1";
    /// appointment, account
    SEAT_MOVE = "UPDATE seat SET account_id = $2 WHERE appointment_id = $1 AND role = 'provider'";
    /// account, from
    APPOINTMENTS_COMING = appointment_select!("JOIN seat s ON s.appointment_id = a.id AND s.account_id = $1 AND s.role = 'consumer'
        WHERE a.end_us > $2 AND a.status IN ('confirmed', 'in_call') ORDER BY a.start_us LIMIT 200");
    /// account, until
    APPOINTMENTS_PAST = appointment_select!("JOIN seat s ON s.appointment_id = a.id AND s.account_id = $1 AND s.role = 'consumer'
        WHERE a.end_us <= $2 OR a.status NOT IN ('confirmed', 'in_call') ORDER BY a.start_us DESC LIMIT 200");
    /// account, start, end: of either side
    APPOINTMENTS_DURING = appointment_select!(own_seat!("$1"), "WHERE a.end_us > $2 AND a.start_us < $3
        AND a.status IN ('confirmed', 'in_call') ORDER BY a.start_us, a.id LIMIT 5");
    /// account, from, until
    APPOINTMENTS_OF_PROVIDER = appointment_select!(own_seat!("$1"), "WHERE s.role = 'provider'
        AND a.end_us > $2 AND a.start_us < $3 ORDER BY a.start_us LIMIT 200");
}
