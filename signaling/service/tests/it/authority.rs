//! The booking side in memory: records that survive the hub, can refuse to be written, and are recovered like rows.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use signaling::authority::{
    CallAuthority, CallGrant, Finding, RecordError, Refusal, RoomReview, SegmentEnd, SegmentKey, Standing, UtcMicros,
};
use signaling_protocol::message::EndReason;
use signaling_protocol::{PriceModel, PriceTerms, Role, Span, Spans, Ticket};

/// What happened, in order, of the records and of the media plane.
pub(crate) type Journal = Arc<Mutex<Vec<String>>>;

/// An appointment.
#[derive(Debug, Clone)]
pub(crate) struct Appointment {
    pub(crate) opens_at: UtcMicros,
    pub(crate) starts_at: UtcMicros,
    pub(crate) ends_at: UtcMicros,
}

/// A row of the ledger of presence.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) role: Role,
    pub(crate) started_at: UtcMicros,
    pub(crate) seen_at: UtcMicros,
    pub(crate) end: Option<SegmentEnd>,
}

#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) appointments: HashMap<String, Appointment>,
    pub(crate) admitted: HashSet<(String, String)>,
    pub(crate) rows: BTreeMap<SegmentKey, Row>,
    pub(crate) ended: HashSet<String>,
    /// While set, nothing can be read or written.
    pub(crate) down: bool,
    /// Calls whose appointment was cancelled.
    pub(crate) cancelled: HashSet<String>,
    /// Who left for good.
    pub(crate) left: HashSet<(String, String)>,
    /// Sign-ins that are over.
    pub(crate) signed_out: HashSet<String>,
    /// A call whose seats have no segment numbers left.
    pub(crate) cursed: Option<String>,
}

pub(crate) struct Authority {
    records: Mutex<Records>,
    journal: Journal,
}

impl Authority {
    pub(crate) fn new(journal: Journal) -> Self {
        Self {
            records: Mutex::default(),
            journal,
        }
    }

    pub(crate) fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().expect("no test panics with the records in hand")
    }

    /// What a new process does first: segments that were left open end at their last checkpoint.
    pub(crate) fn recover(&self) {
        for row in self.records().rows.values_mut() {
            row.end = row.end.or(Some(SegmentEnd::ConnectionLost));
        }
    }

    /// Billable time by the records of closed segments.
    pub(crate) fn billed(&self, call: &str) -> i64 {
        overlap(&self.records(), call, |row| row.end.is_some())
    }

    /// Billable time by the records, as it would be after a crash at this moment.
    pub(crate) fn checkpointed(&self, call: &str) -> i64 {
        overlap(&self.records(), call, |_| true)
    }

    fn over(&self, call: &str) -> Result<Option<Standing>, RecordError> {
        let records = self.records();
        if records.down {
            return Err(RecordError("down".into()));
        }
        let cancelled = records.cancelled.contains(call);
        Ok(cancelled.then_some(Standing::Over(EndReason::Cancelled)))
    }

    fn write(&self, what: String, change: impl FnOnce(&mut Records)) -> Result<(), RecordError> {
        let mut records = self.records();
        if records.down {
            return Err(RecordError("down".into()));
        }
        change(&mut records);
        self.journal.lock().expect("the journal is only appended to").push(what);
        Ok(())
    }
}

fn overlap(records: &Records, call: &str, counts: impl Fn(&Row) -> bool) -> i64 {
    let side = |role: Role| {
        let mut side = Spans::default();
        for (key, row) in &records.rows {
            if key.call == call && row.role == role && counts(row) {
                side.insert(Span {
                    from: row.started_at,
                    to: row.seen_at,
                });
            }
        }
        side
    };
    side(Role::Consumer).overlap(&side(Role::Provider)).total()
}

fn role(seat: &str) -> Role {
    if seat.starts_with('p') {
        Role::Provider
    } else {
        Role::Consumer
    }
}

