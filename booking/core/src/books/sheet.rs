//! CSV that opens right in a spreadsheet in Norway: UTF-8 with its mark, semicolons, decimal commas, one line a row (RFC 4180
//! else).

use texts::format;

use crate::base::Micros;
use crate::base::money::Currency;

/// What tells spreadsheets that the file is UTF-8.
const MARK: &str = "\u{feff}";
/// What a cell must not begin with: a spreadsheet would compute it.
const FORMULA_STARTS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// A text as a cell: on one line, and defused by an apostrophe where a spreadsheet would take it for a formula.
#[must_use]
pub fn text(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    // Spreadsheets look past space, and past what cannot be seen.
    let first = line
        .trim_start_matches(|letter: char| letter.is_whitespace() || letter == '\u{feff}')
        .chars()
        .next();
    let begins_so = first.is_some_and(|first| FORMULA_STARTS.contains(&first));
    if begins_so || text.starts_with(['\t', '\r', '\n']) {
        format!("'{line}")
    } else {
        line
    }
}

/// An amount as a cell: `-1234,50`, without a sign of its currency.
#[must_use]
pub fn amount(minor: i64, currency: &str) -> String {
    let exponent = Currency::parse(currency).map_or(2, |currency| currency.exponent());
    decimal(minor, exponent, ',')
}

/// `minor` with so many decimals.
#[must_use]
pub fn decimal(minor: i64, decimals: u32, point: char) -> String {
    let (unit, width) = (10_u64.pow(decimals), decimals as usize);
    let (whole, rest) = (minor.unsigned_abs() / unit, minor.unsigned_abs() % unit);
    let sign = if minor < 0 { "-" } else { "" };
    if decimals == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}{point}{rest:0width$}")
    }
}

/// A length of time as a cell, seconds: `25` or `25,5`.
#[must_use]
pub fn seconds(length: Micros) -> String {
    let digits = decimal(length, 6, ',');
    digits.trim_end_matches('0').trim_end_matches(',').to_owned()
}

/// A moment as a cell: `2026-11-23 10:00`.
#[must_use]
pub fn moment(at: Micros, zone: &str) -> String {
    format!("{} {}", format::date_of(at, zone), format::clock(at, zone))
}

/// The beginning of a file: the mark and the names of the columns.
///
/// # Panics
/// Never: memory takes what is written to it.
#[must_use]
pub fn begin(columns: &[String]) -> Vec<u8> {
    let mut bytes = MARK.as_bytes().to_vec();
    bytes.extend(lines([columns.to_vec()]));
    bytes
}

/// Rows as they follow each other in a file.
///
/// # Panics
/// Never: memory takes what is written to it.
#[must_use]
pub fn lines(rows: impl IntoIterator<Item = Vec<String>>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(b';')
        .terminator(csv::Terminator::CRLF)
        .flexible(true)
        .from_writer(Vec::new());
    for row in rows {
        writer.write_record(&row).expect("memory takes what is written to it");
    }
    writer.into_inner().expect("memory takes what is written to it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_defused_and_numbers_stay_numbers() {
        let check = |typed: &str, expect: &str| assert_eq!(text(typed), expect, "{typed:?}");
        check("Ola Hansen", "Ola Hansen");
        check("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")");
        check("+47 91", "'+47 91");
        check("-1", "'-1");
        check("@SUM(A1)", "'@SUM(A1)");
        check("\t=1", "' =1");
        check("  =1", "'  =1");
        check("＝1", "'＝1");
        check("a\r\nb", "a  b");
        check("", "");
        check("1-2", "1-2");
    }

    #[test]
    fn numbers_are_written_as_norwegians_write_them() {
        assert_eq!(amount(32_500, "NOK"), "325,00");
        assert_eq!(amount(-5, "NOK"), "-0,05");
        assert_eq!(amount(i64::MIN, "NOK"), "-92233720368547758,08");
        assert_eq!(amount(1_500, "JPY"), "1500");
        assert_eq!(amount(1_500, "KWD"), "1,500");
        assert_eq!(seconds(25_000_000), "25");
        assert_eq!(seconds(25_500_000), "25,5");
        assert_eq!(seconds(0), "0");
        assert_eq!(seconds(100_000_000), "100");
        assert_eq!(moment(1_795_420_800_000_000, "Europe/Oslo"), "2026-11-23 09:00");
    }

    #[test]
    fn a_file_has_its_mark_once_and_quotes_what_needs_it() {
        let mut file = begin(&["Kunde".to_owned(), "Beløp".to_owned()]);
        file.extend(lines([vec![text("Hansen; \"Ola\""), amount(-100, "NOK")]]));
        let expect = "\u{feff}Kunde;Beløp\r\n\"Hansen; \"\"Ola\"\"\";-1,00\r\n";
        assert_eq!(String::from_utf8(file), Ok(expect.to_owned()));
    }
}
