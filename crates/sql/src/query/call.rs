//! Calls in expressions: aggregates, windows, PostgreSQL's own functions. Functions with a body go
//! to `function`.

use crate::{
    analyse::Walk,
    builtin::{self, Act, Collects},
    document,
    flow::{Distance, Field, Flow, Sources},
    names::{parts, split},
    query::{
        Mode,
        place::{constant_text, plain_text},
        total,
    },
    scope::Env,
    types::INTEGER,
};
use model::{
    Use,
    catalog::{Function, FunctionKind, Type, TypeKind},
    facts::FunctionRef,
};
use pg_raw_parse::{Node, nodes::FuncCall};
use std::sync::Arc;

/// The arguments of a call.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    /// Name, if given by name, and value.
    pub(crate) values: Vec<(Option<String>, Flow)>,
    /// True for `VARIADIC array`.
    pub(crate) spread: bool,
    /// The first argument, if it is a text constant.
    pub(crate) text: Option<String>,
    /// The last argument, likewise.
    pub(crate) last: Option<String>,
    /// The last argument, if it is a whole number.
    pub(crate) number: Option<u32>,
    /// The second argument, likewise.
    pub(crate) second: Option<u32>,
    /// What the client made up itself among what an aggregate goes over: how many of its rows there
    /// are tells what they were compared with.
    pub(crate) sets: Sources,
    /// True for `DISTINCT`.
    pub(crate) distinct: bool,
    /// Of what makes an object of a document: its keys, where they are text constants.
    pub(crate) keys: Vec<Option<String>>,
}

impl Arguments {
    /// All of them as one value.
    pub(crate) fn merged(&self) -> Flow {
        Flow::merge(self.values.iter().map(|(_, flow)| flow))
    }

    /// True if each is one column as it stands, or none.
    pub(super) fn is_whole(&self) -> bool {
        let whole = |flow: &Flow| flow.is_given() || flow.distance <= Distance::Folded;
        !self.spread && self.values.iter().all(|(_, flow)| whole(flow))
    }
}

impl<'a> Walk<'a> {
    pub(crate) fn call(&mut self, call: &FuncCall, env: &Env<'_>, mode: Mode) -> Flow {
        let names = parts(call.funcname());
        let (schema, name) = split(&names);
        let schema = self.schema_meant(schema, name);
        let (spread, distinct, sets) = (call.func_variadic, call.agg_distinct, env.sets());
        let mut arguments = Arguments { spread, distinct, sets, ..Arguments::default() };
        let given = self.in_place(call, schema, name);
        if builtin::keys(name) == Some(builtin::Keys::EveryOther) {
            let keys = given.iter().copied().step_by(2).map(plain_text);
            arguments.keys = keys.collect();
        }
        if let Some(last) = given.last().copied() {
            (arguments.last, arguments.number) =
                (constant_text(last), total::constant_number(last));
            arguments.second = given.get(1).copied().and_then(total::constant_number);
        }
        // What a function makes of a truth nobody can say, but for those that go over rows.
        let over_rows = self.path.functions(self.catalog, schema, name).iter().any(|function| {
            matches!(function.kind, FunctionKind::Aggregate | FunctionKind::Window)
        });
        let mode = if over_rows { mode } else { Mode::Value };
        for (index, node) in given.into_iter().enumerate() {
            if index == 0 {
                arguments.text = constant_text(node);
            }
            let named = match node {
                Node::NamedArgExpr(named) => named.name().map(str::to_owned),
                _ => None,
            };
            let flow = self.expr(node, env, mode);
            let flow = self.coerced(flow);
            arguments.values.push((named, flow));
        }
        for sort in call.agg_order() {
            let flow = self.value(sort.node(), env);
            self.facts.uses(&flow, Use::Inferred);
            if call.agg_within_group {
                arguments.values.push((None, flow));
            }
        }
        self.test(call.agg_filter(), env);
        if let Some(window) = call.over() {
            self.window(window, env);
        }
        self.measure(name, &mut arguments);
        if let [(None, argument)] = arguments.values.as_mut_slice()
            && let Some(statistic) = self.statistic(call, argument, env)
        {
            *argument = statistic;
        }
        let aggregate = call.agg_star
            || call.agg_distinct
            || call.agg_within_group
            || call.over().is_some()
            || !matches!(call.agg_filter(), Node::None)
            || !call.agg_order().is_empty();
        self.apply(schema, name, &arguments, aggregate)
    }

