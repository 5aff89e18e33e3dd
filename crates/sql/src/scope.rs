//! What names mean at one place of a query: tables in FROM, columns, WITH queries. Knows how
//! PostgreSQL searches them and nothing of where they come from.

use crate::{
    flow::{Columns, Field, Flow, Rest, Sources},
    guard::Steady,
    query::name::UNCLEAR,
    relate::{Stand, stand},
};
use model::{ColumnId, RelationId, TypeId};
use std::rc::Rc;

/// A name in FROM.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// Its alias, or the relation's name.
    pub(crate) alias: Rc<str>,
    /// The schema by which it may also be named: only a relation without an alias has one.
    pub(crate) schema: Option<Rc<str>>,
    /// The relation, if it is one.
    pub(crate) relation: Option<RelationId>,
    /// The relation's row type.
    pub(crate) row_type: Option<TypeId>,
    /// Its columns.
    pub(crate) columns: Rc<Columns>,
    /// True if its rows bear the names of its columns as they stand here, so that a document made
    /// of one has them as keys.
    pub(crate) named: bool,
    /// True if an alias calls its columns otherwise than its rows do, which keep the names of their
    /// type.
    pub(crate) renamed: bool,
}

/// One item of a FROM list: a table, or a join with the tables in it.
#[derive(Clone, Debug)]
pub(crate) struct Fragment {
    /// Names that may stand in front of a dot.
    pub(crate) tables: Vec<Table>,
    /// The columns that unqualified names and `*` reach; merged ones of USING come first.
    pub(crate) columns: Rc<Columns>,
}

/// A WITH query.
#[derive(Clone, Debug)]
pub(crate) struct Cte {
    /// Its name.
    pub(crate) name: Rc<str>,
    /// Its columns.
    pub(crate) columns: Rc<Columns>,
    /// How many rows it lists, if it is a list of constants.
    pub(crate) listed: Option<u32>,
    /// The rows it yields, if they are all the rows of a table.
    pub(crate) whole: Option<Rc<crate::extent::Source>>,
}

/// One level of query.
#[derive(Debug, Default)]
pub(crate) struct Env<'e> {
    /// The query around this one.
    pub(crate) parent: Option<&'e Env<'e>>,
    /// WITH queries of this level.
    pub(crate) ctes: Rc<Vec<Cte>>,
    /// FROM so far.
    pub(crate) fragments: Vec<Fragment>,
    /// How its tables hang together, once all of it is known and if that can be told.
    pub(crate) steady: Option<Rc<Steady>>,
}

impl Table {
    /// A table under a name, with nothing else known.
    pub(crate) fn new(alias: &str, columns: Columns) -> Self {
        let columns = Rc::new(columns);
        let (relation, row_type) = (None, None);
        let (named, renamed) = (false, false);
        Self { alias: alias.into(), schema: None, relation, row_type, columns, named, renamed }
    }

    /// The whole row.
    pub(crate) fn row(&self) -> Flow {
        let mut flow = Flow::merge(self.columns.fields.iter().map(|field| &field.flow));
        // A whole row of a relation is its column 0 to RowDescription.
        flow.origin = self.relation.map(|relation| ColumnId { relation, number: 0 });
        match self.columns.rest {
            Rest::Open => flow.unknown = true,
            Rest::Pending => {}
            Rest::Closed if self.renamed => {}
            Rest::Closed => {
                flow.hold(&self.columns.fields);
                flow.named = self.named;
            }
        }
        flow.typed(self.row_type)
    }
}

impl Fragment {
    /// A single table.
    pub(crate) fn table(table: Table) -> Self {
        Self { columns: Rc::clone(&table.columns), tables: vec![table] }
    }
}

impl Columns {
    /// True if all columns are known, and what each is called.
    pub(crate) fn is_certain(&self) -> bool {
        self.rest == Rest::Closed && !self.has_unclear()
    }

    /// True if what one of them is called is not known.
    pub(crate) fn has_unclear(&self) -> bool {
        self.fields.iter().any(|field| *field.name == *UNCLEAR)
    }

    /// What a name reaches in this list: `None` if it is certain that there is no such column.
    /// Several columns of one name are an error for PostgreSQL; here they add up.
    pub(crate) fn find(&self, name: &str) -> Option<Flow> {
        let mut found: Option<Flow> = None;
        for field in self.fields.iter().filter(|field| &*field.name == name) {
            match &mut found {
                None => found = Some(field.flow.clone()),
                Some(flow) => flow.absorb(&field.flow),
            }
        }
        found.or_else(|| match self.rest {
            // One of them may be called so.
            Rest::Closed if self.has_unclear() => Some(Flow::unknown()),
            Rest::Closed => None,
            Rest::Open => Some(Flow::unknown()),
            Rest::Pending => Some(Flow::constant(None)),
        })
    }
}

