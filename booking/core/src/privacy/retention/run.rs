//! Runs of retention. A dry one counts what is old enough and leaves a report; a real one carries out a report that is a day
//! old, and deletes nothing else. Both go stretch by stretch, each a short transaction that also keeps the cursor, so that
//! bookings are not held up and a run that was stopped anywhere goes on where it was.

use std::collections::BTreeMap;

use super::cases::{self, Counted, Range};
use super::files::delete_files;
use super::{door, loose};
use crate::base::db::{Db, DbError, FromRow, Row, Tx};
use crate::base::{Base, DAY_US, Fault, Micros, Result, SECOND_US};
use crate::{params, statements};

/// How old a report must be before it is carried out.
pub const REPORT_AGE_US: Micros = DAY_US;
/// How often a report is made.
const REPORT_EVERY_US: Micros = DAY_US;
/// How long reports are kept that were not carried out.
const REPORT_KEPT_US: Micros = 90 * DAY_US;
/// One step goes on for so long, and then leaves the lease to be renewed.
const STEP_US: Micros = 5 * SECOND_US;
/// Appointments of one stretch.
const STRETCH_MIN: i64 = 25;
const STRETCH_MAX: i64 = 5_000;
/// Those of one in which nothing was deleted, while nobody knows how long the next one takes.
const STRETCH_IDLE: i64 = 200;
/// How long a transaction may last: on SQLite everybody else waits for it; on PostgreSQL nobody does.
const SQLITE_TX_US: Micros = 20_000;
const POSTGRES_TX_US: Micros = 500_000;

/// What the columns of a [`Run`] are.
macro_rules! run_select {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, r.kind, r.as_of_us, r.accounting_years, r.stage, r.position, r.last_case FROM retention_run r ",
            $rest
        )
    };
}

statements! {
    UNFINISHED = run_select!("WHERE r.ended_us IS NULL ORDER BY r.started_us, r.id LIMIT 1");
    /// ended before: the newest report that may be carried out, was not yet, and found something
    READY = run_select!("WHERE r.kind = 'dry' AND r.ended_us IS NOT NULL AND r.as_of_us <= $1
        AND NOT EXISTS (SELECT 1 FROM retention_run n WHERE n.kind = 'real' AND n.as_of_us >= r.as_of_us)
        AND EXISTS (SELECT 1 FROM retention_line l WHERE l.run_id = r.id AND l.entries > 0)
        ORDER BY r.as_of_us DESC LIMIT 1");
    LAST_DRY = "SELECT COALESCE(MAX(as_of_us), 0) FROM retention_run WHERE kind = 'dry'";
    APPROVED = "SELECT approved_us FROM retention_switch WHERE id = 1";
    /// Also locks out whoever keeps something back, until the end of the transaction.
    LOCK = "UPDATE retention_switch SET version = version + 1 WHERE id = 1";
    /// How often that was done.
    LOCKED = "SELECT version FROM retention_switch WHERE id = 1";
    /// id, kind, basis, as of, years, last case, now
    BEGIN = "INSERT INTO retention_run (id, kind, basis_id, as_of_us, accounting_years, stage, position, last_case, started_us)
        VALUES ($1, $2, $3, $4, $5, 0, '', $6, $7)";
    /// id, stage and position before, stage and position after, last case
    MOVE = "UPDATE retention_run SET stage = $4, position = $5, last_case = $6
        WHERE id = $1 AND stage = $2 AND position = $3 AND ended_us IS NULL";
    /// id, now
    END = "UPDATE retention_run SET ended_us = $2 WHERE id = $1 AND ended_us IS NULL";
    /// run, table, rows, oldest, newest
    ADD_LINE = "INSERT INTO retention_line (run_id, table_name, entries, oldest_us, newest_us) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (run_id, table_name) DO UPDATE SET entries = retention_line.entries + excluded.entries,
            oldest_us = CASE WHEN retention_line.oldest_us IS NULL OR excluded.oldest_us < retention_line.oldest_us
                THEN excluded.oldest_us ELSE retention_line.oldest_us END,
            newest_us = CASE WHEN retention_line.newest_us IS NULL OR excluded.newest_us > retention_line.newest_us
                THEN excluded.newest_us ELSE retention_line.newest_us END";
    /// run, reason, appointments
    ADD_KEPT = "INSERT INTO retention_kept (run_id, reason, appointments) VALUES ($1, $2, $3)
        ON CONFLICT (run_id, reason) DO UPDATE SET appointments = retention_kept.appointments + excluded.appointments";
    /// after, last: marks the files of a range
    MARK_FILES = "INSERT INTO retention_file (path, appointment_id)
        SELECT d.path, d.appointment_id FROM document d WHERE d.appointment_id > $1 AND d.appointment_id <= $2
        ON CONFLICT (path) DO NOTHING";
    /// after, last: and those that name a payment only
    MARK_PAYMENT_FILES = "INSERT INTO retention_file (path, appointment_id)
        SELECT d.path, a.id FROM appointment a JOIN payment p ON p.hold_id = a.hold_id JOIN document d ON d.payment_id = p.id
        WHERE a.id > $1 AND a.id <= $2 AND d.appointment_id IS NULL
        ON CONFLICT (path) DO NOTHING";
    /// after, last
    FILES = "SELECT path FROM retention_file WHERE appointment_id > $1 AND appointment_id <= $2 ORDER BY path";
    /// after, last
    UNMARK_FILES = "DELETE FROM retention_file WHERE appointment_id > $1 AND appointment_id <= $2";
    /// made before
    FORGET_KEPT = "DELETE FROM retention_kept WHERE run_id IN (SELECT r.id FROM retention_run r WHERE r.kind = 'dry' AND r.as_of_us < $1
        AND NOT EXISTS (SELECT 1 FROM retention_run n WHERE n.basis_id = r.id))";
    FORGET_LINES = "DELETE FROM retention_line WHERE run_id IN (SELECT r.id FROM retention_run r WHERE r.kind = 'dry' AND r.as_of_us < $1
        AND NOT EXISTS (SELECT 1 FROM retention_run n WHERE n.basis_id = r.id))";
    FORGET_RUNS = "DELETE FROM retention_run WHERE kind = 'dry' AND as_of_us < $1
        AND NOT EXISTS (SELECT 1 FROM retention_run n WHERE n.basis_id = retention_run.id)";
}

