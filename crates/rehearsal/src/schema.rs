//! A small schema in lines, as a catalog and its labels. Knows no server and no policy.
//!
//! ```text
//! table public.customers
//!   id      integer  unique
//!   email   text     email
//!   born    date     birth_date
//! table public.orders
//!   id        integer  unique
//!   customer  integer  references customers.id
//! view public.contacts = SELECT id, email FROM public.customers
//! ```
//!
//! A column is its name, its type, and what is known of it: `unique`, `required`, `references
//! TABLE.COLUMN`, a label, `derived` for a label whose values are pieces.

use crate::base::postgresql;
use model::{
    Catalog, Class, ColumnId, Label, LabelMap, Labelling, RelationId, TypeId,
    catalog::{Column, Relation, RelationKind, Type, TypeKind},
};
use std::sync::Arc;

/// The first number that PostgreSQL gives to what users make.
const FIRST: u32 = 16_384;
/// The most relations of one schema.
const MAX_RELATIONS: u32 = 10_000;

/// A catalog with labels.
#[derive(Clone, Debug)]
pub struct Schema {
    /// The catalog: PostgreSQL's own, and what the lines add.
    pub catalog: Arc<Catalog>,
    /// Labels of its columns.
    pub labels: LabelMap,
}

impl Default for Schema {
    fn default() -> Self {
        let catalog = Arc::new(Catalog::default().over(postgresql()));
        Self { catalog, labels: LabelMap::default() }
    }
}

/// What is being read.
struct Making {
    relations: Vec<Relation>,
    labels: LabelMap,
    /// `references`, to be looked up once all relations are known: where, line, target.
    references: Vec<(ColumnId, usize, String)>,
}

impl Schema {
    /// Reads lines with their numbers; on failure says which line and why.
    pub fn read<'a>(
        lines: impl Iterator<Item = (usize, &'a str)>,
    ) -> Result<Self, (usize, String)> {
        let mut making =
            Making { relations: Vec::new(), labels: LabelMap::default(), references: Vec::new() };
        for (number, line) in lines {
            let line = line.split(" --").next().unwrap_or_default();
            let wrong = |why: String| (number, why);
            if line.trim().is_empty() || line.trim_start().starts_with("--") {
                continue;
            }
            match line.starts_with([' ', '\t']) {
                true => making.column(number, line).map_err(wrong)?,
                false => making.relation(line).map_err(wrong)?,
            }
        }
        making.finish()
    }
}

impl Making {
    fn relation(&mut self, line: &str) -> Result<(), String> {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (name, query) = match rest.split_once('=') {
            Some((name, query)) => (name.trim(), Some(query.trim())),
            None => (rest.trim(), None),
        };
        let (kind, definition) = match (kind, query) {
            ("table", None) => (RelationKind::Table, None),
            ("view", Some(query)) => {
                let query = query.trim_end_matches(';').to_owned();
                (RelationKind::View, Some(query))
            }
            ("view", None) => return Err("a view needs its query: view NAME = SELECT …".into()),
            _ => return Err("expected `table SCHEMA.NAME` or `view SCHEMA.NAME = SELECT …`".into()),
        };
        let (schema, name) = name.split_once('.').unwrap_or(("public", name));
        if schema.is_empty() || name.is_empty() || name.contains(['.', ' ']) {
            return Err(format!("`{rest}` is not SCHEMA.NAME"));
        }
        let index = u32::try_from(self.relations.len()).unwrap_or(u32::MAX);
        if index >= MAX_RELATIONS {
            return Err(format!("more than {MAX_RELATIONS} relations"));
        }
        if self.relations.iter().any(|known| known.schema == schema && known.name == name) {
            return Err(format!("{schema}.{name} is there already"));
        }
        self.relations.push(Relation {
            id: RelationId(FIRST + 2 * index),
            schema: schema.to_owned(),
            name: name.to_owned(),
            kind,
            columns: Vec::new(),
            definition,
            parents: Vec::new(),
            has_rules: false,
            row_security: false,
            triggers: Vec::new(),
            attached: model::code::Attached::default(),
            refers: Vec::new(),
            carried_from: Vec::new(),
            row_type: TypeId(FIRST + 2 * index + 1),
            comment: None,
            estimated_rows: -1.0,
        });
        Ok(())
    }

    fn column(&mut self, line: usize, text: &str) -> Result<(), String> {
        let Some(relation) = self.relations.last_mut() else {
            return Err("a column stands below the table that it belongs to".into());
        };
        let mut words = text.split_whitespace();
        let (Some(name), Some(type_word)) = (words.next(), words.next()) else {
            return Err("expected a column's name and its type".into());
        };
        let number = i16::try_from(relation.columns.len() + 1).map_err(|_| "too many columns")?;
        let id = ColumnId { relation: relation.id, number };
        let mut column = Column {
            number,
            name: name.to_owned(),
            type_id: type_named(type_word)?,
            not_null: false,
            generated: None,
            unique: false,
            choosy: false,
            references: None,
            comment: None,
        };
        while let Some(word) = words.next() {
            match word {
                "unique" => (column.unique, column.not_null) = (true, true),
                "required" => column.not_null = true,
                "references" => {
                    let target = words.next().ok_or("references what? TABLE.COLUMN")?;
                    self.references.push((id, line, target.to_owned()));
                }
                "derived" => {
                    self.labels.derived.insert(id);
                }
                label => label_column(&mut self.labels, id, label)?,
            }
        }
        relation.columns.push(column);
        Ok(())
    }

