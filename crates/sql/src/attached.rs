//! Code that hangs on relations and types: checks, exclusions, indexes, partition keys, statistics,
//! domains. It runs where a row is written or a value becomes one of a domain, though no statement
//! names it. Knows the catalog, and of a tree the names of types.

use crate::{
    MAX_EXPANSION,
    analyse::Walk,
    builtin,
    flow::{Distance, Flow},
    function::ANEW,
    names::{Path, split, strings},
    query::{acts, call::Arguments, computes, keys::unpacks},
};
use model::{
    ColumnId, FunctionId, Operation, RelationId, TypeId, Use,
    catalog::{Function, Relation, Type, TypeKind},
    code::Attached,
    facts::{Destination, Effect, FunctionRef},
};
use pg_raw_parse::nodes::TypeName;
use std::{collections::HashSet, sync::Arc};

/// No relation: whatever a check takes out of a row it does take out.
const NOBODYS: RelationId = RelationId(0);

/// A function and what it is given: once followed it brings nothing new.
pub(crate) type Followed = (FunctionId, Vec<ColumnId>, bool);

impl<'a> Walk<'a> {
    /// What runs where a value becomes one of a type: the checks of a domain, also where it stands
    /// within an array, a row or a range.
    pub(crate) fn becomes(&mut self, ty: Option<TypeId>, given: &Flow) {
        self.of_type(ty, given, &mut Vec::new());
    }

    /// The same for a value that comes to be of the client's own making, or of one that is not
    /// known: where a type is mentioned.
    pub(crate) fn mentions(&mut self, ty: Option<TypeId>) {
        self.becomes(ty, &Flow::constant(None));
    }

    /// What runs where a type is named for a value: in a cast, in a list of columns.
    pub(crate) fn named_type(&mut self, name: Option<&TypeName>, given: &Flow) {
        let types = name.map(|name| self.types_meant(name)).unwrap_or_default();
        types.into_iter().for_each(|ty| self.becomes(Some(ty), given));
    }

    /// The types that a name can mean; those of elements for an array. One that is not known may
    /// run anything.
    pub(crate) fn types_meant(&mut self, name: &TypeName) -> Vec<TypeId> {
        let names = strings(name.names());
        let (schema, base) = split(&names);
        if name.pct_type {
            return Vec::new();
        }
        let schema = self.schema_meant(schema, base);
        let known = self.path.ty(self.catalog, schema, base).map(|ty| ty.id);
        if schema.is_none() && !self.path.certain {
            let all = self.catalog.types().filter(|ty| ty.name == base).map(|ty| ty.id);
            return all.collect();
        }
        let read = || self.catalog.type_named("pg_catalog", "text").is_some();
        if known.is_none() && !self.made.types.iter().any(|made| made == base) && read() {
            self.facts.dynamic = true;
            let why = "it is not in the catalog as it was last read";
            self.facts.unknown(format!("type \"{}\"", names.join(".")), why);
        }
        known.into_iter().collect()
    }

    /// True if a value that becomes one of a type runs code, or may do so.
    pub(crate) fn has_code(&self, ty: TypeId) -> bool {
        self.code_within(ty, &mut Vec::new())
    }

    fn code_within(&self, ty: TypeId, seen: &mut Vec<TypeId>) -> bool {
        let Some(ty) = self.catalog.type_by_id(ty).filter(|ty| !seen.contains(&ty.id)) else {
            return false;
        };
        let inner = match ty.kind {
            TypeKind::Base | TypeKind::Enum(_) | TypeKind::Pseudo => return false,
            TypeKind::Domain(_) if self.may_be_other() => return true,
            TypeKind::Domain(inner)
            | TypeKind::Array(inner)
            | TypeKind::Range(inner)
            | TypeKind::Multirange(inner) => vec![inner],
            TypeKind::Composite(relation) => {
                let relation = self.catalog.relation(relation);
                let columns = relation.iter().flat_map(|relation| &relation.columns);
                columns.map(|column| column.type_id).collect()
            }
        };
        seen.push(ty.id);
        ty.attached != Attached::default() || inner.into_iter().any(|ty| self.code_within(ty, seen))
    }

    /// True if what hangs on types and relations may be another than the catalog says.
    fn may_be_other(&self) -> bool {
        self.made.stale && !self.scope.lenient
    }