/// What a run does with what it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Dry,
    Real,
}

impl Kind {
    /// The name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dry => "dry",
            Self::Real => "real",
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = ();

    fn from_str(name: &str) -> std::result::Result<Self, ()> {
        [Self::Dry, Self::Real]
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or(())
    }
}

/// The stages of a run, in order.
const CASES: i64 = 0;
/// The holds of payments that leave behind them leave by the next report, which has them.
const AGES: i64 = 1;
/// From here on, one after the other: the lists of [`loose::LISTS`].
const LISTS: i64 = 2;
const DONE: i64 = LISTS + loose::LISTS.len() as i64;

/// A run where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    id: String,
    kind: Kind,
    as_of: Micros,
    years: i64,
    stage: i64,
    position: String,
    last_case: String,
}

impl FromRow for Run {
    fn from_row(row: &Row) -> std::result::Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            kind: row.parse("kind")?,
            as_of: row.get("as_of_us")?,
            years: row.get("accounting_years")?,
            stage: row.get("stage")?,
            position: row.get("position")?,
            last_case: row.get("last_case")?,
        })
    }
}

/// What a report says of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Line {
    pub rows: i64,
    pub oldest: Option<Micros>,
    pub newest: Option<Micros>,
}

/// What was counted, by table, and what stays, by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    pub lines: BTreeMap<String, Line>,
    pub kept: BTreeMap<String, i64>,
}

impl Tally {
    fn add(&mut self, counted: Vec<Counted>) {
        for (table, rows, oldest, newest) in counted {
            if rows > 0 {
                let line = self.lines.entry(table.to_owned()).or_default();
                line.rows += rows;
                line.oldest = line.oldest.into_iter().chain(oldest).min();
                line.newest = line.newest.into_iter().chain(newest).max();
            }
        }
    }

    fn merge(&mut self, other: Self) {
        for (table, line) in other.lines {
            let mine = self.lines.entry(table).or_default();
            mine.rows += line.rows;
            mine.oldest = mine.oldest.into_iter().chain(line.oldest).min();
            mine.newest = mine.newest.into_iter().chain(line.newest).max();
        }
        for (reason, appointments) in other.kept {
            *self.kept.entry(reason).or_default() += appointments;
        }
    }
}

