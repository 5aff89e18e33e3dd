//! What a policy looks at, read from Cedar's JSON form. Answers err on the side of "yes": that
//! costs time, not safety. Decides nothing.

use cedar_policy::Policy;
use serde_json::Value;

/// What a policy's conditions look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// The time of the request.
    pub(crate) time: bool,
    /// How risky it is.
    pub(crate) risk: bool,
    /// The name of a resource.
    pub(crate) name: bool,
}

/// Reads a policy's conditions.
pub(crate) fn look(policy: &Policy) -> Look {
    match policy.to_json() {
        Ok(json) => walk(json.get("conditions").unwrap_or(&Value::Null)),
        Err(_) => Look { time: true, risk: true, name: true },
    }
}

fn walk(node: &Value) -> Look {
    let mut found = Look::default();
    match node {
        Value::Object(fields) => {
            for (key, inner) in fields {
                // `context` by itself, compared or put into a set as a whole, carries all of it.
                let whole = key == "Var" && inner == "context";
                (found.time, found.risk) = (found.time || whole, found.risk || whole);
                let access = matches!(key.as_str(), "." | "has");
                found.join(if access { attribute(inner) } else { walk(inner) });
            }
        }
        Value::Array(items) => items.iter().for_each(|item| found.join(walk(item))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found
}

/// `left.attr` or `left has attr`.
fn attribute(access: &Value) -> Look {
    let left = access.get("left").unwrap_or(&Value::Null);
    let names = |word: &str| match access.get("attr") {
        Some(Value::Array(path)) => path.iter().any(|step| step == word),
        Some(one) => one == word,
        None => true,
    };
    let direct = left.get("Var").is_some_and(|variable| variable == "context");
    let mut found = if direct { Look::default() } else { walk(left) };
    found.time |= ["now", "hour", "weekday"].into_iter().any(names);
    found.risk |= ["risk", "share"].into_iter().any(names);
    found.name |= names("name");
    found
}

impl Look {
    fn join(&mut self, other: Self) {
        self.time |= other.time;
        self.risk |= other.risk;
        self.name |= other.name;
    }
}

#[cfg(test)]
mod tests;