    fn of_type(&mut self, ty: Option<TypeId>, given: &Flow, seen: &mut Vec<TypeId>) {
        let Some(ty) = ty.and_then(|ty| self.catalog.type_by_id(ty)) else { return };
        if seen.contains(&ty.id) {
            return;
        }
        match ty.kind {
            TypeKind::Base | TypeKind::Enum(_) | TypeKind::Pseudo => return,
            TypeKind::Domain(inner)
            | TypeKind::Array(inner)
            | TypeKind::Range(inner)
            | TypeKind::Multirange(inner) => {
                seen.push(ty.id);
                self.of_type(Some(inner), given, seen);
            }
            TypeKind::Composite(relation) => {
                seen.push(ty.id);
                let relation = self.catalog.relation(relation);
                for column in relation.iter().flat_map(|relation| &relation.columns) {
                    self.of_type(Some(column.type_id), given, seen);
                }
            }
        }
        if matches!(ty.kind, TypeKind::Domain(_)) && self.may_be_other() {
            self.facts.dynamic = true;
            let why = "an earlier statement may have changed it; send them separately";
            self.facts.unknown(format!("domain \"{}\"", ty.name), why);
        }
        self.runs_attached(&ty.attached, given, seen);
    }

    /// What runs where a function that is not followed takes values of such a type, or makes them
    /// of a document.
    pub(crate) fn fills_types(&mut self, function: &Function, arguments: &Arguments) {
        if function.schema == "pg_catalog" && !unpacks(&function.name) {
            return;
        }
        let given = arguments.merged();
        for (_, flow) in &arguments.values {
            self.becomes(flow.ty, &given);
        }
        self.takes_types(function, &given);
    }

    /// The same by a function's declaration.
    pub(crate) fn takes_types(&mut self, function: &Function, given: &Flow) {
        let outputs = function.output_columns.iter().map(|(_, ty)| ty);
        for ty in function.argument_types.iter().chain([&function.return_type]).chain(outputs) {
            self.becomes(Some(*ty), given);
        }
    }

    /// What runs where a row of a relation is stored: what hangs on it and on the types of its
    /// columns, and the same for every relation below it that the row may go to or stand in.
    /// `values` are those that the statement gives.
    pub(crate) fn stores(&mut self, relation: &'a Arc<Relation>, values: &Flow) {
        if self.planning {
            return;
        }
        if self.made.hung.contains(&relation.name) {
            let why = "an earlier statement of the same text has it run code; send them separately";
            self.facts.unknown(format!("table \"{}\"", relation.name), why);
        }
        let mut seen = Vec::new();
        // Those below have its columns, and others of theirs stay empty.
        for column in &relation.columns {
            self.of_type(Some(column.type_id), values, &mut seen);
        }
        for relation in self.family_below(relation) {
            self.runs_attached(&relation.attached, values, &mut seen);
        }
    }

    /// What runs where rows of a relation are written anew or looked through as they are: what
    /// hangs on it is given their values.
    pub(crate) fn goes_through(&mut self, relation: &'a Arc<Relation>) {
        if self.planning {
            return;
        }
        for relation in self.family_below(relation) {
            if relation.attached == Attached::default() {
                continue;
            }
            let columns = self.columns(relation);
            let row = Flow::merge(columns.fields.iter().map(|field| &field.flow));
            let path = Path::clone(&self.path);
            // What an author's check asks of a row is not asked by whoever writes it.
            self.within(path, Some(NOBODYS), |walk| {
                walk.runs_attached(&relation.attached, &row, &mut Vec::new());
            });
        }
    }

    /// The triggers of what stands below a relation: partitions and heirs.
    pub(crate) fn triggers_below(&mut self, relation: &'a Arc<Relation>) {
        for relation in self.family_below(relation).into_iter().skip(1) {
            self.triggers(relation);
        }
    }

    /// Keys that refer to a relation carry a change of its rows on to tables whose triggers run
    /// then; where it is `emptied` with all that refers to it, those of all such tables.
    pub(crate) fn referring(&mut self, relation: &'a Arc<Relation>, emptied: bool) {
        let mut known = HashSet::from([relation.id]);
        let mut at = vec![relation.id];
        while let Some(to) = at.pop() {
            let reached = |one: &&Arc<Relation>| match emptied {
                true => one.refers.contains(&to),
                false => one.carried_from.contains(&to),
            };
            let here = self.catalog.relations().filter(reached);
            let new: Vec<_> = here.filter(|one| known.insert(one.id)).collect();
            for one in new {
                self.triggers(one);
                self.triggers_below(one);
                at.push(one.id);
            }
        }
    }

