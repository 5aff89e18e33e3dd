//! What a policy looks at, read from Cedar's JSON form. Answers err on the side of "yes": that
//! costs time, not safety. Decides nothing.

use cedar_policy::Policy;
use serde_json::Value;

/// What conditions look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    /// The time of the request, to the second.
    pub now: bool,
    /// The hour or the weekday of the request.
    pub clock: bool,
    /// The client's address.
    pub address: bool,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// What the client calls itself.
    pub application: bool,
    /// How risky it is.
    pub risk: bool,
    /// How much of a table was read before.
    pub share: bool,
    /// The task or how much is left of it.
    pub left: bool,
    /// The name of a resource.
    pub name: bool,
}

/// Everything: `context` by itself, compared or put into a set as a whole.
const WHOLE: Looks = Looks {
    now: true,
    clock: true,
    address: true,
    tls: true,
    application: true,
    risk: true,
    share: true,
    left: true,
    name: false,
};

/// Reads a policy's conditions.
pub(crate) fn look(policy: &Policy) -> Looks {
    match policy.to_json() {
        Ok(json) => walk(json.get("conditions").unwrap_or(&Value::Null)),
        Err(_) => Looks { name: true, ..WHOLE },
    }
}

fn walk(node: &Value) -> Looks {
    let mut found = Looks::default();
    match node {
        Value::Object(fields) => {
            for (key, inner) in fields {
                let access = matches!(key.as_str(), "." | "has");
                if key == "Var" && inner == "context" {
                    found = found.and(WHOLE);
                }
                found = found.and(if access { attribute(inner) } else { walk(inner) });
            }
        }
        Value::Array(items) => {
            found = items.iter().fold(found, |found, item| found.and(walk(item)));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found
}

/// `left.attr` or `left has attr`.
fn attribute(access: &Value) -> Looks {
    let left = access.get("left").unwrap_or(&Value::Null);
    let names = |word: &str| match access.get("attr") {
        Some(Value::Array(path)) => path.iter().any(|step| step == word),
        Some(one) => one == word,
        None => true,
    };
    let direct = left.get("Var").is_some_and(|variable| variable == "context");
    let mut found = if direct { Looks::default() } else { walk(left) };
    found.now |= names("now");
    found.clock |= names("hour") || names("weekday");
    found.address |= names("address");
    found.tls |= names("tls");
    found.application |= names("application");
    found.risk |= names("risk");
    found.share |= names("share");
    found.left |= names("left") || names("task");
    found.name |= names("name");
    found
}

impl Looks {
    /// What either looks at.
    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            now: self.now || other.now,
            clock: self.clock || other.clock,
            address: self.address || other.address,
            tls: self.tls || other.tls,
            application: self.application || other.application,
            risk: self.risk || other.risk,
            share: self.share || other.share,
            left: self.left || other.left,
            name: self.name || other.name,
        }
    }
}

#[cfg(test)]
mod tests;
