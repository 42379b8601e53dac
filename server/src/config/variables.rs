//! Variables whose keys are texts: taken letter by letter, so that a password of digits stays a text.

use figment::providers::{Env, Serialized};
use figment::value::{Dict, Empty, Map, Tag, Value};
use figment::{Error, Metadata, Profile, Provider};

use super::Config;

/// Those of the variables that are texts, without the guesses about their type that the others need. One that is empty
/// leaves a key unset that can be: compose files pass on what nobody filled in. What stands in quotes is left to the
/// usual reading.
pub(super) struct Texts(pub(super) Env);

impl Provider for Texts {
    fn metadata(&self) -> Metadata {
        self.0.metadata()
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let known = Serialized::defaults(Config::default()).data()?;
        let known = known.into_values().next().unwrap_or_default();
        let mut texts = Dict::new();
        for (key, value) in self.0.iter() {
            let quoted = value.len() > 1 && value.starts_with('"') && value.ends_with('"');
            let (table, key) = match key.as_str().split_once('.') {
                Some((table, key)) => (Some(table), key),
                None => (None, key.as_str()),
            };
            let default = match table {
                Some(table) => known.get(table).and_then(Value::as_dict).and_then(|keys| keys.get(key)),
                None => known.get(key),
            };
            let value = match default {
                Some(Value::Empty(..)) if value.is_empty() => Value::Empty(Tag::Default, Empty::None),
                Some(Value::Empty(..) | Value::String(..)) if !quoted => Value::from(value),
                _ => continue,
            };
            insert(&mut texts, table, key, value);
        }
        Ok(Map::from([(Profile::Default, texts)]))
    }
}

fn insert(texts: &mut Dict, table: Option<&str>, key: &str, value: Value) {
    let Some(table) = table else {
        texts.insert(key.to_owned(), value);
        return;
    };
    let keys = texts
        .entry(table.to_owned())
        .or_insert_with(|| Value::from(Dict::new()));
    if let Value::Dict(_, keys) = keys {
        keys.insert(key.to_owned(), value);
    }
}
