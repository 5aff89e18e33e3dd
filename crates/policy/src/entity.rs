//! From our nouns to Cedar's entities. Knows the schema's entity types and how ids are written;
//! knows no policy and makes no decision.

use cedar_policy::{Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression};
use model::{Class, Identity, IdentityKind, Label};
use std::collections::{HashMap, HashSet};

/// The entity types of `schema.cedarschema`, parsed once.
#[derive(Debug)]
pub(crate) struct Types {
    person: EntityTypeName,
    service: EntityTypeName,
    agent: EntityTypeName,
    group: EntityTypeName,
    database: EntityTypeName,
    schema: EntityTypeName,
    table: EntityTypeName,
    column: EntityTypeName,
    label: EntityTypeName,
    class: EntityTypeName,
}

/// A thing that policies speak of, by its names.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Object<'a> {
    /// The database itself.
    Database,
    /// A group, to be a member of it for a while.
    Group { name: &'a str },
    /// A relation.
    Table { schema: &'a str, name: &'a str },
    /// A column with its label and that label's class, if it bears one.
    Column { schema: &'a str, table: &'a str, name: &'a str, label: Option<(&'a Label, Class)> },
}

impl Types {
    /// Fails only if a name is not a Cedar name, which a test rules out.
    pub(crate) fn new() -> Result<Self, Box<cedar_policy::ParseErrors>> {
        Ok(Self {
            person: "Person".parse().map_err(Box::new)?,
            service: "Service".parse().map_err(Box::new)?,
            agent: "Agent".parse().map_err(Box::new)?,
            group: "Group".parse().map_err(Box::new)?,
            database: "Database".parse().map_err(Box::new)?,
            schema: "Schema".parse().map_err(Box::new)?,
            table: "Table".parse().map_err(Box::new)?,
            column: "Column".parse().map_err(Box::new)?,
            label: "Label".parse().map_err(Box::new)?,
            class: "Class".parse().map_err(Box::new)?,
        })
    }

    /// The type of a principal.
    pub(crate) fn kind(&self, kind: IdentityKind) -> &EntityTypeName {
        match kind {
            IdentityKind::Person => &self.person,
            IdentityKind::Service => &self.service,
            IdentityKind::Agent => &self.agent,
        }
    }

    /// The type of a column.
    pub(crate) fn column(&self) -> &EntityTypeName {
        &self.column
    }

    /// An identity in its groups.
    pub(crate) fn principal(&self, identity: &Identity) -> Entity {
        let groups = identity.groups.iter().map(|group| uid(&self.group, group)).collect();
        Entity::new_no_attrs(uid(self.kind(identity.kind), identity.name.as_str()), groups)
    }

    /// An object of this database with everything it is `in`, so that no further entity is needed
    /// to decide on it. `None` if Cedar cannot express it: then it cannot be permitted.
    pub(crate) fn object(&self, database: &str, object: Object<'_>) -> Option<Entity> {
        let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
        let within = uid(&self.database, &path(&[database]));
        Some(match object {
            Object::Database => Entity::with_uid(within),
            Object::Group { name } => Entity::with_uid(uid(&self.group, name)),
            Object::Table { schema, name } => Entity::new(
                uid(&self.table, &path(&[database, schema, name])),
                HashMap::from([
                    ("schema".to_owned(), text(schema)),
                    ("name".to_owned(), text(name)),
                    ("temporary".to_owned(), RestrictedExpression::new_bool(temporary(schema))),
                ]),
                HashSet::from([uid(&self.schema, &path(&[database, schema])), within]),
            )
            .ok()?,
            Object::Column { schema, table, name, label } => {
                let mut parents = HashSet::from([
                    uid(&self.table, &path(&[database, schema, table])),
                    uid(&self.schema, &path(&[database, schema])),
                    within,
                ]);
                if let Some((label, class)) = label {
                    parents.insert(uid(&self.label, label.as_str()));
                    parents.insert(uid(&self.class, class.as_str()));
                }
                Entity::new(
                    uid(&self.column, &path(&[database, schema, table, name])),
                    HashMap::from([
                        ("schema".to_owned(), text(schema)),
                        ("table".to_owned(), text(table)),
                        ("name".to_owned(), text(name)),
                    ]),
                    parents,
                )
                .ok()?
            }
        })
    }
}

/// True for the schemas in which a session's temporary tables live. No ordinary schema can have
/// such a name: PostgreSQL reserves the prefix `pg_`.
pub(crate) fn temporary(schema: &str) -> bool {
    schema == "pg_temp" || schema.starts_with("pg_temp_")
}

/// Names joined by dots. A name that itself holds a dot or a double quote is quoted as in SQL, so
/// that no two objects share an id: whoever may create a table called `a.b` gains nothing by it.
pub(crate) fn path(names: &[&str]) -> String {
    let mut out = String::with_capacity(names.iter().map(|name| name.len() + 1).sum());
    for (position, name) in names.iter().enumerate() {
        if position > 0 {
            out.push('.');
        }
        if name.is_empty() || name.contains(['.', '"']) {
            out.push('"');
            out.push_str(&name.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(name);
        }
    }
    out
}

fn uid(name: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(name.clone(), EntityId::new(id))
}

#[cfg(test)]
mod tests;