    /// A number behind the first argument says how long the result is (`repeat`, `lpad`, `left`),
    /// as far as the function's name tells nothing else.
    fn measure(&self, name: &str, arguments: &mut Arguments) {
        let number = |ty| {
            let category = self.catalog.type_by_id(ty).map(|ty| ty.category);
            category == Some('N') || name == "array_fill" && category == Some('A')
        };
        let measures = |flow: &Flow| flow.carries() && flow.ty.is_none_or(number);
        let sized = arguments.values.iter().skip(1).any(|(_, flow)| measures(flow));
        if let Some((_, first)) = arguments.values.first_mut() {
            first.sized |= sized;
        }
    }

    /// `t.f` and `(row).f` where the row has no such field: the function of that name over it.
    pub(crate) fn call_on_row(&mut self, name: &str, row: Flow) -> Flow {
        let row = self.coerced(row);
        let arguments = Arguments { values: vec![(None, row)], ..Arguments::default() };
        self.apply(None, name, &arguments, false)
    }

    /// A function by name over values.
    pub(crate) fn apply(
        &mut self,
        schema: Option<&str>,
        name: &str,
        arguments: &Arguments,
        aggregate: bool,
    ) -> Flow {
        let candidates = self.candidates(schema, name, arguments);
        if candidates.is_empty() {
            return self.no_function(schema, name, arguments);
        }
        // `name(row)` is the row's field where no function of the name takes the row.
        let field = match arguments.values.as_slice() {
            [(None, row)] if schema.is_none() => {
                self.fields_of(row).and_then(|fields| crate::scope::field_of(&fields, name))
            }
            _ => None,
        };
        let certain = candidates.len() == 1;
        let mut result: Option<Flow> = None;
        for function in &candidates {
            let reference = FunctionRef {
                id: certain.then_some(function.id),
                name: format!("{}.{}", function.schema, function.name),
            };
            self.facts.function(reference);
            self.facts.runs(function);
            let flow = self.one(function, arguments, aggregate);
            match &mut result {
                None => result = Some(flow),
                Some(sum) => {
                    if sum.ty != flow.ty {
                        sum.ty = None;
                    }
                    sum.single &= flow.single;
                    if sum.fields.is_none() != flow.fields.is_none() {
                        sum.fields = None;
                    }
                    let rows = sum.rows.min(flow.rows);
                    sum.absorb(&flow);
                    sum.rows = rows;
                }
            }
        }
        let mut result = result.unwrap_or_else(Flow::unknown);
        if let Some(field) = field {
            result.absorb(&field);
            (result.ty, result.fields) = (None, None);
        }
        result
    }

    /// `name(row)` may be a field of the row; otherwise the function is not known.
    fn no_function(&mut self, schema: Option<&str>, name: &str, arguments: &Arguments) -> Flow {
        if schema.is_none()
            && let [(None, only)] = arguments.values.as_slice()
            && let Some(fields) = self.fields_of(only)
            && let Some(field) = crate::scope::field_of(&fields, name)
        {
            return field;
        }
        // `type(value)` is a cast.
        if let [(None, only)] = arguments.values.as_slice()
            && let Some(ty) = self.path.ty(self.catalog, schema, name)
        {
            self.facts.uses(only, Use::Inferred);
            let mut flow = only.clone().moved(Distance::Expression).typed(Some(ty.id));
            flow.absorb(&self.own_casts(only, Some(ty.id)));
            self.becomes(Some(ty.id), only);
            return flow;
        }
        let shown = schema.map_or_else(|| name.to_owned(), |schema| format!("{schema}.{name}"));
        let why = "it is not in the catalog as it was last read";
        self.facts.unknown(format!("function {shown}(…)"), why);
        self.facts.function(FunctionRef { id: None, name: shown });
        let mut flow = arguments.merged();
        self.facts.uses(&flow, Use::Inferred);
        flow.unknown = true;
        flow
    }

