//! A catalog kept from reading to reading: what of it a new one replaces, and what besides has to
//! be read because of that. Knows parts of catalogs, and no connection.

use super::{
    CatalogError,
    build::Builder,
    queries::{self, About, Section},
    versions::{Delta, FIRST_NORMAL_OID, Fingerprint, Versions},
};
use gate::Touched;
use model::{
    Catalog, FunctionId, RelationId, TypeId,
    catalog::{Function, Relation, RelationKind},
};
use std::{collections::BTreeSet, sync::Arc};

/// A catalog as it was read, with what it takes to read only what changes.
#[derive(Debug)]
pub struct Snapshot {
    /// The catalog. The same one as before if nothing in it is another.
    pub catalog: Arc<Catalog>,
    pub(super) versions: Versions,
    withheld: Withheld,
    /// What was changed since the one before; `None` if that is not known.
    pub(crate) touched: Option<Touched>,
}

/// Relations and functions whose text could not be had, because somebody held a lock.
#[derive(Debug, Default, PartialEq, Eq)]
struct Withheld {
    relations: BTreeSet<u32>,
    functions: BTreeSet<u32>,
}

impl Snapshot {
    /// What [`super::CatalogReader::fingerprint`] says as long as nothing changes.
    pub fn fingerprint(&self) -> Fingerprint {
        self.versions.fingerprint()
    }

    /// False if somebody's lock kept a text from being read: look again.
    pub fn is_complete(&self) -> bool {
        self.withheld == Withheld::default()
    }
}

/// A reading under way.
pub(super) struct Renewal<'a> {
    before: Option<&'a Snapshot>,
    /// Server, role, database and path as they are now.
    head: Catalog,
    versions: Versions,
    /// What has to be read; `None` for all.
    delta: Option<Delta>,
}

impl<'a> Renewal<'a> {
    pub(super) fn new(before: Option<&'a Snapshot>, head: Catalog, versions: Versions) -> Self {
        let mut delta = before.and_then(|before| versions.since(&before.versions));
        if let (Some(delta), Some(before)) = (&mut delta, before) {
            let [relations, functions, _] = &delta.gone;
            delta.relations.extend(before.withheld.relations.difference(relations));
            delta.functions.extend(before.withheld.functions.difference(functions));
        }
        Self { before, head, versions, delta }
    }

    /// The sections to be asked, and the builder that takes their rows.
    pub(super) fn first(&self, major: u32) -> (Builder, Vec<(Section, String)>) {
        let all = queries::sections(major, queries::Reading::Shared);
        let all = all.into_iter().filter(|(section, _)| section.about() != About::Session);
        let mut base = self.head.clone();
        let (Some(delta), Some(before)) = (&self.delta, self.before) else {
            return (Builder::upon(base, None), all.collect());
        };
        let head = std::mem::replace(&mut base, Catalog::clone(&before.catalog));
        (base.server_version, base.role) = (head.server_version, head.role);
        (base.database, base.search_path) = (head.database, head.search_path);
        base.schemas = head.schemas;
        delta.take_out(&mut base);
        let sections = all.filter_map(|(section, text)| delta.section(section, text)).collect();
        (Builder::upon(base, Some(Arc::clone(&before.catalog))), sections)
    }

    /// What has to be read behind that: where something has another name now, all that the server
    /// writes out names it so, and the rows behind it are as they were.
    pub(super) fn second(
        &mut self,
        read: &Catalog,
        major: u32,
    ) -> Option<(Builder, Vec<(Section, String)>)> {
        let (delta, before) = (self.delta.as_mut()?, self.before?);
        if !delta.texts && !delta.renames(&before.catalog, read) {
            return None;
        }
        let mut texts = texts(read);
        texts.relations.retain(|id| !delta.relations.contains(id));
        texts.functions.retain(|id| !delta.functions.contains(id));
        let mut base = read.clone();
        texts.take_out(&mut base);
        let sections = queries::sections(major, queries::Reading::Shared);
        let sections =
            sections.into_iter().filter_map(|(section, text)| texts.section(section, text));
        let sections = sections.collect();
        delta.relations.extend(texts.relations);
        delta.functions.extend(texts.functions);
        Some((Builder::upon(base, Some(Arc::clone(&before.catalog))), sections))
    }

