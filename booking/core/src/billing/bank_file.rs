//! Reads a file of what came into the account, as banks let their customers download it: text with a line of headings, cells
//! parted by semicolons, commas or tabs, in quotation marks where they hold one. Pure, and for hostile input.

use std::collections::HashMap;

use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

use crate::base::hex;

/// Longest file that is read, bytes: some thousand payments.
pub const FILE_BYTES_MAX: usize = 64 * 1024;
/// Lines that are read; a longer file is refused as a whole.
pub const LINES_MAX: usize = 2_000;
/// Cells of a line that are looked at.
const CELLS_MAX: usize = 64;
/// Digits of an amount: more is a slip.
const AMOUNT_DIGITS_MAX: usize = 13;

/// Headings, in small letters, by which a column is known.
const DAY: &[&str] = &[
    "dato",
    "bokført",
    "bokført dato",
    "bokføringsdato",
    "date",
    "booking date",
];
const AMOUNT: &[&str] = &["beløp", "inn", "inn på konto", "kreditert", "amount", "credit"];
const KID: &[&str] = &["kid", "kid-nummer", "kidnummer", "reference", "referanse"];
const ID: &[&str] = &[
    "arkivref",
    "arkivreferanse",
    "numref",
    "numerisk ref",
    "transaksjonsid",
    "id",
    "transaction id",
];

/// Money that came in, by a line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankLine {
    /// In the file, from 1.
    pub line: usize,
    pub day: Date,
    pub amount_minor: i64,
    /// Digits; empty where the payer gave none.
    pub kid: String,
    /// Names the payment wherever the file is read again: the same words a second time in one file are a second payment.
    pub key: String,
}

/// What a file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BankFile {
    pub lines: Vec<BankLine>,
    /// Lines without an amount that came in: what went out, and sums.
    pub skipped: usize,
    /// Numbers of the lines that cannot be read.
    pub unreadable: Vec<usize>,
}

/// Why a file cannot be read at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BankFileError {
    #[error("there is nothing in the file")]
    Empty,
    #[error("the file is too long")]
    TooLong,
    /// The first line does not name the columns of day, amount and KID.
    #[error("the headings of day, amount and KID are not in the first line")]
    NoHeadings,
}

/// Where the columns are.
#[derive(Debug, Clone, Copy)]
struct Columns {
    separator: char,
    day: usize,
    amount: usize,
    kid: usize,
    id: Option<usize>,
}

/// Reads a file of the bank.
///
/// # Errors
/// [`BankFileError`] where nothing of it can be used. A line that cannot be read is told beside the others.
pub fn read_bank_file(text: &str) -> Result<BankFile, BankFileError> {
    if text.len() > FILE_BYTES_MAX {
        return Err(BankFileError::TooLong);
    }
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let (_, headings) = lines.next().ok_or(BankFileError::Empty)?;
    let columns = find_columns(headings).ok_or(BankFileError::NoHeadings)?;
    let mut file = BankFile::default();
    let mut seen: HashMap<String, u32> = HashMap::new();
    for (count, (index, line)) in lines.enumerate() {
        if count >= LINES_MAX {
            return Err(BankFileError::TooLong);
        }
        let cells = split_cells(line, columns.separator);
        match read_line(&cells, columns) {
            Read::In(day, amount_minor, kid, id) => {
                let words = format!("{day}|{amount_minor}|{kid}|{id}");
                let before = seen.entry(words.clone()).or_default();
                let key = hex(&Sha256::digest(format!("{words}|{before}")));
                *before += 1;
                file.lines.push(BankLine {
                    line: index + 1,
                    day,
                    amount_minor,
                    kid,
                    key,
                });
            }
            Read::Other => file.skipped += 1,
            Read::Unreadable => file.unreadable.push(index + 1),
        }
    }
    Ok(file)
}

enum Read {
    In(Date, i64, String, String),
    Other,
    Unreadable,
}

