//! Calendar entries of appointments (RFC 5545, and RFC 5546 for inviting and cancelling).

use icalendar::{Alarm, Calendar, Component as _, Event, EventLike as _, Property, Trigger};
use jiff::Timestamp;

use crate::base::Micros;

/// Whether the entry is put in or taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalendarMethod {
    Request,
    Cancel,
}

/// What an entry holds. The same `uid` with a higher `sequence` replaces what was sent before.
#[derive(Debug, Clone)]
pub struct CalendarEntry<'a> {
    pub method: CalendarMethod,
    /// Sent to a mail program as a request to its owner. A file that somebody keeps asks nothing.
    pub mailed: bool,
    pub uid: &'a str,
    pub sequence: u32,
    pub stamp: Micros,
    pub start: Micros,
    pub end: Micros,
    pub summary: &'a str,
    pub description: &'a str,
    pub url: &'a str,
    /// Where the call takes place: its link.
    pub location: &'a str,
    /// Reminds its owner so many minutes before the start, where it is a file that somebody keeps.
    pub alarm_before_min: i64,
    /// E-mail address of the sender.
    pub organizer: &'a str,
    /// E-mail address of the person invited.
    pub attendee: &'a str,
}

/// The file, with folded lines and escaped text.
#[must_use]
pub fn calendar_file(entry: &CalendarEntry<'_>) -> String {
    let (method, status) = match entry.method {
        CalendarMethod::Request => ("REQUEST", "CONFIRMED"),
        CalendarMethod::Cancel => ("CANCEL", "CANCELLED"),
    };
    let mut attendee = Property::new("ATTENDEE", format!("mailto:{}", entry.attendee));
    attendee
        .add_parameter("PARTSTAT", "ACCEPTED")
        .add_parameter("RSVP", "FALSE");
    let mut event = Event::with_uid(entry.uid)
        .summary(entry.summary)
        .description(entry.description)
        .url(entry.url)
        .add_property("DTSTAMP", utc(entry.stamp))
        .add_property("DTSTART", utc(entry.start))
        .add_property("DTEND", utc(entry.end))
        .add_property("STATUS", status)
        .add_property("LOCATION", entry.location)
        .add_property("ORGANIZER", format!("mailto:{}", entry.organizer))
        .append_property(attendee)
        .sequence(entry.sequence)
        .done();
    // Mail programs remind of invitations as their owner has set them.
    if !entry.mailed && entry.method == CalendarMethod::Request {
        let ahead = Property::new("TRIGGER", format!("PT{}M", entry.alarm_before_min));
        let ahead = Trigger::try_from(&ahead).ok();
        if let Some(ahead) = ahead.as_ref().and_then(Trigger::as_duration) {
            event.alarm(Alarm::display(entry.summary, Trigger::before_start(*ahead)));
        }
    }
    let mut calendar = Calendar::empty();
    calendar
        .append_property(Property::new("VERSION", "2.0"))
        .append_property(Property::new("PRODID", "-//Booka//Booka//EN"))
        .append_property(Property::new("CALSCALE", "GREGORIAN"));
    if entry.mailed {
        calendar.append_property(Property::new("METHOD", method));
    }
    calendar.push(event).done().to_string()
}

/// `20261124T090000Z` (RFC 5545 section 3.3.5, form 2).
fn utc(at: Micros) -> String {
    let at = Timestamp::from_microsecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn an_invitation_holds_time_uid_and_escaped_text() {
        let entry = CalendarEntry {
            method: CalendarMethod::Request,
            mailed: true,
            uid: "a1@booka",
            sequence: 0,
            stamp: 1_795_500_000_000_000,
            start: 1_795_510_800_000_000,
            end: 1_795_512_600_000_000,
            summary: "Videotime; Nordli, Bergen",
            description: "Line one\nLine two with a text that is long enough to be folded by the rules of the format",
            url: "https://booka.example/bookings/a1",
            location: "https://booka.example/call/a1",
            alarm_before_min: 15,
            organizer: "post@booka.example",
            attendee: "ola@example.no",
        };
        let text = calendar_file(&entry);
        for line in [
            "BEGIN:VCALENDAR",
            "METHOD:REQUEST",
            "UID:a1@booka",
            "SEQUENCE:0",
            "DTSTART:20261124T090000Z",
            "DTEND:20261124T093000Z",
            "STATUS:CONFIRMED",
            "SUMMARY:Videotime\\; Nordli\\, Bergen",
            "ORGANIZER:mailto:post@booka.example",
            "LOCATION:https://booka.example/call/a1",
        ] {
            assert!(text.split("\r\n").any(|have| have == line), "{line} in {text}");
        }
        assert_eq!(text.matches("DTSTAMP").count(), 1, "{text}");
        assert!(text.contains("one\\nLine"), "{text}");
        assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
        assert!(!text.contains("VALARM"), "{text}");
        // Trial B8: a file that somebody keeps had no alarm.
        let kept = CalendarEntry {
            mailed: false,
            ..entry.clone()
        };
        let file = calendar_file(&kept);
        let alarm = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Videotime\\; Nordli\\, Bergen\r\nTRIGGER;RELATED=START:-PT900S\r\nEND:VALARM\r\n";
        let unordered = |text: &str| text.split("\r\n").map(str::to_owned).collect::<BTreeSet<String>>();
        assert!(unordered(&file).is_superset(&unordered(alarm)), "{file}");
        assert!(!file.contains("METHOD"), "{file}");
        let taken_out = CalendarEntry {
            method: CalendarMethod::Cancel,
            ..kept
        };
        assert!(
            !calendar_file(&taken_out).contains("VALARM"),
            "of what is cancelled nobody is reminded"
        );
        let cancelled = calendar_file(&CalendarEntry {
            method: CalendarMethod::Cancel,
            sequence: 1,
            ..entry
        });
        assert!(
            cancelled.contains("METHOD:CANCEL") && cancelled.contains("SEQUENCE:1"),
            "{cancelled}"
        );
        assert!(
            cancelled.contains("STATUS:CANCELLED") && cancelled.contains("UID:a1@booka"),
            "{cancelled}"
        );
    }
}
