//! Code that an expression runs without naming it: operators, casts, aggregates and defaults that
//! are not PostgreSQL's own. What their functions read is part of the value.

use crate::{
    analyse::Walk,
    builtin,
    flow::{Distance, Flow},
    function::ANEW,
    names::{Path, parts, split},
    parse,
    query::{Mode, call::Arguments},
    scope::Env,
    types::{BOOLEAN, JSON, JSONB, RECORD, TEXT, TSQUERY},
};
use model::{
    FunctionId, TypeId,
    catalog::{Function, Type, TypeKind, Volatility},
    facts::FunctionRef,
};
use pg_raw_parse::{
    Node,
    nodes::{A_Expr, TypeCast},
    raw::A_Expr_Kind,
};
use std::sync::Arc;

/// How far what stands within a value is looked at.
const DEPTH: usize = 16;

impl<'a> Walk<'a> {
    /// An operator over its operands, whoever made it.
    pub(super) fn operator_over(&mut self, expr: &A_Expr, env: &Env<'_>, mode: Mode) -> Flow {
        let names = parts(expr.name());
        let (schema, name) = split(&names);
        let prefix = matches!(expr.lexpr(), Node::None);
        let computes = expr.kind == A_Expr_Kind::AEXPR_OP
            && (prefix || (name == "&&" && self.joins_queries(expr, env, mode)));
        let mut flow =
            if computes { self.compute(expr, env, mode) } else { self.operation(expr, env, mode) };
        let code = &self.catalog.code;
        let meant = stands_for(expr.kind).unwrap_or(std::slice::from_ref(&name));
        let made = |name: &&str| self.made.functions.iter().any(|made| made == *name);
        let own = meant.iter().any(|name| code.operators.contains_key(*name) || made(name));
        if !own && expr.kind == A_Expr_Kind::AEXPR_OP && self.no_operator(name) {
            let why = "it is not in the catalog as it was last read";
            self.facts.unknown(format!("operator {name}"), why);
            flow.unknown = true;
        }
        if !own && self.catalog.code.casts.is_empty() {
            return flow;
        }
        // What somebody's own makes of a truth is not known.
        let left = (!prefix).then(|| self.expr(expr.lexpr(), env, Mode::Value));
        let rights = self.operands(expr, env);
        for operand in left.iter().chain(&rights) {
            let coerced = self.coerced(operand.clone());
            if coerced.sources.len() > operand.sources.len() || coerced.unknown {
                flow.absorb(&coerced);
            }
        }
        if name == "||" {
            // Beside a text it is written in SQL, with a cast of whatever stands there.
            let sides = left
                .iter()
                .map(|left| (expr.lexpr(), left))
                .chain(rights.iter().map(|right| (expr.rexpr(), right)));
            for (node, operand) in sides {
                if !is_text(operand) && !self.is_computed(node) {
                    flow.absorb(&self.own_casts(operand, Some(TEXT)));
                }
            }
        }
        for right in &rights {
            for name in meant.iter().copied() {
                flow.absorb(&self.own_operator((schema, name), left.as_ref(), right));
            }
        }
        flow
    }

    /// True if an operator that a construct does not name, or a cast of what it compares, may run
    /// somebody's code.
    pub(crate) fn has_own(&self, operator: &str) -> bool {
        let code = &self.catalog.code;
        !code.casts.is_empty() || code.operators.contains_key(operator)
    }

    /// What an operator's own function gives, and the casts of its operands that nobody wrote; rows
    /// are compared field by field.
    pub(super) fn operates(
        &mut self,
        named: (Option<&str>, &str),
        left: Option<&Flow>,
        right: &Flow,
    ) -> Flow {
        let mut made = self.own_operator(named, left, right);
        if self.catalog.code.casts.is_empty() {
            return made;
        }
        for operand in left.into_iter().chain([right]) {
            let fields = operand.fields.iter().flat_map(|fields| fields.iter());
            for value in fields.map(|field| &field.flow).chain([operand]) {
                let coerced = self.coerced(value.clone());
                if coerced.sources.len() > value.sources.len() || coerced.unknown {
                    made.absorb(&coerced);
                }
            }
        }
        made
    }

