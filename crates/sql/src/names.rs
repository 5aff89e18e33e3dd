//! From a name in the text to the thing in the catalog, as PostgreSQL looks it up. Knows paths and
//! schemas, no statements.

use model::{
    Catalog,
    catalog::{Function, Relation, Type},
    facts::RelationRef,
};
use pg_raw_parse::{Node, nodes};
use std::sync::Arc;

/// Where unqualified names are looked up.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    /// In order, `pg_catalog` and the temporary schema at their places.
    pub(crate) schemas: Vec<String>,
    /// The session's temporary schema.
    pub(crate) temp: Option<String>,
    /// False after something whose effect on the path the text does not tell.
    pub(crate) certain: bool,
    /// The schema that a statement makes along with what stands in it.
    pub(crate) home: Option<String>,
}

impl Path {
    /// The path with which PostgreSQL prints views and SQL-standard bodies.
    pub(crate) fn bare() -> Self {
        Self { schemas: vec!["pg_catalog".to_owned()], temp: None, certain: true, home: None }
    }

    /// The path with which PostgreSQL prints a view of this schema. Only a temporary view can read
    /// temporary tables, and to whoever sees these they stand first, whatever the path.
    pub(crate) fn printed(schema: &str, temp: Option<&str>) -> Self {
        let mut path = Self::bare();
        if let Some(temp) = temp.filter(|temp| *temp == schema) {
            path.schemas.insert(0, temp.to_owned());
            path.temp = Some(temp.to_owned());
        }
        path
    }

    /// A path as `SET search_path` names it, made effective: `pg_catalog` and the temporary schema
    /// come first unless they are named.
    pub(crate) fn named(names: Vec<String>, role: &str, temp: Option<String>) -> Self {
        let mut schemas: Vec<String> = names
            .into_iter()
            .map(|name| match (name.as_str(), &temp) {
                ("$user", _) => role.to_owned(),
                ("pg_temp", Some(temp)) => temp.clone(),
                _ => name,
            })
            .collect();
        if !schemas.iter().any(|schema| schema == "pg_catalog") {
            schemas.insert(0, "pg_catalog".to_owned());
        }
        if let Some(temp) = &temp
            && !schemas.contains(temp)
        {
            schemas.insert(0, temp.clone());
        }
        Self { schemas, temp, certain: true, home: None }
    }

    /// Every schema in which something may come to be that is made without a schema's name: the
    /// first of the path that exists and may be used, and those before it of which `sure` is not
    /// known. `None` stands for what the path makes temporary, and for what cannot be told.
    pub(crate) fn creation<'p>(
        &'p self,
        catalog: &'p Catalog,
        sure: bool,
        usable: bool,
    ) -> Vec<Option<&'p str>> {
        if let Some(home) = &self.home {
            return vec![Some(home)];
        }
        let known = |schema: &str| catalog.schemas.binary_search_by(|s| (**s).cmp(schema)).is_ok();
        if !self.certain {
            let own = |schema: &&String| !matches!(schema.as_str(), "pg_catalog" | "pg_toast");
            let all = catalog.schemas.iter().chain(&self.schemas).filter(own);
            let all = all.filter(|schema| !crate::is_temporary(schema));
            let all: std::collections::BTreeSet<&str> = all.map(String::as_str).collect();
            return std::iter::once(None).chain(all.into_iter().map(Some)).collect();
        }
        // What stands first without being named is where names are looked up, and nothing is made.
        let implied = self.temp.is_some()
            && self.schemas.first() == self.temp.as_ref()
            && self.schemas.get(1).is_some_and(|schema| schema == "pg_catalog");
        let mut named = self.schemas.get(usize::from(implied)..).unwrap_or_default();
        if let Some((_, rest)) = named.split_first().filter(|(first, _)| *first == "pg_catalog") {
            named = rest;
        }
        let mut may = Vec::new();
        for schema in named {
            if crate::is_temporary(schema) {
                may.push(None);
                return may;
            }
            let exists = known(schema);
            if exists || !sure {
                may.push(Some(schema.as_str()));
            }
            if exists && sure && usable {
                return may;
            }
        }
        if may.is_empty() {
            // The server makes nothing there, unless one of them comes to be at this moment.
            may.extend(named.iter().map(|schema| Some(schema.as_str())));
        }
        if may.is_empty() {
            may.push(None);
        }
        may
    }

    /// A schema name with `pg_temp` resolved.
    pub(crate) fn schema<'p>(&'p self, schema: &'p str) -> &'p str {
        match (&self.temp, schema) {
            (Some(temp), "pg_temp") => temp,
            _ => schema,
        }
    }

    /// The relation that a name reaches.
    pub(crate) fn relation<'c>(
        &self,
        catalog: &'c Catalog,
        schema: Option<&str>,
        name: &str,
    ) -> Option<&'c Arc<Relation>> {
        match schema {
            Some(schema) => catalog.relation_named(self.schema(schema), name),
            None => self.schemas.iter().find_map(|schema| catalog.relation_named(schema, name)),
        }
    }

    /// True if the session has something temporary of this name.
    pub(crate) fn temporary(&self, catalog: &Catalog, name: &str) -> bool {
        let temp = self.temp.as_deref();
        temp.is_some_and(|temp| catalog.relation_named(temp, name).is_some())
    }

    /// True if an unqualified name reaches something before it reaches what is temporary: only
    /// where the path says so is that not the first place.
    pub(crate) fn before_temporary(&self, catalog: &Catalog, name: &str) -> bool {
        let Some(place) = self.schemas.iter().position(|schema| crate::is_temporary(schema)) else {
            return false;
        };
        let mut earlier = self.schemas.iter().take(place);
        earlier.any(|schema| catalog.relation_named(schema, name).is_some())
    }

    /// The type that a name reaches. SQL's own spellings arrive as `pg_catalog.int4`.
    pub(crate) fn ty<'c>(
        &self,
        catalog: &'c Catalog,
        schema: Option<&str>,
        name: &str,
    ) -> Option<&'c Arc<Type>> {
        match schema {
            Some(schema) => catalog.type_named(self.schema(schema), name),
            None => self.schemas.iter().find_map(|schema| catalog.type_named(schema, name)),
        }
    }

    /// Every function that a name can reach, wherever in the path: which one is taken depends on
    /// argument types, so all of them count.
    pub(crate) fn functions<'c>(
        &self,
        catalog: &'c Catalog,
        schema: Option<&str>,
        name: &str,
    ) -> Vec<&'c Arc<Function>> {
        let visible = |function: &&Arc<Function>| match schema {
            Some(schema) => function.schema == self.schema(schema),
            None => self.schemas.contains(&function.schema),
        };
        catalog.functions_named(name).filter(visible).collect()
    }
}

