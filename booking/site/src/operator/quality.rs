//! The quality timeline of a call as the page draws it: a line a stream, and what to read from it.

use std::collections::BTreeMap;

use web::pages::operator::{LegSource, QualityRow};

use booking_core::base::Micros;
use booking_core::calls::quality::Sample;
use signaling_protocol::live::{Direction, Leg};
use signaling_protocol::message::SourceKind;

/// Columns of a line; a column shows the worst that fell into it.
const COLUMNS: usize = 120;
/// A value holds until the next one, but no longer than this: rows come at least once a minute.
const HELD_US: Micros = 90_000_000;
/// The scale of the score, hundredths.
const SCORE_MIN: u32 = 100;
const SCORE_MAX: u32 = 450;
/// Height of a line in its own units.
const HEIGHT: u32 = 24;

/// A source in the words of the pages.
pub(super) fn source(kind: SourceKind) -> LegSource {
    match kind {
        SourceKind::Camera => LegSource::Camera,
        SourceKind::Screen => LegSource::Screen,
        SourceKind::ScreenAudio => LegSource::ScreenAudio,
        SourceKind::Microphone => LegSource::Microphone,
    }
}

/// One row for each stream that was ever judged. `who` names seats.
pub(super) fn rows(samples: &[Sample], who: impl Fn(&str) -> String) -> Vec<QualityRow> {
    let mut streams: BTreeMap<(&str, Direction, &str, &str), Vec<&Sample>> = BTreeMap::new();
    for sample in samples {
        let Leg {
            seat,
            direction,
            source,
            from_seat,
            ..
        } = &sample.leg;
        streams
            .entry((seat, *direction, source.name(), from_seat))
            .or_default()
            .push(sample);
    }
    let (Some(begin), Some(end)) = (
        samples.iter().map(|sample| sample.at).min(),
        samples.iter().map(|sample| sample.at).max(),
    ) else {
        return Vec::new();
    };
    let row = |((seat, direction, _, from), samples): ((&str, Direction, &str, &str), Vec<&Sample>)| {
        let columns = columns(&samples, begin, end);
        let scores: Vec<u32> = columns.iter().flatten().copied().collect();
        let count = u32::try_from(scores.len()).unwrap_or(u32::MAX);
        Some(QualityRow {
            who: who(seat),
            sent: direction == Direction::Sent,
            source: source(samples.first()?.leg.source),
            from: who(from),
            from_at: samples.first()?.at,
            to_at: samples.last()?.at,
            lowest_centi: *scores.iter().min()?,
            mean_centi: scores.iter().sum::<u32>() / count.max(1),
            lost_permille_max: samples.iter().map(|sample| sample.leg.lost_permille).max()?,
            lines: lines(&columns),
        })
    };
    streams.into_iter().filter_map(row).collect()
}

/// The worst score in each column; `None` where nothing is known.
fn columns(samples: &[&Sample], begin: Micros, end: Micros) -> Vec<Option<u32>> {
    let last = i64::try_from(COLUMNS - 1).expect("few");
    let span = (end - begin).max(1);
    let column = |at: Micros| usize::try_from((at - begin).clamp(0, span) * last / span).expect("within the columns");
    let mut columns = vec![None; COLUMNS];
    for (number, sample) in samples.iter().enumerate() {
        let Some(score) = sample.leg.score_centi else { continue };
        let next = samples.get(number + 1).map_or(sample.at, |next| next.at);
        let until = next.min(sample.at + HELD_US);
        for value in &mut columns[column(sample.at)..=column(until)] {
            *value = Some(value.map_or(score, |worse: u32| worse.min(score)));
        }
    }
    columns
}

/// Points of the polylines, one for each stretch without a gap.
fn lines(columns: &[Option<u32>]) -> Vec<String> {
    let height = |score: u32| {
        let score = score.clamp(SCORE_MIN, SCORE_MAX);
        HEIGHT - (score - SCORE_MIN) * HEIGHT / (SCORE_MAX - SCORE_MIN)
    };
    let mut lines = vec![String::new()];
    for (x, score) in columns.iter().enumerate() {
        let Some(line) = lines.last_mut() else { break };
        match score {
            // A stretch of one column is still to be seen.
            Some(score) if line.is_empty() => {
                let y = height(*score);
                line.push_str(&format!("{x},{y} {}.5,{y}", x));
            }
            Some(score) => line.push_str(&format!(" {x},{}", height(*score))),
            None if line.is_empty() => {}
            None => lines.push(String::new()),
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at_s: i64, score_centi: Option<u32>) -> Sample {
        Sample {
            at: at_s * 1_000_000,
            leg: Leg {
                seat: "s".into(),
                direction: Direction::Received,
                source: SourceKind::Camera,
                from_seat: "f".into(),
                bitrate_bps: 1,
                lost_permille: 7,
                jitter_us: 1,
                layer: None,
                wanted_layer: None,
                score_centi,
            },
        }
    }

    #[test]
    fn a_line_shows_the_worst_and_its_gaps() {
        let samples = [
            sample(0, Some(450)),
            sample(60, Some(450)),
            sample(90, Some(100)),
            sample(120, None),
            sample(400, Some(450)),
        ];
        let rows = rows(&samples, str::to_uppercase);
        assert_eq!(rows.len(), 1);
        let row = &rows[0];
        assert_eq!((row.who.as_str(), row.from.as_str(), row.sent), ("S", "F", false));
        assert_eq!((row.lowest_centi, row.lost_permille_max), (100, 7));
        assert!((300..400).contains(&row.mean_centi), "{row:?}");
        assert_eq!(row.lines.len(), 2, "{row:?}");
        assert!(
            row.lines[0].starts_with("0,0 0.5,0 1,0") && row.lines[0].contains(",24"),
            "{row:?}"
        );
    }

    #[test]
    fn what_was_never_judged_has_no_row() {
        assert!(rows(&[], str::to_uppercase).is_empty());
        assert!(rows(&[sample(0, None)], str::to_uppercase).is_empty());
        let one = rows(&[sample(5, Some(300))], str::to_uppercase);
        assert_eq!(one[0].lines, ["0,11 0.5,11"]);
    }
}