    /// A value where a truth is wanted, with what a cast makes of it that nobody wrote.
    pub(super) fn truth(&mut self, mut flow: Flow) -> Flow {
        let casts = &self.catalog.code.casts;
        if flow.ty != Some(BOOLEAN) && casts.iter().any(|cast| cast.target == BOOLEAN) {
            let made = self.own_casts(&flow, Some(BOOLEAN));
            flow.absorb(&made);
        }
        flow
    }

    /// What stands on the right of an operator, each value that it is applied to.
    fn operands(&mut self, expr: &A_Expr, env: &Env<'_>) -> Vec<Flow> {
        let mut values: Vec<Flow> = match expr.rexpr() {
            Node::NodeList(list) => {
                list.iter().map(|node| self.expr(node, env, Mode::Value)).collect()
            }
            node => vec![self.expr(node, env, Mode::Value)],
        };
        if matches!(expr.kind, A_Expr_Kind::AEXPR_OP_ANY | A_Expr_Kind::AEXPR_OP_ALL) {
            for array in &mut values {
                array.ty = self.element_of(array.ty);
            }
        }
        values
    }

    /// What those operators give that are not PostgreSQL's own and can be meant over two values;
    /// rows are also compared field by field.
    pub(super) fn own_operator(
        &mut self,
        (schema, name): (Option<&str>, &str),
        left: Option<&Flow>,
        right: &Flow,
    ) -> Flow {
        let mut made = Flow::constant(None);
        if self.made.functions.iter().any(|made| made == name) {
            self.facts.dynamic = true;
            self.facts.unknown(format!("operator {name}"), ANEW);
            made.unknown = true;
        }
        if !self.catalog.code.operators.contains_key(name) {
            return made;
        }
        let lefts = left.and_then(|left| left.fields.as_ref());
        for (left, right) in
            lefts.iter().zip(&right.fields).flat_map(|(l, r)| l.iter().zip(r.iter()))
        {
            made.absorb(&self.own_operator((schema, name), Some(&left.flow), &right.flow));
        }
        for id in self.operators(schema, name, left, right) {
            let operands = left.into_iter().chain([right]).cloned();
            made.absorb(&self.run_silently(id, operands.collect()));
        }
        made
    }

    /// True of what an operator of PostgreSQL's own gives, or of an extension: no value of a type
    /// that has such a cast.
    fn is_computed(&self, node: Node<'_>) -> bool {
        let Node::A_Expr(expr) = node else { return false };
        let names = parts(expr.name());
        let (_, name) = split(&names);
        let own = self.catalog.code.operators.get(name);
        let language = |id| self.catalog.function(id).map(|function| function.language.as_str());
        // What these make of ranges is of the ranges' own type.
        expr.kind == A_Expr_Kind::AEXPR_OP
            && !matches!(name, "+" | "-" | "*")
            && own.into_iter().flatten().all(|one| language(one.function) == Some("c"))
    }

    /// `&&` is a comparison, but for queries of text search: those it joins.
    fn joins_queries(&mut self, expr: &A_Expr, env: &Env<'_>, mode: Mode) -> bool {
        let types = [expr.lexpr(), expr.rexpr()].map(|side| self.expr(side, env, mode).ty);
        let known = types.iter().flatten().count();
        known == 0 || types.contains(&Some(TSQUERY))
    }

    /// True for an operator that makes a value and runs nobody's code.
    pub(super) fn chains(&self, name: Option<&str>) -> bool {
        let code = &self.catalog.code;
        name.is_some_and(|name| {
            !builtin::compares(name)
                && !code.operators.contains_key(name)
                && !code.casts.iter().any(|cast| cast.silent)
                && !self.no_operator(name)
        })
    }

    fn no_operator(&self, name: &str) -> bool {
        let known = &self.catalog.code.builtin_operators;
        // `<>` may be written `!=`, and is stored so in no catalog.
        !known.is_empty() && name != "!=" && !known.contains(name)
    }