fn find_columns(headings: &str) -> Option<Columns> {
    [';', '\t', ','].into_iter().find_map(|separator| {
        let cells: Vec<String> = split_cells(headings, separator)
            .iter()
            .map(|cell| cell.trim().to_lowercase())
            .collect();
        let column = |names: &[&str]| cells.iter().position(|cell| names.contains(&cell.as_str()));
        Some(Columns {
            separator,
            day: column(DAY)?,
            amount: column(AMOUNT)?,
            kid: column(KID)?,
            id: column(ID),
        })
    })
}

/// The cells of a line. A quotation mark within a quoted cell is written twice.
fn split_cells(line: &str, separator: char) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut letters = line.chars().peekable();
    let mut quoted = false;
    while let Some(letter) = letters.next() {
        let last = cells.len() - 1;
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cells[last].push('"');
            }
            '"' if quoted => quoted = false,
            '"' if cells[last].trim().is_empty() => quoted = true,
            _ if letter == separator && !quoted => {
                if cells.len() == CELLS_MAX {
                    break;
                }
                cells.push(String::new());
            }
            _ => cells[last].push(letter),
        }
    }
    cells
}

fn read_line(cells: &[String], columns: Columns) -> Read {
    let cell = |column: usize| cells.get(column).map_or("", |cell| cell.trim());
    let amount = cell(columns.amount);
    if amount.is_empty() || amount.starts_with(['-', '\u{2212}']) {
        return Read::Other;
    }
    let kid: String = cell(columns.kid)
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .collect();
    let is_kid = kid.len() <= 25 && kid.bytes().all(|byte| byte.is_ascii_digit());
    match (read_day(cell(columns.day)), read_bank_amount(amount)) {
        // Money without a reference that can be one is shown, too: somebody must look where it belongs.
        (Some(day), Some(minor)) => {
            let kid = if is_kid { kid } else { String::new() };
            let id = columns.id.map_or("", cell).chars().take(100).collect();
            Read::In(day, minor, kid, id)
        }
        (_, _) => Read::Unreadable,
    }
}

/// `2026-12-01`, `01.12.2026` or `1/12/2026`.
fn read_day(text: &str) -> Option<Date> {
    let part = |separator: char| {
        let parts: Vec<&str> = text.split(separator).collect();
        let [day, month, year] = parts.as_slice() else {
            return None;
        };
        let full = year.len() == 4;
        full.then(|| Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok())?
    };
    let digits = text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit() || b".-/".contains(&byte));
    if !digits {
        return None;
    }
    text.parse().ok().or_else(|| part('.')).or_else(|| part('/'))
}

