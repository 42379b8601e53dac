//! Looking for a part of a text, in capitals or small letters, alike on both engines.

/// SQL for a column in small letters. `LOWER` makes small only ASCII on SQLite, and on PostgreSQL what its locale knows, so
/// the letters of names here are named one by one.
#[macro_export]
macro_rules! small_letters {
    ($column:literal) => {
        concat!(
            "REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(LOWER(",
            $column,
            "), 'Æ', 'æ'), 'Ø', 'ø'), 'Å', 'å'), 'Ä', 'ä'), 'Ö', 'ö'), 'É', 'é'), 'Ü', 'ü'), 'Á', 'á'), 'Š', 'š'), 'Č', 'č')"
        )
    };
}

/// A pattern for `LIKE … ESCAPE '!'` that fits every text with `part` in it; the signs of patterns mean themselves.
#[must_use]
pub fn pattern_within(part: &str) -> String {
    let plain = part.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{plain}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_patterns_mean_themselves() {
        assert_eq!(pattern_within("50%_!"), "%50!%!_!!%");
        assert_eq!(pattern_within("åshild"), "%åshild%");
    }
}