    /// One function over values, whoever wrote it.
    pub(crate) fn one(
        &mut self,
        function: &'a Arc<Function>,
        arguments: &Arguments,
        aggregate: bool,
    ) -> Flow {
        // PostgreSQL's own functions compute, whatever they are written in.
        let own = matches!(function.language.as_str(), "internal" | "c")
            || matches!(function.schema.as_str(), "pg_catalog" | "information_schema");
        let over_rows = matches!(function.kind, FunctionKind::Aggregate | FunctionKind::Window);
        let acted = builtin::act(&function.name, arguments.values.len());
        // What somebody called like a count is none.
        let acted = acted.filter(|act| *act != Act::Count || function.schema == "pg_catalog");
        let mut flow = if own || function.kind == FunctionKind::Aggregate {
            self.computed_by(function, arguments, aggregate || over_rows, acted)
        } else {
            self.body(function, arguments)
        };
        // Without a value of its own it is another one in each row.
        let again = function.volatility == model::catalog::Volatility::Volatile
            || function.name == "current_setting"
            || acted == Some(Act::Count);
        let varies = function.returns_set || aggregate || over_rows || own && again;
        flow.varies |= varies && flow.is_given();
        flow
    }

    /// What a function that computes gives.
    fn computed_by(
        &mut self,
        function: &'a Arc<Function>,
        arguments: &Arguments,
        over_rows: bool,
        acted: Option<Act>,
    ) -> Flow {
        let mut flow = arguments.merged().moved(Distance::Expression);
        self.fills_types(function, arguments);
        if let [(_, only)] = arguments.values.as_slice()
            && builtin::folds(&function.name)
            && only.distance <= Distance::Folded
        {
            flow.distance = Distance::Folded;
        }
        if let ([(_, only)], true) = (arguments.values.as_slice(), builtin::folds(&function.name)) {
            flow.rows = only.rows;
        }
        if over_rows {
            if self.collects(function, arguments) {
                // Its values stay masked, as many as there are rows. Which of them are the same is
                // what DISTINCT asks.
                let asked = arguments.values.iter().filter(|_| arguments.distinct);
                asked.for_each(|(_, value)| self.facts.tested(value));
                // As many as there are rows.
                flow.listed = true;
            } else if acted != Some(Act::Count) {
                self.facts.uses(&flow, Use::Inferred);
            }
            flow.distance = Distance::Aggregate;
            flow.sources.extend(arguments.sets.iter().copied());
            if function.schema != "pg_catalog" && acted.is_none() {
                flow = self.aggregate_body(function, flow);
            }
        }
        flow.growth = total::growth(&function.name, arguments);
        flow.listed |= total::is_listed(&function.name, arguments);
        self.tells(function, arguments, &flow, acted == Some(Act::Count));
        if let Some(act) = acted {
            flow = self.act(act, function, arguments, flow);
        } else if function.language == "c" && function.schema != "pg_catalog" {
            // An extension's function computes, unless it is one of those known to do more.
            let volatile = function.volatility == model::catalog::Volatility::Volatile;
            if volatile && !builtin::computes(&function.name) {
                self.facts.exports(&flow);
                flow.unknown = true;
            }
        }
        flow.keyed |= self.keyed(function, arguments);
        let ty = self.result_type(function, arguments.values.iter().map(|(_, flow)| flow));
        let mut flow = self.shaped(function, flow);
        if flow.ty.is_none() && flow.fields.is_none() {
            flow.ty = ty;
            flow.fields = self.fields_of(&flow);
        }
        self.documented(function, arguments, flow)
    }

    /// A result with what is known of where things stand in it, if it is a document.
    fn documented(&mut self, function: &Function, arguments: &Arguments, mut flow: Flow) -> Flow {
        flow.document = document::made_by(function, arguments);
        let own = function.schema == "pg_catalog";
        if let Some(made) = self.casts_within(&function.name, arguments).filter(|_| own) {
            // Where in it that stands is not known.
            flow.absorb(&made);
            flow.document = None;
        }
        flow
    }

