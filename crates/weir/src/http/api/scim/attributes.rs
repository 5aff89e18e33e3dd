//! Names of attributes (RFC 7643 section 2.1, RFC 7644 section 3.10): in letters of either size,
//! with or without the schema before them. What names something that is kept and is not understood
//! is refused: whoever is to be switched off must not stay because of a spelling.

use super::ScimError;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The schema of users, in small letters.
pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:user";
/// The schema of groups.
pub(super) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:group";

/// What decides who may do what: never passed over.
const MATTERS: [&str; 2] = ["active", "members"];
/// What is kept of users and of groups.
const KEPT: [&str; 5] = ["active", "members", "username", "displayname", "externalid"];

/// The name of an attribute in small letters, without its schema; empty if it is the schema itself.
pub(super) fn attribute(schema: &str, name: &str) -> Result<String, ScimError> {
    let small = name.trim().to_ascii_lowercase();
    let bare = match small.strip_prefix(schema) {
        Some("") => "",
        Some(rest) => rest.strip_prefix(':').unwrap_or(&small),
        None => &small,
    };
    if KEPT.contains(&bare) {
        return Ok(bare.to_owned());
    }
    // What a filter compares with names nothing.
    let outside = bare.split('[').map(|part| part.rsplit(']').next().unwrap_or_default());
    let mut words = outside.flat_map(|part| part.split(|c: char| !c.is_alphanumeric()));
    if words.any(|word| MATTERS.contains(&word)) {
        let what = "this names active or members in a way that is not understood";
        return Err(ScimError::bad("invalidPath", what));
    }
    Ok(bare.to_owned())
}

/// The attributes of a resource, or of a part of one, by their names as [`attribute`] has them.
pub(super) fn attributes<'b>(
    schema: &str,
    body: &'b Value,
) -> Result<BTreeMap<String, &'b Value>, ScimError> {
    let mut all = BTreeMap::new();
    for (name, value) in object(body)? {
        let name = attribute(schema, name)?;
        match value.as_object() {
            // The attributes of a schema may stand in an object of its name.
            Some(inner) if name.is_empty() => {
                for (name, value) in inner {
                    put(&mut all, attribute(schema, name)?, value)?;
                }
            }
            Some(inner) if name.starts_with("urn:") => {
                for name in inner.keys() {
                    // Of another schema: not kept, whatever it is called, but not to be mistaken.
                    if MATTERS.contains(&attribute(schema, name)?.as_str()) {
                        let what = "active and members are of the core schema";
                        return Err(ScimError::bad("invalidPath", what));
                    }
                }
            }
            _ => put(&mut all, name, value)?,
        }
    }
    Ok(all)
}

/// A field of an object, its name in letters of either size.
pub(super) fn field<'b>(body: &'b Value, name: &str) -> Result<Option<&'b Value>, ScimError> {
    let Some(fields) = body.as_object() else { return Ok(None) };
    let mut found = fields.iter().filter(|(one, _)| one.eq_ignore_ascii_case(name));
    let first = found.next().map(|(_, value)| value);
    match found.next() {
        Some(_) => Err(twice(name)),
        None => Ok(first),
    }
}

fn object(body: &Value) -> Result<&Map<String, Value>, ScimError> {
    body.as_object().ok_or_else(|| ScimError::bad("invalidSyntax", "this is no object"))
}

fn put<'b>(
    all: &mut BTreeMap<String, &'b Value>,
    name: String,
    value: &'b Value,
) -> Result<(), ScimError> {
    let kept = KEPT.contains(&name.as_str());
    match all.insert(name.clone(), value) {
        Some(_) if kept => Err(twice(&name)),
        _ => Ok(()),
    }
}

fn twice(name: &str) -> ScimError {
    ScimError::bad("invalidSyntax", format!("{name} is there twice"))
}