    /// The functions of operators in SQL and the like that can be meant.
    fn operators(
        &self,
        schema: Option<&str>,
        name: &str,
        left: Option<&Flow>,
        right: &Flow,
    ) -> Vec<FunctionId> {
        let Some(all) = self.catalog.code.operators.get(name) else { return Vec::new() };
        let visible = |of: &str| match schema {
            // Those of the session's own stand under the number of its schema.
            Some(schema) if crate::is_temporary(schema) => crate::is_temporary(of),
            Some(schema) => schema == of,
            None => !self.path.certain || self.path.schemas.iter().any(|known| known == of),
        };
        let fitting = all.iter().filter(|operator| {
            visible(&operator.schema)
                && operator.left.is_some() == left.is_some()
                && operator.left.zip(left).is_none_or(|(ty, flow)| self.may_be(flow.ty, ty))
                && self.may_be(right.ty, operator.right)
        });
        fitting.map(|operator| operator.function).collect()
    }

    /// True unless a value of the type given is certainly no argument of the type declared.
    fn may_be(&self, given: Option<TypeId>, declared: TypeId) -> bool {
        let Some(given) = self.base_type(given).and_then(|ty| self.catalog.type_by_id(ty)) else {
            return true;
        };
        self.catalog.type_by_id(declared).is_none_or(|declared| {
            declared.kind == TypeKind::Pseudo
                || declared.category == given.category
                || self.catalog.code.casts.iter().any(|cast| cast.source == given.id)
        })
    }

    /// What a function gives that runs without being named. Of PostgreSQL's own it is what a call
    /// gives; an extension's gives nothing new if it only computes.
    fn run_silently(&mut self, id: FunctionId, operands: Vec<Flow>) -> Flow {
        let Some(function) = self.catalog.function(id) else {
            // One of the session's own, for instance: what it does is not seen.
            self.facts.dynamic = true;
            let why = "it is not in the catalog as it was last read";
            self.facts.unknown("a function that runs without being named", why);
            return Flow::unknown();
        };
        self.facts.runs(function);
        let values = operands.into_iter().map(|flow| (None, flow)).collect();
        let arguments = Arguments { values, ..Arguments::default() };
        if !computes(function) {
            return self.body(function, &arguments);
        }
        if function.schema != "pg_catalog" && !acts(function) {
            return Flow::constant(None);
        }
        let name = format!("{}.{}", function.schema, function.name);
        self.facts.function(FunctionRef { id: Some(id), name });
        self.one(function, &arguments, false)
    }

    /// A cast, whoever made it.
    pub(crate) fn written_cast(&mut self, cast: &TypeCast, env: &Env<'_>, mode: Mode) -> Flow {
        self.once([cast.arg()], |walk| walk.cast_over(cast, env, mode))
    }

    fn cast_over(&mut self, cast: &TypeCast, env: &Env<'_>, mode: Mode) -> Flow {
        let mut flow = self.cast(cast, env, mode);
        self.cast_runs(cast, &flow, env, mode);
        let carries = !flow.sources.is_empty();
        let document = carries && [Some(JSON), Some(JSONB)].contains(&flow.ty);
        if !document && self.catalog.code.casts.is_empty() {
            return flow;
        }
        let given = self.expr(cast.arg(), env, Mode::Value);
        // Text and the like can put a value where a document has its keys.
        let structured =
            [Some(JSON), Some(JSONB), Some(RECORD)].contains(&given.ty) || given.fields.is_some();
        flow.keyed |= document && !structured;
        let target = flow.ty;
        flow.absorb(&self.own_casts(&given, target));
        flow
    }

    /// What a cast runs by what its type is: the checks of a domain.
    fn cast_runs(&mut self, cast: &TypeCast, made: &Flow, env: &Env<'_>, mode: Mode) {
        let types = cast.type_name().map(|name| self.types_meant(name)).unwrap_or_default();
        if !types.iter().any(|ty| self.has_code(*ty)) {
            return;
        }
        // In a predicate, what comparisons tell is left out of it.
        let given = match mode {
            Mode::Value => made.clone(),
            Mode::Test => self.expr(cast.arg(), env, Mode::Value),
        };
        types.into_iter().for_each(|ty| self.becomes(Some(ty), &given));
    }