    /// The outcome.
    pub(super) fn finish(self, read: Catalog) -> Snapshot {
        let touched = self.delta.as_ref().map(|delta| {
            let [relations, functions, _] = &delta.gone;
            let relations = delta.relations.union(relations).map(|id| RelationId(*id));
            let functions = delta.functions.union(functions).map(|id| FunctionId(*id));
            Touched { relations: relations.collect(), functions: functions.collect() }
        });
        let (catalog, withheld) = match (&self.delta, self.before) {
            (Some(delta), Some(before)) => {
                let relations = delta.relations.iter().map(|id| RelationId(*id));
                let functions = delta.functions.iter().map(|id| FunctionId(*id));
                let withheld = withheld(
                    &read,
                    relations.filter_map(|id| read.relation(id)),
                    functions.filter_map(|id| read.function(id)),
                );
                let same = delta.brought_nothing(&before.catalog, &read);
                let catalog = if same { Arc::clone(&before.catalog) } else { Arc::new(read) };
                (catalog, withheld)
            }
            _ => {
                let withheld = withheld(&read, read.own_relations(), read.own_functions());
                (Arc::new(read), withheld)
            }
        };
        Snapshot { catalog, versions: self.versions, withheld, touched }
    }

    /// What the server says of itself and of the path, of the rows that came first.
    pub(super) fn head(rows: Builder) -> Result<Catalog, CatalogError> {
        let head = rows.finish(0);
        match head.server_version {
            0 => Err(CatalogError::Row("server")),
            _ => Ok(head),
        }
    }
}

impl Delta {
    /// Takes out what is read again and what is gone.
    pub(super) fn take_out(&self, catalog: &mut Catalog) {
        let [relations, functions, types] = &self.gone;
        let relations: BTreeSet<u32> = self.relations.union(relations).copied().collect();
        let functions: BTreeSet<u32> = self.functions.union(functions).copied().collect();
        relations.iter().for_each(|id| catalog.remove_relation(RelationId(*id)));
        functions.iter().for_each(|id| catalog.remove_function(FunctionId(*id)));
        self.types.union(types).for_each(|id| catalog.remove_type(TypeId(*id)));
        let code = Arc::make_mut(&mut catalog.code);
        code.column_defaults.retain(|column, _| !relations.contains(&column.relation.0));
        code.argument_defaults.retain(|function, _| !functions.contains(&function.0));
        code.aggregates.retain(|function, _| !functions.contains(&function.0));
        if self.operators {
            code.operators.clear();
            code.builtin_operators.clear();
        }
        if self.casts {
            code.casts.clear();
        }
    }

    /// How to ask a section for what is read again.
    fn section(&self, section: Section, text: String) -> Option<(Section, String)> {
        let only =
            |ids: &BTreeSet<u32>| (!ids.is_empty()).then(|| (section, queries::only(section, ids)));
        match section.about() {
            About::Session => None,
            About::Relation => only(&self.relations),
            About::Function => only(&self.functions),
            // A multirange is named by its range's row.
            About::Type if section == Section::Ranges => {
                (!self.types.is_empty()).then_some((section, text))
            }
            About::Type => only(&self.types),
            About::Operators => self.operators.then_some((section, text)),
            About::Casts => self.casts.then_some((section, text)),
        }
    }

    /// True if what was read again is what was known already.
    fn brought_nothing(&self, before: &Catalog, now: &Catalog) -> bool {
        fn same<T>(before: Option<&Arc<T>>, now: Option<&Arc<T>>) -> bool {
            before.zip(now).is_some_and(|(before, now)| Arc::ptr_eq(before, now))
        }
        let head = |catalog: &Catalog| {
            let Catalog { server_version, role, database, search_path, schemas, .. } = catalog;
            let path = (search_path.clone(), schemas.clone());
            (*server_version, role.clone(), database.clone(), path)
        };
        let relation = |id: &u32| {
            let id = RelationId(*id);
            same(before.relation(id), now.relation(id))
        };
        let function = |id: &u32| {
            let id = FunctionId(*id);
            same(before.function(id), now.function(id))
        };
        let ty = |id: &u32| same(before.type_by_id(TypeId(*id)), now.type_by_id(TypeId(*id)));
        self.gone.iter().all(BTreeSet::is_empty)
            && head(before) == head(now)
            && self.relations.iter().all(relation)
            && self.functions.iter().all(function)
            && self.types.iter().all(ty)
            && before.code == now.code
    }

