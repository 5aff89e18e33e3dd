//! SQL/JSON: what its constructors, functions and aggregates carry. Knows the tree and what it is
//! made of.

use super::{Mode, call::Arguments, compare::answer, sublink::as_one};
use crate::{
    analyse::Walk,
    flow::{Distance, Flow},
    scope::Env,
};
use model::Use;
use pg_raw_parse::{
    Node,
    nodes::{JsonBehavior, JsonFuncExpr, JsonOutput, JsonValueExpr},
    raw::JsonFormatType::JS_FORMAT_DEFAULT as PLAIN,
};

impl Walk<'_> {
    pub(super) fn json(&mut self, node: Node<'_>, env: &Env<'_>, mode: Mode) -> Flow {
        if let Some(flow) = self.plain_call(node, env) {
            return flow;
        }
        let mut flow = match node {
            Node::MergeSupportFunc(_) => return Flow::constant(None),
            Node::JsonValueExpr(value) => {
                let flow = self.in_json(value.raw_expr(), env, mode);
                if value.format().is_some_and(|format| format.format_type != PLAIN) {
                    // What is no document fails.
                    self.facts.uses(&flow, Use::Inferred);
                }
                flow
            }
            Node::JsonIsPredicate(test) => {
                let flow = self.expr(test.expr(), env, mode);
                self.facts.uses(&flow, Use::Inferred);
                return answer([&flow], mode);
            }
            Node::JsonParseExpr(expr) => self.read_json(expr.expr(), env),
            Node::JsonScalarExpr(expr) => self.in_json(expr.expr(), env, mode),
            Node::JsonSerializeExpr(expr) => self.read_json(expr.expr(), env),
            Node::JsonObjectConstructor(object) => {
                let mut flow = Flow::constant(None);
                for pair in object.exprs() {
                    flow.absorb(&self.expr(Node::JsonKeyValue(pair), env, mode));
                }
                // A key that is NULL or there twice fails.
                if flow.keyed {
                    self.facts.uses(&flow, Use::Inferred);
                }
                flow
            }
            Node::JsonKeyValue(pair) => {
                let mut flow = self.expr(pair.key(), env, mode);
                flow.keyed |= !flow.sources.is_empty();
                flow.absorb(&self.optional(pair.value().map(Node::JsonValueExpr), env));
                flow
            }
            Node::JsonArrayConstructor(array) => {
                let mut flow = Flow::constant(None);
                for item in array.exprs() {
                    flow.absorb(&self.expr(Node::JsonValueExpr(item), env, mode));
                }
                flow
            }
            Node::JsonArrayQueryConstructor(array) => {
                self.subquery(array.query(), env, mode, |_, columns| as_one(&columns))
            }
            Node::JsonObjectAgg(agg) => {
                self.json_aggregate(agg.arg().map(Node::JsonKeyValue), agg.constructor(), env)
            }
            Node::JsonArrayAgg(agg) => {
                self.json_aggregate(agg.arg().map(Node::JsonValueExpr), agg.constructor(), env)
            }
            Node::JsonFuncExpr(function) => return self.json_function(function, env, mode),
            Node::JsonArgument(argument) => {
                self.optional(argument.val().map(Node::JsonValueExpr), env)
            }
            other => {
                let shown = crate::statement::kind(other);
                let why = "the analyser does not know it; write it another way";
                self.facts.unknown(format!("an expression ({shown})"), why);
                Flow::unknown()
            }
        };
        flow = flow.moved(Distance::Expression);
        flow
    }

    /// What is no document fails.
    fn read_json(&mut self, value: Option<&JsonValueExpr>, env: &Env<'_>) -> Flow {
        let flow = self.optional(value.map(Node::JsonValueExpr), env);
        self.facts.uses(&flow, Use::Inferred);
        flow
    }

    /// What such a node is to a server that knows it not: a call of a function by that name, if
    /// somebody made one.
    fn plain_call(&mut self, node: Node<'_>, env: &Env<'_>) -> Option<Flow> {
        let (since, items) = newer(node)?;
        let name = super::name::of(node)?;
        if self.catalog.server_version >= since {
            return None;
        }
        let made = self.made.stale || self.made.functions.iter().any(|made| made == name);
        let mut known = self.catalog.functions_named(name);
        if !made && !known.any(|function| function.schema != "pg_catalog") {
            return None;
        }
        let aggregate = match node {
            Node::JsonArrayAgg(agg) => {
                self.json_aggregate(None, agg.constructor(), env);
                true
            }
            _ => false,
        };
        let mut arguments = Arguments { sets: env.sets(), ..Arguments::default() };
        for item in items {
            let flow = self.value(item, env);
            let flow = self.coerced(flow);
            arguments.values.push((None, flow));
        }
        Some(self.apply(None, name, &arguments, aggregate))
    }

    /// Where a call looks for its function, and a type for what it is. `json_object` and `json` the
    /// parser takes for PostgreSQL's own, which to an older server are names like any other.
    pub(crate) fn schema_meant<'n>(&self, schema: Option<&'n str>, name: &str) -> Option<&'n str> {
        let server = self.catalog.server_version;
        let plain =
            name == "json_object" && server < SINCE_16 || name == "json" && server < SINCE_17;
        schema.filter(|schema| !plain || *schema != "pg_catalog")
    }

    /// JSON_VALUE, JSON_QUERY, JSON_EXISTS.
    fn json_function(&mut self, function: &JsonFuncExpr, env: &Env<'_>, mode: Mode) -> Flow {
        let item = function.context_item().map(Node::JsonValueExpr);
        let mut flow = self.optional(item, env);
        flow.absorb(&self.expr(function.pathspec(), env, mode));
        flow.absorb(&self.all(function.passing(), env, mode));
        for behaviour in [function.on_empty(), function.on_error()] {
            flow.absorb(&self.optional(behaviour.map(JsonBehavior::expr), env));
        }
        // Whether it is NULL, or fails, is an answer.
        self.facts.uses(&flow, Use::Inferred);
        flow.ty =
            function.output().and_then(JsonOutput::type_name).and_then(|name| self.type_of(name));
        self.named_type(function.output().and_then(JsonOutput::type_name), &flow);
        let ty = flow.ty;
        flow.moved(Distance::Expression).typed(ty)
    }

    /// A value that becomes a part of a document, by a cast of its own type if somebody made one.
    fn in_json(&mut self, node: Node<'_>, env: &Env<'_>, mode: Mode) -> Flow {
        let mut flow = self.expr(node, env, mode);
        let given = flow.clone();
        if let Some(made) = self.casts_to_json(std::iter::once(&given)) {
            flow.absorb(&made);
        }
        flow
    }

    fn json_aggregate(
        &mut self,
        argument: Option<Node<'_>>,
        constructor: Option<&pg_raw_parse::nodes::JsonAggConstructor>,
        env: &Env<'_>,
    ) -> Flow {
        let flow = self.optional(argument, env);
        // A key that is NULL or there twice fails; values are given out as they are.
        if flow.keyed {
            self.facts.uses(&flow, Use::Inferred);
        }
        if let Some(constructor) = constructor {
            self.test(constructor.agg_filter(), env);
            for sort in constructor.agg_order() {
                let flow = match sort {
                    Node::SortBy(sort) => self.value(sort.node(), env),
                    other => self.value(other, env),
                };
                self.facts.uses(&flow, Use::Inferred);
            }
            if let Some(window) = constructor.over() {
                self.window(window, env);
            }
        }
        let mut flow = flow.moved(Distance::Aggregate);
        flow.varies |= flow.is_given();
        flow
    }
}