    /// What the casts give that are not PostgreSQL's own and can be meant.
    pub(crate) fn own_casts(&mut self, given: &Flow, target: Option<TypeId>) -> Flow {
        let mut flow = Flow::constant(None);
        if given.ty.is_none() && given.sources.is_empty() && !given.unknown {
            return flow;
        }
        let whole = |ty| [ty, self.base_type(ty), self.element_of(ty)];
        let (from, to) = (whole(given.ty), whole(target));
        let is = |known: [Option<TypeId>; 3], ty| known[0].is_none() || known.contains(&Some(ty));
        let casts = self.catalog.code.casts.iter();
        let meant = casts.filter(|cast| is(from, cast.source) && is(to, cast.target));
        for id in meant.map(|cast| cast.function).collect::<Vec<_>>() {
            flow.absorb(&self.run_silently(id, vec![given.clone()]));
        }
        flow
    }

    /// What casts give that one of PostgreSQL's own functions runs on what it is given: those to
    /// JSON on any value that stands in a document it makes, those to text where it is in SQL.
    pub(crate) fn casts_within(&mut self, name: &str, arguments: &Arguments) -> Option<Flow> {
        let casts = &self.catalog.code.casts;
        if casts.is_empty() {
            return None;
        }
        if builtin::documents(name) || builtin::keys(name).is_some() {
            return self.casts_to_json(arguments.values.iter().map(|(_, given)| given));
        }
        if !builtin::writes_text(name) {
            return None;
        }
        let mut made = Flow::constant(None);
        for (_, given) in arguments.values.iter().filter(|(_, given)| !is_text(given)) {
            made.absorb(&self.own_casts(given, Some(TEXT)));
        }
        (!made.sources.is_empty() || made.unknown).then_some(made)
    }