    /// True for an aggregate or a window function that fails on none of its values and yields
    /// nothing but what it was given, or one of these: what is masked stays so in it, and it
    /// answers no question.
    fn collects(&self, function: &Function, arguments: &Arguments) -> bool {
        let values = &arguments.values;
        let given = |index: usize| values.get(index).is_none_or(|(_, flow)| !flow.carries());
        function.schema == "pg_catalog"
            && match builtin::collects(&function.name) {
                Some(Collects::First) => (1..values.len()).all(given),
                Some(Collects::Pair) => given(0),
                // Arrays of several sizes do not fit into one.
                Some(Collects::Elements) => values.iter().all(|(_, flow)| {
                    !flow.carries() || flow.ty.is_some() && self.element_of(flow.ty).is_none()
                }),
                None => false,
            }
    }

    /// A value as the function's declaration shapes it: fields of its rows, or its type.
    pub(crate) fn shaped(&mut self, function: &Function, flow: Flow) -> Flow {
        let unpacks = super::keys::unpacks(&function.name);
        let each = |name: &str, ty| {
            let mut flow = Flow { origin: None, fields: None, ..flow.clone() };
            if unpacks {
                flow.take_keys(&[name.into()]);
            }
            Field::new(name, flow.typed(Some(ty)))
        };
        if function.output_columns.len() > 1
            || (function.output_columns.len() == 1 && function.returns_set && is_table(function))
        {
            let columns = function.output_columns.iter().enumerate();
            let fields = columns
                .map(|(index, (name, ty))| each(&crate::function::column_name(name, index), *ty));
            let fields = fields.collect();
            return Flow { fields: Some(fields), ..flow };
        }
        if let Some(names) = self.composite(function.return_type) {
            let fields = names.iter().map(|(name, ty)| each(name, *ty)).collect();
            return Flow { fields: Some(fields), ty: Some(function.return_type), ..flow };
        }
        let kind = self.catalog.type_by_id(function.return_type).map(|ty| &ty.kind);
        let pseudo = matches!(kind, None | Some(TypeKind::Pseudo));
        let mut flow = flow.typed(Some(function.return_type).filter(|_| !pseudo));
        flow.single = match kind {
            None => false,
            Some(TypeKind::Pseudo) => {
                SINGLE.contains(&function.return_type.0) || self.is_bound(function)
            }
            Some(TypeKind::Domain(_) | TypeKind::Composite(_)) => false,
            Some(
                TypeKind::Base
                | TypeKind::Array(_)
                | TypeKind::Enum(_)
                | TypeKind::Range(_)
                | TypeKind::Multirange(_),
            ) => true,
        };
        flow
    }

    /// True for PostgreSQL's own functions that yield a bound of a range, where none of those that
    /// there are is over rows.
    fn is_bound(&self, function: &Function) -> bool {
        let over_rows = |ty: &Arc<Type>| match ty.kind {
            TypeKind::Range(of) => {
                let kind = self.catalog.type_by_id(of).map(|ty| &ty.kind);
                matches!(kind, None | Some(TypeKind::Composite(_) | TypeKind::Domain(_)))
            }
            _ => false,
        };
        function.schema == "pg_catalog"
            && matches!(function.name.as_str(), "lower" | "upper")
            && !self.catalog.types().any(over_rows)
    }
}

/// `cstring`, `void`, `trigger`, `internal`, array and range pseudo-types: never a row.
const SINGLE: [u32; 7] = [2275, 2278, 2279, 2281, 2277, 5078, 3831];

/// RETURNS TABLE with one column yields a row of one, named as declared.
/// `substring(text from pattern)`, which is NULL where the pattern is not found.
pub(super) fn is_pattern(function: &Function, arguments: &Arguments) -> bool {
    let text = |flow: &Flow| flow.ty.is_none_or(|ty| ty != INTEGER);
    let second = arguments.values.get(1);
    matches!(function.name.as_str(), "substring" | "substr")
        && arguments.values.len() < 4
        && second.is_some_and(|(_, flow)| text(flow))
}

fn is_table(function: &Function) -> bool {
    function.output_columns.first().is_some_and(|(name, _)| !name.is_empty())
}