/// The longest name that the server keeps, in bytes (`NAMEDATALEN`).
const MAX_NAME: usize = 63;

/// A name as the server cuts it off; `None` where that depends on its encoding.
pub(crate) fn cut(mut name: String) -> Option<String> {
    if name.len() > MAX_NAME && !name.is_ascii() {
        return None;
    }
    name.truncate(MAX_NAME);
    Some(name)
}

/// A list of names as settings have it (`SplitIdentifierString`): with commas between them,
/// quoted where they are no plain ones. `None` for what the server would not take, and for what it
/// takes in more than one way.
pub fn listed(text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = text.trim_matches(is_space);
    if rest.is_empty() {
        return Some(names);
    }
    loop {
        let (name, behind) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (mut name, mut left) = (String::new(), quoted);
                loop {
                    let (before, after) = left.split_once('"')?;
                    name.push_str(before);
                    match after.strip_prefix('"') {
                        Some(more) => {
                            name.push('"');
                            left = more;
                        }
                        None => break (name, after),
                    }
                }
            }
            None => {
                let end = rest.find(|letter| letter == ',' || is_space(letter));
                let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
                // How the server folds other letters depends on its encoding, and whether this
                // tab is white space on its version.
                if name.is_empty() || !name.is_ascii() || name.contains('\u{b}') {
                    return None;
                }
                (name.to_ascii_lowercase(), after)
            }
        };
        names.push(cut(name)?);
        rest = behind.trim_start_matches(is_space);
        if rest.is_empty() {
            return Some(names);
        }
        rest = rest.strip_prefix(',')?.trim_start_matches(is_space);
    }
}

/// What the server's own scanner takes for white space.
fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

/// The strings of a list of names: `a.b.c`.
pub(crate) fn parts<'t>(names: impl IntoIterator<Item = Node<'t>>) -> Vec<&'t str> {
    names.into_iter().filter_map(Node::as_str).collect()
}

/// The strings of a typed list of names.
pub(crate) fn strings(names: &pg_raw_parse::list::CastNodeList<nodes::String>) -> Vec<&str> {
    names.iter().filter_map(|name| name.sval()).collect()
}

/// Schema, if any, and name. A database name in front is dropped; PostgreSQL refuses it unless it
/// is the current one.
pub(crate) fn split<'t>(parts: &[&'t str]) -> (Option<&'t str>, &'t str) {
    match parts {
        [] => (None, ""),
        [name] => (None, name),
        [.., schema, name] => (Some(schema), name),
    }
}

/// The names of an alias's column list.
pub(crate) fn alias_columns(alias: &nodes::Alias) -> Vec<&str> {
    parts(alias.colnames())
}

/// A relation as facts name it.
pub(crate) fn reference(relation: &Relation) -> RelationRef {
    RelationRef {
        id: Some(relation.id),
        schema: relation.schema.as_str().into(),
        name: relation.name.as_str().into(),
    }
}

/// A relation that the catalog does not know, as facts name it.
pub(crate) fn missing(schema: Option<&str>, name: &str) -> RelationRef {
    RelationRef { id: None, schema: schema.unwrap_or_default().into(), name: name.into() }
}

#[cfg(test)]
mod tests {
    use super::listed;

    #[test]
    fn lists_are_taken_apart_as_the_server_does() {
        let names = |list: &str| listed(list).unwrap();
        assert_eq!(names("\"$user\", public"), ["$user", "public"]);
        assert_eq!(names(""), Vec::<String>::new());
        assert_eq!(names("Shop ,hr"), ["shop", "hr"]);
        assert_eq!(names("\"Odd, \"\"Name\", x"), ["Odd, \"Name", "x"]);
        assert_eq!(names("\"pg_temp\u{a0}\", public"), ["pg_temp\u{a0}", "public"]);
        assert_eq!(names(&"l".repeat(70)), ["l".repeat(63)]);
        // Taken in more than one way, or in none.
        for list in ["pg_temp\u{a0}, public", "pg_temp\u{b}, public", "a,, b", "a b", "\"a"] {
            assert_eq!(listed(list), None, "{list:?}");
        }
        assert_eq!(listed("\u{b}a"), None);
        assert_eq!(listed("\"a\"\u{b}, b"), None);
    }
}