    /// What the casts to JSON give that are meant where these values stand in a document.
    pub(super) fn casts_to_json<'f>(
        &mut self,
        values: impl Iterator<Item = &'f Flow> + Clone,
    ) -> Option<Flow> {
        let casts = self.catalog.code.casts.iter().filter(|cast| cast.target == JSON);
        let casts: Vec<_> = casts.map(|cast| (cast.source, cast.function)).collect();
        let mut made: Option<Flow> = None;
        for (source, function) in casts {
            for given in values.clone() {
                if self.may_hold(given, source, DEPTH) {
                    let one = self.run_silently(function, vec![given.clone()]);
                    made.get_or_insert_with(|| Flow::constant(None)).absorb(&one);
                }
            }
        }
        made
    }

    /// True unless no value of a type stands within this one: in its fields, in its elements.
    fn may_hold(&mut self, given: &Flow, wanted: TypeId, depth: usize) -> bool {
        if depth == 0 {
            return true;
        }
        if let Some(fields) = self.fields_of(given) {
            return fields.iter().any(|field| self.may_hold(&field.flow, wanted, depth - 1));
        }
        let Some(ty) = given.ty else { return !is_text(given) };
        if let Some(element) = self.element_of(Some(ty)) {
            let element = Flow::constant(Some(element));
            return self.may_hold(&element, wanted, depth - 1);
        }
        [Some(ty), self.base_type(Some(ty))].contains(&Some(wanted)) || ty == RECORD
    }

    /// A value with what a cast may make of it that nobody wrote.
    pub(crate) fn coerced(&mut self, mut flow: Flow) -> Flow {
        let Some(ty) = flow.ty else { return flow };
        let types = [Some(ty), self.base_type(flow.ty), self.element_of(flow.ty)];
        let casts = self.catalog.code.casts.iter();
        let casts = casts.filter(|cast| cast.silent && types.contains(&Some(cast.source)));
        for id in casts.map(|cast| cast.function).collect::<Vec<_>>() {
            let made = self.run_silently(id, vec![flow.clone()]);
            let (origin, fields) = (flow.origin, flow.fields.clone());
            flow.absorb(&made);
            if made.sources.is_empty() && !made.unknown {
                (flow.origin, flow.fields) = (origin, fields);
            }
        }
        flow
    }

    /// What an aggregate gives that is not PostgreSQL's own: what its functions make of the values
    /// and of each other's results.
    pub(crate) fn aggregate_body(&mut self, function: &'a Function, flow: Flow) -> Flow {
        let code = &self.catalog.code;
        let Some(parts) = code.aggregates.get(&function.id) else {
            let what = format!("aggregate {}.{}(…)", function.schema, function.name);
            self.facts.unknown(what, "the functions it is made of are not known");
            return Flow { unknown: true, ..flow };
        };
        let mut all = flow;
        for part in parts.iter().chain(parts) {
            let arguments = self.catalog.function(*part).map_or(0, |f| f.argument_types.len());
            let made = self.run_silently(*part, vec![all.clone(); arguments]);
            all.absorb(&made);
        }
        all
    }

    /// The default of an argument, counted from the first that has one.
    pub(crate) fn argument_default(&mut self, function: &Function, place: usize) -> Option<Flow> {
        let text = self.catalog.code.argument_defaults.get(&function.id)?;
        Some(self.default_value(text, place))
    }

    /// The defaults of a relation's columns, as far as they call code.
    pub(crate) fn column_defaults(
        &mut self,
        relation: &model::catalog::Relation,
    ) -> Vec<(model::ColumnId, Flow)> {
        let code = &self.catalog.code;
        if code.column_defaults.is_empty() {
            return Vec::new();
        }
        let columns = relation.columns.iter().map(|column| relation.column_id(column.number));
        let texts = columns.filter_map(|id| Some((id, code.column_defaults.get(&id)?)));
        texts
            .collect::<Vec<_>>()
            .into_iter()
            .map(|(id, text)| (id, self.default_value(text, 0)))
            .collect()
    }

    /// The value of one expression of a list, as PostgreSQL prints defaults.
    fn default_value(&mut self, text: &str, place: usize) -> Flow {
        let tree = parse::parse(&format!("SELECT {text}")).ok();
        let flow = tree.as_ref().and_then(|tree| {
            let Some(Node::SelectStmt(select)) = tree.stmts().next() else { return None };
            let target = select.target_list().iter().nth(place)?;
            let env = Env::default();
            Some(self.inside(Path::bare(), |walk| walk.value(target.val(), &env)))
        });
        flow.unwrap_or_else(Flow::unknown).moved(Distance::Expression)
    }

    /// A value that can become a key of a document is not kept from sight by masking the values: if
    /// anything of such a document is hidden, its keys are too.
    pub(crate) fn keyed(&self, function: &Arc<Function>, arguments: &Arguments) -> bool {
        let values = arguments.values.iter().enumerate();
        if builtin::documents(&function.name) {
            // A type of an extension may have a cast of its own to a document: hstore has.
            return values.into_iter().any(|(_, (_, flow))| {
                let ty = self.element_of(flow.ty).or(self.base_type(flow.ty));
                let ty = ty.and_then(|ty| self.catalog.type_by_id(ty));
                let foreign =
                    |ty: &&Arc<Type>| ty.kind == TypeKind::Base && ty.schema != "pg_catalog";
                !flow.sources.is_empty() && ty.as_ref().is_some_and(foreign)
            });
        }
        let Some(places) = builtin::keys(&function.name) else { return false };
        values
            .filter(|(at, _)| arguments.spread || places.holds(*at))
            .any(|(_, (_, flow))| !flow.sources.is_empty() || flow.unknown)
    }
}

/// PostgreSQL's own functions and those of extensions in C compute from their arguments.
pub(crate) fn computes(function: &Function) -> bool {
    matches!(function.language.as_str(), "internal" | "c") || function.schema == "pg_catalog"
}

/// The operators that a comparison is made of that names none.
pub(super) fn stands_for(kind: A_Expr_Kind::Type) -> Option<&'static [&'static str]> {
    match kind {
        A_Expr_Kind::AEXPR_BETWEEN | A_Expr_Kind::AEXPR_BETWEEN_SYM => Some(&[">=", "<="]),
        A_Expr_Kind::AEXPR_NOT_BETWEEN | A_Expr_Kind::AEXPR_NOT_BETWEEN_SYM => Some(&["<", ">"]),
        _ => None,
    }
}

/// True for one of these that does more than compute, or may do so.
pub(crate) fn acts(function: &Function) -> bool {
    let unknown = function.schema != "pg_catalog"
        && function.volatility == Volatility::Volatile
        && !builtin::computes(&function.name);
    unknown || builtin::act(&function.name, function.argument_types.len()).is_some()
}

/// True for a constant of which nothing but its place says what it is: beside a value of any type
/// it is a text.
fn is_text(flow: &Flow) -> bool {
    flow.single && flow.ty.is_none() && flow.is_given()
}
