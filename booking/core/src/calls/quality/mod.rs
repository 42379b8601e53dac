//! How the streams of a call did: stored while it runs, shown to the operator, gone after thirty days or with the account
//! of anybody in it.

mod sampler;

use signaling_protocol::live::{Direction, Layer, Leg};
use signaling_protocol::message::SourceKind;

use crate::base::Result;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::{Base, DAY_US, Micros};
use crate::{params, statements};

pub use sampler::Sampler;

/// Rows of one call; further ones are left out. Eight streams that change all the time fill it in seven hours.
pub const ROWS_MAX: i64 = 20_000;
/// How long rows are kept.
pub const KEPT_US: Micros = 30 * DAY_US;

statements! {
    COUNT = "SELECT COUNT(*) FROM call_quality WHERE call_id = $1";
    INSERT = "INSERT INTO call_quality (call_id, seat_id, direction, source, from_seat_id, at_us, bitrate_bps, lost_permille,
                  jitter_us, spatial, temporal, wanted_spatial, wanted_temporal, score_centi)
              SELECT c.id, s.id, $3, $4, f.id, $6, $7, $8, $9, $10, $11, $12, $13, $14
              FROM call c JOIN seat s ON s.appointment_id = c.id JOIN seat f ON f.appointment_id = c.id
              WHERE c.id = $1 AND s.id = $2 AND f.id = $5
              ON CONFLICT (call_id, seat_id, direction, source, from_seat_id, at_us) DO NOTHING";
    TIMELINE = "SELECT seat_id, direction, source, from_seat_id, at_us, bitrate_bps, lost_permille, jitter_us, spatial, temporal,
                    wanted_spatial, wanted_temporal, score_centi
                FROM call_quality WHERE call_id = $1
                ORDER BY seat_id, direction DESC, source DESC, from_seat_id, at_us LIMIT 20000";
    /// account: in every call in which it sat, for both sides
    ERASE = "DELETE FROM call_quality WHERE call_id IN (SELECT s.appointment_id FROM seat s WHERE s.account_id = $1)";
    SWEEP = "DELETE FROM call_quality WHERE at_us < $1";
}

/// A leg at one time, from the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    pub at: Micros,
    pub leg: Leg,
}

impl FromRow for Sample {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let layer = |spatial: &str, temporal: &str| -> Result<Option<Layer>, sqlx::Error> {
            let (spatial, temporal): (Option<i64>, Option<i64>) = (row.get(spatial)?, row.get(temporal)?);
            let byte = |number: i64| u8::try_from(number).unwrap_or(u8::MAX);
            Ok(spatial.zip(temporal).map(|(s, t)| (byte(s), byte(t))))
        };
        let score: Option<i64> = row.get("score_centi")?;
        Ok(Self {
            at: row.get("at_us")?,
            leg: Leg {
                seat: row.get("seat_id")?,
                direction: direction(&row.get::<String>("direction")?),
                source: source(&row.get::<String>("source")?),
                from_seat: row.get("from_seat_id")?,
                bitrate_bps: u64::try_from(row.get::<i64>("bitrate_bps")?).unwrap_or(0),
                lost_permille: u32::try_from(row.get::<i64>("lost_permille")?).unwrap_or(0),
                jitter_us: u64::try_from(row.get::<i64>("jitter_us")?).unwrap_or(0),
                layer: layer("spatial", "temporal")?,
                wanted_layer: layer("wanted_spatial", "wanted_temporal")?,
                score_centi: score.and_then(|score| u32::try_from(score).ok()),
            },
        })
    }
}

fn direction(name: &str) -> Direction {
    if name == Direction::Sent.name() {
        Direction::Sent
    } else {
        Direction::Received
    }
}

fn source(name: &str) -> SourceKind {
    use SourceKind::{Camera, Microphone, Screen, ScreenAudio};
    let named = [Camera, Screen, ScreenAudio]
        .into_iter()
        .find(|kind| kind.name() == name);
    named.unwrap_or(Microphone)
}

/// Stores how the legs of calls did at `at`, all in one transaction. A call that has its [`ROWS_MAX`] gets no more; legs
/// of seats that are not of their call are left out.
///
/// # Errors
/// When the database fails; then nothing was stored.
pub async fn record(state: &Base, at: Micros, calls: &[(String, Vec<Leg>)]) -> Result<(), DbError> {
    let mut tx = state.db.write().await?;
    for (call, legs) in calls {
        let mut room = ROWS_MAX - tx.one::<i64>(COUNT, params![call]).await?;
        for leg in legs {
            if room <= 0 {
                break;
            }
            room -= 1;
            insert(&mut tx, call, at, leg).await?;
        }
    }
    tx.commit().await
}

async fn insert(tx: &mut Tx, call: &str, at: Micros, leg: &Leg) -> Result<(), DbError> {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let spatial = |layer: Option<Layer>| layer.map(|(spatial, _)| i64::from(spatial));
    let temporal = |layer: Option<Layer>| layer.map(|(_, temporal)| i64::from(temporal));
    let params = params![
        call,
        &leg.seat,
        leg.direction.name(),
        leg.source.name(),
        &leg.from_seat,
        at,
        number(leg.bitrate_bps),
        i64::from(leg.lost_permille),
        number(leg.jitter_us),
        spatial(leg.layer),
        temporal(leg.layer),
        spatial(leg.wanted_layer),
        temporal(leg.wanted_layer),
        leg.score_centi.map(i64::from)
    ];
    tx.execute(INSERT, params).await?;
    Ok(())
}

/// Everything stored about a call's legs, leg by leg, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn timeline(tx: &mut Tx, call: &str) -> Result<Vec<Sample>> {
    Ok(tx.all(TIMELINE, params![call]).await?)
}