    fn finish(mut self) -> Result<Schema, (usize, String)> {
        for (from, line, target) in std::mem::take(&mut self.references) {
            let Some(found) = self.find(&target) else {
                return Err((line, format!("there is no column {target}")));
            };
            let relation = self.relations.iter_mut().find(|one| one.id == from.relation);
            let columns = relation.map(|relation| &mut relation.columns);
            let column = columns.and_then(|all| all.iter_mut().find(|c| c.number == from.number));
            if let Some(column) = column {
                column.references = Some(found);
            }
        }
        let mut own = Catalog::default();
        for mut relation in self.relations {
            if let Some(query) = &relation.definition {
                relation.columns = columns_of(query, own.clone());
            }
            own.add_type(Type {
                id: relation.row_type,
                schema: relation.schema.clone(),
                name: relation.name.clone(),
                kind: TypeKind::Composite(relation.id),
                category: 'C',
                attached: model::code::Attached::default(),
            });
            own.add_relation(relation);
        }
        let catalog = Arc::new(own.over(postgresql()));
        Ok(Schema { catalog, labels: self.labels })
    }

    fn find(&self, target: &str) -> Option<ColumnId> {
        let (table, name) = target.rsplit_once('.')?;
        let is_meant = |relation: &&Relation| {
            relation.name == table || format!("{}.{}", relation.schema, relation.name) == table
        };
        let relation = self.relations.iter().find(is_meant)?;
        Some(relation.column_id(relation.column(name)?.number))
    }
}

/// The columns of a view, as analysis of its query names them.
fn columns_of(query: &str, known: Catalog) -> Vec<Column> {
    const TEXT: TypeId = TypeId(25);
    let catalog = known.over(postgresql());
    let search_path = catalog.search_path.clone();
    let scope = sql::Scope { search_path, ..sql::Scope::default() };
    let analysed = sql::analyse(query, &catalog, &scope);
    let facts = analysed.first().map(|one| Arc::clone(&one.facts));
    let outputs = facts.as_ref().and_then(|facts| facts.outputs.clone()).unwrap_or_default();
    let columns = outputs.into_iter().zip(1i16..).map(|(output, number)| {
        let origin = output.origin.and_then(|origin| {
            let relation = catalog.relation(origin.relation)?;
            relation.columns.iter().find(|column| column.number == origin.number)
        });
        Column {
            number,
            name: output.name,
            type_id: origin.map_or(TEXT, |column| column.type_id),
            not_null: false,
            generated: None,
            unique: false,
            choosy: false,
            references: None,
            comment: None,
        }
    });
    columns.collect()
}

fn label_column(labels: &mut LabelMap, id: ColumnId, word: &str) -> Result<(), String> {
    if labels.columns.contains_key(&id) {
        return Err(format!("`{word}`: the column has a label already"));
    }
    let (word, class) = match word.split_once(':') {
        Some((word, class)) => (word, Some(class)),
        None => (word, None),
    };
    let label = Label::new(word);
    if let Some(class) = class {
        let known = Class::GIVEN.iter().find(|known| known.as_str() == class);
        let class = known.ok_or_else(|| format!("`{class}` is no class"))?;
        Arc::make_mut(&mut labels.classes).insert(label.clone(), *class);
    } else if !Label::ALL.contains(&label) {
        // A slip of the pen must not make a label that nothing protects.
        return Err(format!(
            "`{word}` is no label; one of your own names its class: {word}:pii, {word}:secret"
        ));
    }
    labels.columns.insert(id, Labelling { label, confidence: 1.0, evidence: Vec::new() });
    Ok(())
}

/// A type of PostgreSQL's own by the word for it.
fn type_named(word: &str) -> Result<TypeId, String> {
    let (word, array) = match word.strip_suffix("[]") {
        Some(element) => (element, "_"),
        None => (word, ""),
    };
    let bare = word.split('(').next().unwrap_or(word).to_ascii_lowercase();
    let name = match bare.as_str() {
        "integer" | "int" | "serial" => "int4",
        "bigint" | "bigserial" => "int8",
        "smallint" => "int2",
        "boolean" => "bool",
        "decimal" => "numeric",
        "real" => "float4",
        "double" => "float8",
        "char" | "character" => "bpchar",
        other => other,
    };
    let base = postgresql();
    let found = base.type_named("pg_catalog", &format!("{array}{name}"));
    found.map(|found| found.id).ok_or_else(|| format!("there is no type `{word}`"))
}