    /// True if something that was there before is written in another way now.
    fn renames(&self, before: &Catalog, now: &Catalog) -> bool {
        let relation = |id: &u32| {
            let id = RelationId(*id);
            let pair = before.relation(id).zip(now.relation(id));
            pair.is_some_and(|(before, now)| names(before) != names(now))
        };
        let function = |id: &u32| {
            let id = FunctionId(*id);
            let pair = before.function(id).zip(now.function(id));
            pair.is_some_and(|(before, now)| signature(before) != signature(now))
        };
        let ty = |id: &u32| {
            let id = TypeId(*id);
            before.type_by_id(id).zip(now.type_by_id(id)).is_some_and(|(before, now)| before != now)
        };
        self.relations.iter().any(relation)
            || self.functions.iter().any(function)
            || self.types.iter().any(ty)
            || self.operators && before.code.operators != now.code.operators
    }
}

/// What others name of a relation.
fn names(relation: &Relation) -> impl PartialEq {
    let columns = relation.columns.iter().map(|c| (c.number, c.name.clone(), c.type_id));
    let columns: Vec<_> = columns.collect();
    (relation.schema.clone(), relation.name.clone(), columns)
}

/// What others name of a function, and what comes out of it.
fn signature(function: &Function) -> impl PartialEq {
    (
        (function.schema.clone(), function.name.clone(), function.variadic),
        (function.argument_names.clone(), function.argument_types.clone()),
        (function.return_type, function.output_columns.clone()),
    )
}

const fn has_definition(relation: &Relation) -> bool {
    matches!(relation.kind, RelationKind::View | RelationKind::Materialized)
}

fn is_users(id: u32) -> bool {
    id >= FIRST_NORMAL_OID
}

/// All that has a text of the server's writing. A body in SQL may be one: which is not told.
fn texts(catalog: &Catalog) -> Delta {
    let written = |relation: &&Arc<Relation>| {
        has_definition(relation) || relation.columns.iter().any(|c| c.generated.is_some())
    };
    let relations = catalog.own_relations().filter(written).map(|relation| relation.id.0);
    let defaults = catalog.code.column_defaults.keys().map(|column| column.relation.0);
    let functions = catalog.own_functions().filter(|function| function.language == "sql");
    let arguments = catalog.code.argument_defaults.keys().map(|function| function.0);
    Delta {
        relations: relations.chain(defaults).filter(|id| is_users(*id)).collect(),
        functions: functions
            .map(|function| function.id.0)
            .chain(arguments)
            .filter(|id| is_users(*id))
            .collect(),
        ..Delta::default()
    }
}

/// What has no text, or one that nobody understands, and should have one.
fn withheld<'c>(
    catalog: &Catalog,
    relations: impl Iterator<Item = &'c Arc<Relation>>,
    functions: impl Iterator<Item = &'c Arc<Function>>,
) -> Withheld {
    let without = |relation: &&Arc<Relation>| {
        let generated = |text: &String| text.is_empty();
        let generated = relation.columns.iter().flat_map(|c| &c.generated).any(generated);
        has_definition(relation) && relation.definition.is_none() || generated
    };
    let relations = relations.filter(without).map(|relation| relation.id.0);
    let empty = catalog.code.column_defaults.iter().filter(|(_, text)| text.is_empty());
    let functions = functions.filter(|function| {
        function.body.is_none() && matches!(function.language.as_str(), "sql" | "plpgsql")
    });
    Withheld {
        relations: relations.chain(empty.map(|(column, _)| column.relation.0)).collect(),
        functions: functions.map(|function| function.id.0).collect(),
    }
}

#[cfg(test)]
mod tests;