/// The first server's version, as `server_version_num` says it, that knows a constructor.
const SINCE_16: u32 = 160_000;
const SINCE_17: u32 = 170_000;

/// Since which version the server knows a node that is written like a call, and what stands in it
/// where it is.
fn newer<'n>(node: Node<'n>) -> Option<(u32, Vec<Node<'n>>)> {
    let raw = |value: Option<&'n JsonValueExpr>| value.map(JsonValueExpr::raw_expr);
    let (since, items): (u32, Vec<Node<'n>>) = match node {
        Node::JsonArrayConstructor(array) => {
            (SINCE_16, array.exprs().iter().map(JsonValueExpr::raw_expr).collect())
        }
        Node::JsonObjectConstructor(object) if object.exprs().is_empty() => (SINCE_16, Vec::new()),
        Node::JsonArrayAgg(agg) => (SINCE_16, raw(agg.arg()).into_iter().collect()),
        Node::JsonParseExpr(expr) => (SINCE_17, raw(expr.expr()).into_iter().collect()),
        Node::JsonScalarExpr(expr) => (SINCE_17, vec![expr.expr()]),
        Node::JsonSerializeExpr(expr) => (SINCE_17, raw(expr.expr()).into_iter().collect()),
        Node::JsonFuncExpr(function) => {
            let item = raw(function.context_item());
            (SINCE_17, item.into_iter().chain([function.pathspec()]).collect())
        }
        Node::MergeSupportFunc(_) => (SINCE_17, Vec::new()),
        _ => return None,
    };
    Some((since, items))
}
