//! What tools are called with, read strictly: a name that nobody knows is a mistake that is told.
//! Knows no tool's meaning.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// The most rows of a result.
pub(super) const MAX_ROWS: u32 = 1_000;
/// Rows of a result if nobody says.
pub(super) const ROWS: u32 = 100;
/// The most that a result may hold, in tokens.
pub(super) const MAX_TOKENS: u32 = 25_000;
/// What a result may hold if nobody says, in tokens.
pub(super) const TOKENS: u32 = 8_000;
/// Bytes that make a token, about.
pub(super) const TOKEN_BYTES: usize = 4;
/// The most parameters of a statement.
const MAX_PARAMETERS: usize = 1_000;

/// A statement.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Statement {
    pub(super) database: Option<String>,
    pub(super) sql: String,
    #[serde(default)]
    pub(super) parameters: Vec<Value>,
    pub(super) max_rows: Option<u32>,
    pub(super) max_tokens: Option<u32>,
}

/// How much of a result is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caps {
    /// Rows.
    pub(super) rows: u32,
    /// Bytes of the answer.
    pub(super) bytes: usize,
}

impl Caps {
    pub(super) fn new(rows: Option<u32>, tokens: Option<u32>) -> Self {
        let tokens = tokens.unwrap_or(TOKENS).clamp(1, MAX_TOKENS);
        let bytes = usize::try_from(tokens).unwrap_or(usize::MAX).saturating_mul(TOKEN_BYTES);
        Self { rows: rows.unwrap_or(ROWS).clamp(1, MAX_ROWS), bytes }
    }
}

impl Statement {
    pub(super) fn caps(&self) -> Caps {
        Caps::new(self.max_rows, self.max_tokens)
    }
}

/// A database, and which of its tables.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tables {
    pub(super) database: Option<String>,
    pub(super) schema: Option<String>,
}

/// A table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    pub(super) database: Option<String>,
    pub(super) table: String,
}

/// A pseudonym, and where it was seen or is looked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Follow {
    pub(super) database: Option<String>,
    pub(super) table: String,
    pub(super) column: String,
    pub(super) pseudonym: String,
    #[serde(default)]
    pub(super) columns: Vec<String>,
    pub(super) max_rows: Option<u32>,
    pub(super) max_tokens: Option<u32>,
}

/// A request for approval, and how long it is waited for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Await {
    pub(super) request: String,
    pub(super) seconds: Option<u64>,
}

/// Nothing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// Reads a tool's arguments; the error is for the model.
pub(super) fn read<T: DeserializeOwned>(
    arguments: Option<Map<String, Value>>,
) -> Result<T, String> {
    serde_json::from_value(Value::Object(arguments.unwrap_or_default()))
        .map_err(|error| format!("the arguments are not understood: {error}"))
}

/// Values of parameters as the server reads them.
pub(super) fn values(parameters: &[Value]) -> Result<Vec<Option<String>>, String> {
    if parameters.len() > MAX_PARAMETERS {
        return Err(format!("there are more than {MAX_PARAMETERS} parameters"));
    }
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let values: Vec<Option<String>> = parameters.iter().map(text).collect();
    match values.iter().flatten().any(|value| value.contains('\0')) {
        true => Err("a parameter holds a NUL, which no text of a database can".to_owned()),
        false => Ok(values),
    }
}

/// A name as it stands in SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A table by `schema.name`, or by its name where the path of the session finds it.
pub(super) fn table(name: &str) -> String {
    match name.split_once('.') {
        Some((schema, name)) => format!("{}.{}", quoted(schema), quoted(name)),
        None => quoted(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_become_texts_and_names_stay_names() {
        let given = [json!(null), json!("a"), json!(1.5), json!(true), json!({ "a": [1] })];
        let texts = [None, Some("a"), Some("1.5"), Some("true"), Some(r#"{"a":[1]}"#)];
        let expected: Vec<Option<String>> = texts.map(|text| text.map(str::to_owned)).to_vec();
        assert_eq!(values(&given).unwrap(), expected);
        assert!(values(&[json!("a\0b")]).is_err());
        assert!(values(&vec![json!(1); MAX_PARAMETERS + 1]).is_err());
        assert_eq!(table("public.a\"; drop"), "\"public\".\"a\"\"; drop\"");
        assert_eq!(table("people"), "\"people\"");
    }

    #[test]
    fn what_is_not_understood_is_told() {
        let given = |value: Value| value.as_object().cloned();
        let statement = read::<Statement>(given(json!({ "sql": "select 1", "max_rows": 5000 })));
        let caps = statement.unwrap().caps();
        assert_eq!((caps.rows, caps.bytes), (MAX_ROWS, 32_000));
        assert!(read::<Statement>(given(json!({ "sql": 1 }))).is_err());
        assert!(read::<Table>(given(json!({ "table": "a", "admin": true }))).is_err());
        assert!(read::<Nothing>(None).is_ok());
    }
}
