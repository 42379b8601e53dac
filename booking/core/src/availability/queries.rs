//! All SQL that slots are computed from.

use crate::statements;

statements! {
    /// service: a person who is leaving takes no more appointments
    SERVICE_MEMBERS = "SELECT m.id FROM service_member sm JOIN member m ON m.id = sm.member_id
        JOIN account a ON a.id = m.account_id
        WHERE sm.service_id = $1 AND m.active = 1 AND a.deletion_asked_us IS NULL ORDER BY m.created_us, m.id LIMIT 50";
    /// service
    SERVICE_RULES = "SELECT s.duration_min, s.buffer_before_min, s.buffer_after_min, s.step_min, s.notice_min, s.window_days, o.time_zone
        FROM service s JOIN org o ON o.id = s.org_id WHERE s.id = $1";
    /// member
    WEEKLY = "SELECT weekday, start_min, end_min FROM weekly_rule WHERE member_id = $1 ORDER BY weekday, start_min LIMIT 200";
    /// member, first day, last day
    OVERRIDES = "SELECT day, start_min, end_min FROM day_override WHERE member_id = $1 AND day >= $2 AND day <= $3
        ORDER BY day, start_min LIMIT 1000";
    /// member, first cell, end cell, now, visitor
    BUSY_CELLS = "SELECT r.cell FROM reservation r JOIN hold h ON h.id = r.hold_id
        WHERE r.member_id = $1 AND r.cell >= $2 AND r.cell < $3 AND NOT (h.state = 'held'
        AND (h.expires_us <= $4 OR (h.visitor_hash = $5 AND $5 <> '')))";
    /// member, end, start
    BUSY_BLOCKS = "SELECT start_us, end_us FROM busy_block WHERE member_id = $1 AND start_us < $2 AND end_us > $3 LIMIT 10000";
    /// visitor, now, limit: services of the members that hold a time for it
    OWN_CELLS = "SELECT sm.service_id, h.cell_first, h.cell_end FROM hold h JOIN service_member sm ON sm.member_id = h.member_id
        WHERE h.visitor_hash = $1 AND h.state = 'held' AND h.expires_us > $2 ORDER BY h.id, sm.service_id LIMIT $3";
}