/// What is to be done next: the run that was begun and not ended, a report that may be carried out, or a new report once a day.
///
/// # Errors
/// When the database or the store of files fails; what was done until then stays done.
pub async fn step(state: &Base) -> Result<()> {
    let begun = state.clock.steady();
    let mut size = STRETCH_MIN;
    while let Some(mut run) = next(state).await? {
        while run.stage != DONE {
            size = advance(state, &mut run, size).await?;
            if state.clock.steady() - begun >= STEP_US {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The report that would be made now, with nothing written.
///
/// # Errors
/// When the database fails.
pub async fn dry_run(state: &Base) -> Result<Tally> {
    let mut run = Run {
        id: String::new(),
        kind: Kind::Dry,
        as_of: state.now(),
        years: state.config.retention.accounting_years,
        stage: CASES,
        position: String::new(),
        last_case: String::new(),
    };
    let mut whole = Tally::default();
    while run.stage != DONE {
        whole.merge(count_next(state, &mut run).await?);
    }
    Ok(whole)
}

async fn next(state: &Base) -> Result<Option<Run>> {
    let now = state.now();
    let mut tx = state.db.read().await?;
    if let Some(run) = tx.optional(UNFINISHED, params![]).await? {
        return Ok(Some(run));
    }
    let approved: Option<Micros> = tx.one(APPROVED, params![]).await?;
    let ready: Option<Run> = match approved {
        Some(_) => tx.optional(READY, params![now - REPORT_AGE_US]).await?,
        None => None,
    };
    let last_dry: Micros = tx.one(LAST_DRY, params![]).await?;
    drop(tx);
    let years = state.config.retention.accounting_years;
    match ready {
        Some(report) => {
            // Whoever wants records kept longer since the report gets that.
            let years = report.years.max(years);
            begin(
                state,
                Kind::Real,
                Some(&report.id),
                report.as_of,
                years,
                &report.last_case,
            )
            .await
        }
        None if last_dry + REPORT_EVERY_US <= now => {
            forget_reports(state, now - REPORT_KEPT_US).await?;
            begin(state, Kind::Dry, None, now, years, "").await
        }
        None => Ok(None),
    }
}

async fn begin(
    state: &Base,
    kind: Kind,
    basis: Option<&str>,
    as_of: Micros,
    years: i64,
    last_case: &str,
) -> Result<Option<Run>> {
    let mut tx = state.db.write().await?;
    // Two servers at once begin one run.
    tx.execute(LOCK, params![]).await?;
    if let Some(run) = tx.optional(UNFINISHED, params![]).await? {
        return Ok(Some(run));
    }
    let id = state.id();
    tx.execute(
        BEGIN,
        params![&id, kind.name(), basis, as_of, years, last_case, state.now()],
    )
    .await?;
    tx.commit().await?;
    Ok(Some(Run {
        id,
        kind,
        as_of,
        years,
        stage: CASES,
        position: String::new(),
        last_case: last_case.to_owned(),
    }))
}

/// Takes a run one stretch further. Returns the size of the next one.
async fn advance(state: &Base, run: &mut Run, size: i64) -> Result<i64> {
    match run.kind {
        Kind::Dry => {
            let before = run.clone();
            let tally = count_next(state, run).await?;
            let mut tx = state.db.write().await?;
            save(&mut tx, &before, run, &tally, state.now()).await?;
            tx.commit().await?;
            Ok(size)
        }
        Kind::Real => delete_next(state, run, size).await,
    }
}

/// Writes down what a stretch came to, and how far the run is.
async fn save(tx: &mut Tx, before: &Run, run: &Run, tally: &Tally, now: Micros) -> Result<()> {
    let change = params![
        &run.id,
        before.stage,
        &before.position,
        run.stage,
        &run.position,
        &run.last_case
    ];
    if tx.execute(MOVE, change).await? != 1 {
        return Err(Fault::Internal(format!("another process goes on with run {}", run.id)));
    }
    for (table, line) in &tally.lines {
        let row = params![&run.id, table, line.rows, line.oldest, line.newest];
        tx.execute(ADD_LINE, row).await?;
    }
    for (reason, appointments) in &tally.kept {
        tx.execute(ADD_KEPT, params![&run.id, reason, *appointments]).await?;
    }
    if run.stage == DONE {
        tx.execute(END, params![&run.id, now]).await?;
    }
    Ok(())
}

/// Counts the next stretch and moves on.
async fn count_next(state: &Base, run: &mut Run) -> Result<Tally> {
    let mut tx = state.db.read().await?;
    tx.prefer_indexes().await?;
    let mut tally = Tally::default();
    match run.stage {
        CASES => {
            let stretch = cases::look(&mut tx, &run.position, STRETCH_MAX, run.as_of, run.years).await?;
            for range in &stretch.ranges {
                tally.add(cases::count(&mut tx, range).await?);
                run.last_case.clone_from(&range.last);
            }
            tally.kept = named(stretch.kept);
            run.go_on(stretch.last);
        }
        AGES => {
            for age in loose::AGES {
                tally.add(vec![loose::count_old(&mut tx, age, run.as_of).await?]);
            }
            run.go_on(None);
        }
        stage => {
            let list = list_of(stage);
            let ids = list
                .next(&mut tx, &run.position, (run.as_of, run.years), STRETCH_MAX)
                .await?;
            tally.add(list.count(&mut tx, &ids).await?);
            run.go_on(ids.last().cloned());
        }
    }
    Ok(tally)
}

fn named(kept: BTreeMap<&'static str, i64>) -> BTreeMap<String, i64> {
    kept.into_iter()
        .map(|(reason, appointments)| (reason.to_owned(), appointments))
        .collect()
}

impl Run {
    /// Behind this position, or to the next stage where there is none.
    fn go_on(&mut self, position: Option<String>) {
        match position {
            Some(position) => self.position = position,
            None => {
                self.stage += 1;
                self.position.clear();
            }
        }
    }
}

/// Deletes the next stretch and moves on. Returns the size of the next one.
async fn delete_next(state: &Base, run: &mut Run, size: i64) -> Result<i64> {
    match run.stage {
        CASES => delete_cases(state, run, size).await,
        AGES => delete_old(state, run, size).await,
        stage => delete_listed(state, run, list_of(stage), size).await,
    }
}

fn list_of(stage: i64) -> &'static loose::List {
    let index = usize::try_from(stage - LISTS).expect("the stages before are not lists");
    &loose::LISTS[index]
}

/// Files first, rows last: what is marked is deleted from the store, and only then from the database. Stopped between, the
/// same stretch comes again, and a file that is gone is no error.
async fn delete_cases(state: &Base, run: &mut Run, size: i64) -> Result<i64> {
    if run.position >= run.last_case {
        return end_stage(state, run, size).await;
    }
    let before = run.clone();
    let begun = state.clock.steady();
    let mut tx = begin_deleting(state).await?;
    let mut stretch = cases::look(&mut tx, &run.position, size, run.as_of, run.years).await?;
    let mut files: Vec<String> = Vec::new();
    for range in within(&stretch.ranges, &run.last_case) {
        for mark in [MARK_FILES, MARK_PAYMENT_FILES] {
            tx.execute(mark, params![&range.after, &range.last]).await?;
        }
        files.extend(tx.all::<String>(FILES, params![&range.after, &range.last]).await?);
    }
    if !files.is_empty() {
        let locked: i64 = tx.one(LOCKED, params![]).await?;
        tx.commit().await?;
        delete_files(state, files).await?;
        tx = begin_deleting(state).await?;
        // Whoever keeps something back is refused what is marked, and may have kept what was not.
        if tx.one::<i64>(LOCKED, params![]).await? != locked + 1 {
            stretch = cases::look(&mut tx, &run.position, size, run.as_of, run.years).await?;
        }
    }
    let deleted = delete_ranges(&mut tx, &before, run, &stretch, state).await?;
    tx.commit().await?;
    Ok(fit(state, size, state.clock.steady() - begun, deleted))
}

/// Deletes the rows of a stretch. Returns how many appointments those were.
async fn delete_ranges(
    tx: &mut Tx,
    before: &Run,
    run: &mut Run,
    stretch: &cases::Stretch,
    state: &Base,
) -> Result<usize> {
    let mut tally = Tally::default();
    let mut appointments = 0;
    for range in within(&stretch.ranges, &run.last_case) {
        door::open(tx, range.cut).await?;
        tally.add(cases::delete(tx, range).await?);
        door::shut(tx).await?;
        tx.execute(UNMARK_FILES, params![&range.after, &range.last]).await?;
        appointments += range.holds.len();
    }
    tally.kept = named(stretch.kept.clone());
    run.go_on(stretch.last.clone());
    save(tx, before, run, &tally, state.now()).await?;
    Ok(appointments)
}

/// The ranges that a report had. What was not old enough then comes later.
fn within<'a>(ranges: &'a [Range], last_case: &str) -> &'a [Range] {
    let known = ranges.partition_point(|range| range.last.as_str() <= last_case);
    &ranges[..known]
}

async fn begin_deleting(state: &Base) -> Result<Tx, DbError> {
    let mut tx = state.db.write().await?;
    tx.execute(LOCK, params![]).await?;
    tx.prefer_indexes().await?;
    Ok(tx)
}

/// The size of the next stretch, so that its transaction lasts about as long as it may.
fn fit(state: &Base, size: i64, took: Micros, deleted: usize) -> i64 {
    let most = match state.db {
        Db::Sqlite { .. } => SQLITE_TX_US,
        Db::Postgres { .. } => POSTGRES_TX_US,
    };
    let next = match took {
        _ if deleted == 0 => size.max(STRETCH_IDLE),
        took if took > most => size / 2,
        took if took < most / 2 => size + size / 2,
        _ => size,
    };
    next.clamp(STRETCH_MIN, STRETCH_MAX)
}

/// Files first, rows last, as with the cases: stopped between, the same stretch comes again.
async fn delete_listed(state: &Base, run: &mut Run, list: &loose::List, size: i64) -> Result<i64> {
    let before = run.clone();
    let mut tx = state.db.read().await?;
    tx.prefer_indexes().await?;
    let terms = (run.as_of, run.years);
    let ids = list.next(&mut tx, &run.position, terms, size).await?;
    let cut = loose::latest_cut(&mut tx, run.as_of, run.years).await?;
    let files = list.files(&mut tx, &ids).await?;
    drop(tx);
    delete_files(state, files).await?;
    let begun = state.clock.steady();
    let mut tx = begin_deleting(state).await?;
    // Whoever keeps something back meanwhile has it kept.
    let ids = match list.can_be_kept {
        true => list.next(&mut tx, &run.position, terms, size).await?,
        false => ids,
    };
    let mut tally = Tally::default();
    door::open(&mut tx, cut).await?;
    tally.add(list.delete(&mut tx, &ids).await?);
    door::shut(&mut tx).await?;
    run.go_on(ids.last().cloned());
    save(&mut tx, &before, run, &tally, state.now()).await?;
    tx.commit().await?;
    Ok(fit(state, size, state.clock.steady() - begun, ids.len()))
}

/// The position of this stage is the number of the rule.
async fn delete_old(state: &Base, run: &mut Run, size: i64) -> Result<i64> {
    let before = run.clone();
    let begun = state.clock.steady();
    let rule: usize = run.position.parse().unwrap_or(0);
    let Some(age) = loose::AGES.get(rule) else {
        return end_stage(state, run, size).await;
    };
    let mut tx = begin_deleting(state).await?;
    let rows = loose::delete_old(&mut tx, age, run.as_of, size).await?;
    let mut tally = Tally::default();
    tally.add(vec![(age.table, rows, None, None)]);
    let rule = if rows < size { rule + 1 } else { rule };
    run.position = rule.to_string();
    save(&mut tx, &before, run, &tally, state.now()).await?;
    tx.commit().await?;
    Ok(fit(state, size, state.clock.steady() - begun, 1))
}

async fn end_stage(state: &Base, run: &mut Run, size: i64) -> Result<i64> {
    let before = run.clone();
    run.go_on(None);
    let mut tx = state.db.write().await?;
    save(&mut tx, &before, run, &Tally::default(), state.now()).await?;
    tx.commit().await?;
    Ok(size)
}

async fn forget_reports(state: &Base, before: Micros) -> Result<()> {
    let mut tx = state.db.write().await?;
    for statement in [FORGET_KEPT, FORGET_LINES, FORGET_RUNS] {
        tx.execute(statement, params![before]).await?;
    }
    tx.commit().await?;
    Ok(())
}