impl<'e> Env<'e> {
    /// A level below this one.
    pub(crate) fn below(&'e self) -> Env<'e> {
        Env { parent: Some(self), ..Env::default() }
    }

    /// This level without its FROM: what a subquery in FROM sees unless it is LATERAL.
    pub(crate) fn without_from(&self) -> Env<'e> {
        Env { parent: self.parent, ctes: Rc::clone(&self.ctes), ..Env::default() }
    }

    /// This level with more FROM: what the right side of a join sees if it is LATERAL.
    pub(crate) fn with(&self, fragment: &Fragment) -> Env<'e> {
        let mut fragments = self.fragments.clone();
        fragments.push(fragment.clone());
        Env { parent: self.parent, ctes: Rc::clone(&self.ctes), fragments, steady: None }
    }

    /// The client's own sets in FROM at this level.
    pub(crate) fn sets(&self) -> Sources {
        let mut sets = Sources::new();
        let columns = self.fragments.iter().flat_map(|fragment| fragment.columns.fields.iter());
        for source in columns.flat_map(|field| field.flow.sources.iter().copied()) {
            if stand(source) == Stand::Set && !sets.contains(&source) {
                sets.push(source);
            }
        }
        sets
    }

    fn levels(&self) -> impl Iterator<Item = &Env<'e>> {
        let mut next = Some(self);
        std::iter::from_fn(move || {
            let level = next?;
            next = level.parent;
            Some(level)
        })
    }

    /// The WITH query of this name.
    pub(crate) fn cte(&self, name: &str) -> Option<&Cte> {
        self.levels().find_map(|level| level.ctes.iter().rev().find(|cte| &*cte.name == name))
    }

    /// An unqualified column, from the innermost level that has one. Names that the server gives by
    /// its own rules decide nothing: should they be others, it is a column further out.
    pub(crate) fn column(&self, name: &str) -> Option<Flow> {
        let (mut first, mut others) = (None, Vec::new());
        for level in self.levels() {
            let columns = level.fragments.iter().flat_map(|fragment| &fragment.columns.fields);
            let mut given = columns.filter(|field| field.given_name);
            match (level.own_column(name), &first) {
                (Some(found), None) => first = Some(found),
                (Some(found), Some(_)) => others.push(found),
                (None, _) => {
                    others.extend(given.map(|field| field.flow.clone()));
                    continue;
                }
            }
            if !given.any(|field| *field.name == *name) {
                break;
            }
        }
        let mut found = first?;
        for other in others.iter().filter(|other| !other.is_given()) {
            found.absorb(other);
            found.origin = None;
        }
        Some(found)
    }

    /// The same, of this level alone.
    pub(crate) fn own_column(&self, name: &str) -> Option<Flow> {
        let mut found: Option<Flow> = None;
        let mut doubtful = None;
        for fragment in &self.fragments {
            let Some(flow) = fragment.columns.find(name) else { continue };
            if fragment.columns.fields.iter().any(|field| &*field.name == name) {
                match &mut found {
                    None => found = Some(flow),
                    Some(sum) => sum.absorb(&flow),
                }
            } else {
                doubtful = Some(flow);
            }
        }
        found.or(doubtful)
    }

    /// The table of this name, from the innermost level that has one.
    pub(crate) fn table(&self, schema: Option<&str>, name: &str) -> Option<&Table> {
        self.levels().find_map(|level| {
            level.fragments.iter().flat_map(|fragment| &fragment.tables).find(|table| {
                &*table.alias == name && (schema.is_none() || table.schema.as_deref() == schema)
            })
        })
    }

    /// The relations in FROM at this level.
    pub(crate) fn relations(&self) -> impl Iterator<Item = RelationId> {
        let tables = self.fragments.iter().flat_map(|fragment| &fragment.tables);
        tables.filter_map(|table| table.relation)
    }

    /// What `*` stands for: every column of FROM, in order.
    pub(crate) fn star(&self) -> Columns {
        let mut star = Columns::default();
        for fragment in &self.fragments {
            star.fields.extend(fragment.columns.fields.iter().cloned());
            if fragment.columns.rest != Rest::Closed {
                star.rest = fragment.columns.rest;
            }
        }
        star
    }
}

/// Names of system columns and their numbers.
pub(crate) fn system_column(name: &str) -> Option<i16> {
    Some(match name {
        "ctid" => -1,
        "xmin" => -2,
        "cmin" => -3,
        "xmax" => -4,
        "cmax" => -5,
        "tableoid" => -6,
        _ => return None,
    })
}

/// A list of fields with names replaced by those of an alias.
pub(crate) fn renamed(columns: &Rc<Columns>, names: &[&str]) -> Rc<Columns> {
    if names.is_empty() {
        return Rc::clone(columns);
    }
    let mut renamed = Columns::clone(columns);
    renamed.rename(names.iter().copied());
    Rc::new(renamed)
}

/// A field of this name in a row.
pub(crate) fn field_of(fields: &[Field], name: &str) -> Option<Flow> {
    fields.iter().find(|field| &*field.name == name).map(|field| field.flow.clone())
}