    /// What a trigger does that has no body to be followed. One in C moves what stands in the row:
    /// which columns it reads and writes stands in its arguments, which can be any.
    pub(crate) fn moves_within(&mut self, function: &Function, relation: &'a Arc<Relation>) {
        let anew = self.replaced.contains(&function.id);
        if anew || matches!(function.language.as_str(), "sql" | "plpgsql") {
            self.facts.dynamic = true;
            let what = format!("function {}.{}(…)", function.schema, function.name);
            let why = if anew { ANEW } else { "its body cannot be followed" };
            return self.facts.unknown(what, why);
        }
        if !matches!(function.language.as_str(), "internal" | "c") {
            return self.moves_path();
        }
        if builtin::keeps_row(&function.name) {
            return;
        }
        if function.name == "triggered_change_notification" {
            let what = format!("function {}.{}(…)", function.schema, function.name);
            self.facts.unknown(what.clone(), "it tells listeners what stands in the row's key");
            return self.facts.about(Operation::Notify, what);
        }
        let searched = function.schema == "pg_catalog"
            && matches!(
                function.name.as_str(),
                "tsvector_update_trigger" | "tsvector_update_trigger_column"
            );
        let path = Path::clone(&self.path);
        self.within(path, Some(relation.id), |walk| {
            let columns = walk.columns(relation);
            let is = |ty: Option<TypeId>, text: bool| {
                let ty = walk.base_type(ty).and_then(|ty| walk.catalog.type_by_id(ty));
                let fits = |ty: &Arc<Type>| match text {
                    true => ty.category == 'S',
                    false => ty.name == "tsvector",
                };
                !searched || ty.is_none_or(fits)
            };
            let read = columns.fields.iter().filter(|field| is(field.flow.ty, true));
            let row = Flow::merge(read.map(|field| &field.flow));
            let written = relation.columns.iter().filter(|column| is(Some(column.type_id), false));
            let written: Vec<_> = written.map(|column| relation.column_id(column.number)).collect();
            for column in written {
                let mut flow = row.clone().moved(Distance::Expression);
                flow.sources.retain(|source| *source != column);
                flow.unknown |= !searched;
                walk.facts.uses(&flow, Use::Copied);
                walk.facts.moved(Destination::Column(column), &flow);
                walk.written(column);
            }
        });
    }

    /// A relation and all that stands below it.
    fn family_below(&self, relation: &'a Arc<Relation>) -> Vec<&'a Arc<Relation>> {
        let mut known = HashSet::from([relation.id]);
        let (mut family, mut at) = (vec![relation], 0);
        while let Some(parent) = family.get(at) {
            let children = self.catalog.children(parent.id);
            let new = children.iter().filter(|child| known.insert(**child));
            let new: Vec<_> = new.filter_map(|child| self.catalog.relation(*child)).collect();
            family.extend(new);
            at += 1;
        }
        family
    }

    fn runs_attached(&mut self, attached: &'a Attached, given: &Flow, seen: &mut Vec<TypeId>) {
        for ty in &attached.types {
            self.of_type(Some(*ty), given, seen);
        }
        for id in &attached.functions {
            self.runs_unnamed(*id, given);
        }
    }

    /// A function that nobody named, every argument of which can be any part of a value.
    pub(crate) fn runs_unnamed(&mut self, id: FunctionId, given: &Flow) {
        let Some(function) = self.catalog.function(id) else {
            self.facts.dynamic = true;
            let why = "it is not in the catalog as it was last read";
            return self.facts.unknown("a function of a check or an index", why);
        };
        self.facts.runs(function);
        let own = computes(function);
        if own && !acts(function) || self.calling.contains(&id) {
            return;
        }
        if self.expansion >= MAX_EXPANSION {
            self.facts.dynamic = true;
            let what = format!("function {}.{}(…)", function.schema, function.name);
            return self.facts.unknown(what, "it stands too deep in other functions");
        }
        let mut sources = given.sources.to_vec();
        sources.sort_unstable();
        if !self.followed.insert((id, sources, given.unknown)) {
            return;
        }
        let name = format!("{}.{}", function.schema, function.name);
        self.facts.function(FunctionRef { id: Some(id), name });
        let value = |ty: &TypeId| {
            let (origin, fields, document) = (None, None, None);
            (None, Flow { origin, fields, document, ty: Some(*ty), ..given.clone() })
        };
        let values = function.argument_types.iter().map(value).collect();
        let arguments = Arguments { values, ..Arguments::default() };
        let before = std::mem::take(&mut self.facts.effects);
        if own {
            self.one(function, &arguments, false);
        } else {
            self.body(function, &arguments);
        }
        let own = std::mem::replace(&mut self.facts.effects, before);
        self.plans(&own);
        own.into_iter().for_each(|effect| self.facts.effect(effect));
    }

    /// What runs while a statement is planned or read does what it does, whether the statement is
    /// run or not.
    pub(crate) fn plans(&mut self, effects: &[Effect]) {
        if self.planning {
            let writes = effects.iter().filter(|effect| effect.operation.is_write());
            self.planned.extend(writes.cloned());
        }
    }
}