#[async_trait]
impl CallAuthority for Authority {
    async fn authorise_ticket(&self, ticket: &Ticket, now: UtcMicros) -> Result<CallGrant, Refusal> {
        let records = self.records();
        if records.down {
            return Err(Refusal::Unavailable);
        }
        let appointment = records.appointments.get(&ticket.call).ok_or(Refusal::Unknown)?;
        if records.ended.contains(&ticket.call) {
            return Err(Refusal::Ended);
        }
        if records.cancelled.contains(&ticket.call) {
            return Err(Refusal::Cancelled);
        }
        if records.signed_out.contains(&ticket.session) {
            return Err(Refusal::SignedOut);
        }
        if now < appointment.opens_at {
            return Err(Refusal::NotOpen);
        }
        let own = |key: &&SegmentKey| key.call == ticket.call && key.seat == ticket.seat;
        let place = (ticket.call.clone(), ticket.seat.clone());
        Ok(CallGrant {
            call: ticket.call.clone(),
            seat: ticket.seat.clone(),
            role: ticket.role,
            name: format!("Name of {}", ticket.seat),
            title: "Advice".into(),
            opens_at: appointment.opens_at,
            starts_at: appointment.starts_at,
            ends_at: appointment.ends_at,
            price: PriceTerms {
                currency: "NOK".into(),
                discount: None,
                model: PriceModel::PerMinute {
                    rate_minor: 600,
                    increment_s: 1,
                    free_s: 0,
                    cap_minor: 100_000,
                },
            },
            admitted: ticket.role == Role::Provider || records.admitted.contains(&place),
            billed_before: overlap(&records, &ticket.call, |row| row.end.is_some()),
            took_place: overlap(&records, &ticket.call, |row| row.end.is_some()) > 0,
            next_segment: if records.cursed.as_ref() == Some(&ticket.call) {
                u32::MAX
            } else {
                records
                    .rows
                    .keys()
                    .filter(own)
                    .map(|key| key.seq + 1)
                    .max()
                    .unwrap_or(1)
            },
            left_for_good: records
                .left
                .iter()
                .filter(|(call, _)| *call == ticket.call)
                .map(|(_, seat)| seat.clone())
                .collect(),
            session: ticket.session.clone(),
        })
    }

    async fn record_arrival(
        &self,
        _call: &str,
        seat: &str,
        at: UtcMicros,
        unattended: bool,
    ) -> Result<Option<UtcMicros>, RecordError> {
        self.write(format!("arrived {seat}"), |_| {})?;
        Ok(unattended.then_some(at))
    }

    async fn record_admission(&self, call: &str, seat: &str, _at: UtcMicros) -> Result<Standing, RecordError> {
        if let Some(over) = self.over(call)? {
            return Ok(over);
        }
        self.write(format!("admitted {seat}"), |records| {
            records.admitted.insert((call.to_owned(), seat.to_owned()));
        })?;
        Ok(Standing::Lives)
    }

    async fn record_leaving_for_good(&self, call: &str, seat: &str, _at: UtcMicros) -> Result<(), RecordError> {
        self.write(format!("left {seat}"), |records| {
            records.left.insert((call.to_owned(), seat.to_owned()));
        })
    }

    async fn open_segment(&self, key: &SegmentKey, started_at: UtcMicros) -> Result<Standing, RecordError> {
        if let Some(over) = self.over(&key.call)? {
            return Ok(over);
        }
        self.write(format!("open {}{}", key.seat, key.seq), |records| {
            let row = Row {
                role: role(&key.seat),
                started_at,
                seen_at: started_at,
                end: None,
            };
            records.rows.entry(key.clone()).or_insert(row);
        })?;
        Ok(Standing::Lives)
    }

    async fn review_rooms(&self, rooms: &[RoomReview]) -> Result<Vec<Finding>, RecordError> {
        let records = self.records();
        if records.down {
            return Err(RecordError("down".into()));
        }
        let mut findings = Vec::new();
        for room in rooms {
            if records.cancelled.contains(&room.call) {
                findings.push(Finding::CallOver {
                    call: room.call.clone(),
                    reason: EndReason::Cancelled,
                });
            }
            let over = room
                .seats
                .iter()
                .filter(|seat| records.signed_out.contains(&seat.session));
            findings.extend(over.map(|seat| Finding::SeatOver {
                call: room.call.clone(),
                seat: seat.clone(),
                reason: EndReason::SignedOut,
            }));
        }
        Ok(findings)
    }

    async fn record_checkpoint(&self, seen: &[(SegmentKey, UtcMicros)]) -> Result<Vec<SegmentKey>, RecordError> {
        let mut not_open = Vec::new();
        self.write("checkpoint".into(), |records| {
            for (key, at) in seen {
                match records.rows.get_mut(key).filter(|row| row.end.is_none()) {
                    Some(row) => row.seen_at = row.seen_at.max(*at),
                    None => not_open.push(key.clone()),
                }
            }
        })?;
        Ok(not_open)
    }

    async fn close_segment(&self, key: &SegmentKey, at: UtcMicros, end: SegmentEnd) -> Result<(), RecordError> {
        self.write(format!("close {}{} {end:?}", key.seat, key.seq), |records| {
            if let Some(row) = records.rows.get_mut(key).filter(|row| row.end.is_none()) {
                row.seen_at = row.seen_at.max(at);
                row.end = Some(end);
            }
        })
    }

    async fn record_call_end(&self, call: &str, _at: UtcMicros) -> Result<(), RecordError> {
        self.write("ended".into(), |records| {
            records.ended.insert(call.to_owned());
        })
    }
}