/// `1 234,50`, `1.234,50`, `1,234.50` or `1234`, in øre: the last mark parts kroner and øre where two digits follow it or fewer.
fn read_bank_amount(text: &str) -> Option<i64> {
    let plain: String = text
        .chars()
        .filter(|letter| !letter.is_whitespace() && *letter != '\u{a0}' && *letter != '\'')
        .collect();
    let plain = plain.strip_prefix('+').unwrap_or(&plain);
    let (whole, part) = match plain.rfind([',', '.']) {
        Some(at) if plain.len() - at <= 3 => (&plain[..at], &plain[at + 1..]),
        Some(_) | None => (plain, ""),
    };
    let mut groups = whole.split([',', '.']);
    let first = groups.next().unwrap_or_default();
    let rest: Vec<&str> = groups.collect();
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let grouped = rest.iter().all(|group| group.len() == 3 && is_digits(group));
    if first.is_empty() || !is_digits(first) || !is_digits(part) || !grouped {
        return None;
    }
    let digits = format!("{first}{}{part:0<2}", rest.concat());
    let minor = if digits.len() <= AMOUNT_DIGITS_MAX {
        digits.parse().ok()?
    } else {
        return None;
    };
    (minor > 0).then_some(minor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn lines(text: &str) -> Vec<(i64, String)> {
        let file = read_bank_file(text).expect("it reads");
        file.lines
            .into_iter()
            .map(|line| (line.amount_minor, line.kid))
            .collect()
    }

    #[test]
    fn files_of_several_banks_are_read() {
        let semicolons = "\u{feff}Bokført dato;Beskrivelse;Inn;Ut;KID\n01.12.2026;Ola;1 234,50;;0000012026000000019\n\n02.12.2026;Ut;;-10,00;\n";
        assert_eq!(lines(semicolons), [(123_450, "0000012026000000019".to_owned())]);
        let commas = "Date,Amount,Reference\n2026-12-01,\"1,234.50\",0000 0120 2600 0000 019\n2026-12-01,15.00,takk";
        let read = [(123_450, "0000012026000000019".to_owned()), (1_500, String::new())];
        assert_eq!(lines(commas), read);
        let tabs = "KID\tDato\tBeløp\n19\t1/12/2026\t390";
        assert_eq!(lines(tabs), [(39_000, "19".to_owned())]);
        let file =
            read_bank_file("Dato;Beløp;KID\n2026-13-01;1;1\n2026-12-01;1,2,3;1\n2026-12-01;-5;1").expect("it reads");
        assert_eq!((file.unreadable, file.skipped), (vec![2, 3], 1));
    }

    #[test]
    fn a_file_without_its_columns_is_refused() {
        assert_eq!(read_bank_file(""), Err(BankFileError::Empty));
        assert_eq!(
            read_bank_file("Dato;Beløp\n2026-12-01;1"),
            Err(BankFileError::NoHeadings)
        );
        assert_eq!(
            read_bank_file(&"x".repeat(FILE_BYTES_MAX + 1)),
            Err(BankFileError::TooLong)
        );
        let long = format!("Dato;Beløp;KID\n{}", "2026-12-01;1;1\n".repeat(LINES_MAX + 1));
        assert_eq!(read_bank_file(&long), Err(BankFileError::TooLong));
    }

    #[test]
    fn the_same_line_has_the_same_key_and_the_second_one_another() {
        let text = "Dato;Beløp;KID;Arkivref\n2026-12-01;1;1;a\n2026-12-01;1;1;a\n2026-12-01;1;1;b";
        let keys = |text: &str| -> Vec<String> {
            let file = read_bank_file(text).expect("it reads");
            file.lines.into_iter().map(|line| line.key).collect()
        };
        let first = keys(text);
        assert_eq!(first, keys(text));
        assert!(first[0] != first[1] && first[1] != first[2] && first[0] != first[2]);
        assert_eq!(keys("KID;Arkivref;Dato;Beløp\n1;a;01.12.2026;1,00"), first[..1]);
    }

    #[test]
    fn days_and_amounts_are_read_as_banks_write_them() {
        assert_eq!(read_day("2026-12-01"), Some(date(2026, 12, 1)));
        assert_eq!(read_day("1.12.2026"), Some(date(2026, 12, 1)));
        assert_eq!(read_day("1.12.26"), None);
        for (text, minor) in [
            ("15", 1_500),
            ("15,5", 1_550),
            ("1.234", 123_400),
            ("1'234.05", 123_405),
            ("+2,00", 200),
        ] {
            assert_eq!(read_bank_amount(text), Some(minor), "{text}");
        }
        for text in ["0", "0,00", "1,2345", "12,34,56", "1e5", ",50", "99999999999999"] {
            assert_eq!(read_bank_amount(text), None, "{text}");
        }
    }

    proptest! {
        /// Whatever is in a file: no panic, and never more lines than it has.
        #[test]
        fn any_text_is_read_or_refused(text in "(Dato[;,\t]Beløp[;,\t]KID\n)?[\\PC\n;,\"\t.0-9-]{0,400}") {
            if let Ok(file) = read_bank_file(&text) {
                prop_assert!(file.lines.len() + file.skipped + file.unreadable.len() < text.lines().count().max(1));
                prop_assert!(file.lines.iter().all(|line| line.amount_minor > 0));
            }
        }
    }
}
