//! PATCH (RFC 7644 section 3.5.2), as the large providers send it. What is not kept here (names to
//! show, addresses) is passed over; what is kept must be understood, in every spelling that counts
//! as the same.

use super::{
    ScimError,
    attributes::{GROUP, USER, attribute, attributes, field},
};
use serde_json::Value;
use store::Members;

/// The most operations of one request.
const MAX_OPERATIONS: usize = 200;

/// What becomes of a user.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct UserChange {
    pub(super) active: Option<bool>,
    pub(super) name: Option<String>,
}

/// What becomes of a group.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct GroupChange {
    pub(super) members: Vec<Members>,
    pub(super) name: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Doing {
    Add,
    Replace,
    Remove,
}

struct Operation<'b> {
    doing: Doing,
    path: &'b str,
    value: Option<&'b Value>,
}

fn wrong(what: &str) -> ScimError {
    ScimError::bad("invalidValue", what)
}

fn operations(body: &Value) -> Result<Vec<Operation<'_>>, ScimError> {
    let list = field(body, "operations")?.and_then(Value::as_array);
    let list = list.filter(|list| list.len() <= MAX_OPERATIONS);
    let list = list.ok_or_else(|| ScimError::bad("invalidSyntax", "there are no Operations"))?;
    let read = |one| operation(one);
    list.iter().map(read).collect()
}

fn operation(one: &Value) -> Result<Operation<'_>, ScimError> {
    let doing = field(one, "op")?.and_then(Value::as_str);
    let doing = match doing.unwrap_or_default().to_ascii_lowercase().as_str() {
        "add" => Doing::Add,
        "replace" => Doing::Replace,
        "remove" => Doing::Remove,
        _ => return Err(ScimError::bad("invalidSyntax", "an op is add, replace or remove")),
    };
    let path = match field(one, "path")? {
        None => "",
        Some(path) => {
            path.as_str().ok_or_else(|| ScimError::bad("invalidPath", "a path is a text"))?
        }
    };
    Ok(Operation { doing, path, value: field(one, "value")? })
}

/// Yes or no, also as a text: that is how one of the large providers sends it.
pub(super) fn truth(value: &Value) -> Result<bool, ScimError> {
    match value {
        Value::Bool(truth) => Ok(*truth),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(wrong("active is true or false")),
    }
}

/// Members by their ids.
pub(super) fn members(value: &Value) -> Result<Vec<String>, ScimError> {
    let id = |one: &Value| {
        let id = field(one, "value")?.and_then(Value::as_str).map(str::to_owned);
        id.ok_or_else(|| wrong("a member has a value, which is a user's id"))
    };
    match value {
        Value::Array(list) => list.iter().map(id).collect(),
        one => Ok(vec![id(one)?]),
    }
}

/// What a PATCH of a user says.
pub(super) fn user(body: &Value) -> Result<UserChange, ScimError> {
    let mut change = UserChange::default();
    for operation in operations(body)? {
        let path = attribute(USER, operation.path)?;
        let kept = matches!(path.as_str(), "active" | "username");
        if kept && operation.doing == Doing::Remove {
            return Err(ScimError::bad("mutability", "that cannot be removed"));
        }
        if path.is_empty() {
            for (name, value) in attributes(USER, whole(operation.value)?)? {
                if operation.doing == Doing::Remove
                    && matches!(name.as_str(), "active" | "username")
                {
                    return Err(ScimError::bad("mutability", "that cannot be removed"));
                }
                set(&mut change, &name, value)?;
            }
        } else if let Some(value) = operation.value {
            set(&mut change, &path, value)?;
        } else if kept {
            return Err(wrong("there is no value"));
        }
    }
    Ok(change)
}

/// The value of an operation without a path.
fn whole(value: Option<&Value>) -> Result<&Value, ScimError> {
    let object = value.filter(|value| value.is_object());
    object.ok_or_else(|| wrong("without a path the value is an object"))
}

fn set(change: &mut UserChange, name: &str, value: &Value) -> Result<(), ScimError> {
    match name {
        "active" => change.active = Some(truth(value)?),
        "username" => {
            let name = value.as_str().ok_or_else(|| wrong("a userName is a text"))?;
            change.name = Some(name.to_owned());
        }
        _ => {}
    }
    Ok(())
}

/// What a PATCH of a group says.
pub(super) fn group(body: &Value) -> Result<GroupChange, ScimError> {
    let mut change = GroupChange::default();
    for Operation { doing, path, value } in operations(body)? {
        let small = attribute(GROUP, path.split('[').next().unwrap_or_default())?;
        if let Some(member) = selected(path) {
            if doing != Doing::Remove {
                return Err(ScimError::bad("invalidPath", "such a member can only be removed"));
            }
            change.members.push(Members::Without(vec![member?]));
        } else if small == "members" {
            let given = value.map(members).transpose()?;
            change.members.push(match (doing, given) {
                (Doing::Add, Some(more)) => Members::Also(more),
                (Doing::Replace, Some(all)) => Members::Are(all),
                (Doing::Remove, Some(fewer)) => Members::Without(fewer),
                (Doing::Remove, None) => Members::Are(Vec::new()),
                (Doing::Add | Doing::Replace, None) => return Err(wrong("there is no value")),
            });
        } else if small == "displayname" {
            let name = value.and_then(Value::as_str);
            change.name = Some(name.ok_or_else(|| wrong("a displayName is a text"))?.to_owned());
        } else if small.is_empty() {
            let fields = attributes(GROUP, whole(value)?)?;
            if let Some(name) = fields.get("displayname") {
                let name = name.as_str().ok_or_else(|| wrong("a displayName is a text"))?;
                change.name = Some(name.to_owned());
            }
            if let Some(given) = fields.get("members") {
                let given = members(given)?;
                change.members.push(match doing {
                    Doing::Add => Members::Also(given),
                    Doing::Replace => Members::Are(given),
                    Doing::Remove => Members::Without(given),
                });
            }
        }
    }
    Ok(change)
}

/// The member of `members[value eq "alice"]`.
fn selected(path: &str) -> Option<Result<String, ScimError>> {
    let (name, rest) = path.split_once('[')?;
    let inside = || {
        let members = attribute(GROUP, name).ok()? == "members";
        let filter = rest.strip_suffix(']').filter(|_| members)?;
        let (attribute, value) = super::equality(filter).ok()?;
        (attribute == "value").then_some(value)
    };
    let wrong = || ScimError::bad("invalidPath", "a path is members[value eq \"id\"]");
    Some(inside().ok_or_else(wrong))
}
