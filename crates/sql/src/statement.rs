//! Which statement it is, and who looks into it. Every statement of the grammar has its line; any
//! other is unknown.

use crate::{
    analyse::Walk,
    flow::{Columns, Distance, Field, Flow},
    query::Mode,
    scope::Env,
};
use model::{
    Operation, TypeId, Use,
    catalog::{Function, FunctionKind, Volatility},
    facts::FunctionRef,
};
use pg_raw_parse::{
    Node,
    nodes::{ExplainStmt, FuncCall},
};
use std::sync::Arc;

impl Walk<'_> {
    /// Walks a statement; the columns of its result, if it has one.
    pub(crate) fn statement(&mut self, node: Node<'_>, env: &Env<'_>) -> Option<Columns> {
        self.deeper(|walk| walk.dispatch(node, env), || Some(Columns::open()))
    }

    fn dispatch(&mut self, node: Node<'_>, env: &Env<'_>) -> Option<Columns> {
        match node {
            Node::SelectStmt(select) => self.top_select(select, env),
            Node::InsertStmt(insert) => self.insert(insert, env),
            Node::UpdateStmt(update) => self.update(update, env),
            Node::DeleteStmt(delete) => self.delete(delete, env),
            Node::MergeStmt(merge) => self.merge(merge, env),
            Node::CopyStmt(copy) => self.copy_statement(copy, env),
            Node::ExplainStmt(explain) => Some(self.explain(explain, env)),
            Node::CreateTableAsStmt(create) => self.create_table_as(create, env),
            Node::CallStmt(call) => self.procedure(call.funccall(), env),
            Node::ReturnStmt(ret) => {
                let flow = self.value(ret.returnval(), env);
                Some(Columns::closed(vec![Field::new("return", flow)]))
            }
            Node::PrepareStmt(_)
            | Node::ExecuteStmt(_)
            | Node::DeallocateStmt(_)
            | Node::DeclareCursorStmt(_)
            | Node::FetchStmt(_)
            | Node::ClosePortalStmt(_)
                if !self.frames.is_empty() =>
            {
                Some(self.names_in_code())
            }
            _ => self.session_statement(node, env),
        }
    }

    /// CALL: the body's effects, and a row of its OUT arguments if it has any.
    fn procedure(&mut self, call: Option<&FuncCall>, env: &Env<'_>) -> Option<Columns> {
        let call = call?;
        let name = crate::names::parts(call.funcname()).join(".");
        self.facts.about(Operation::Call, format!("procedure {name}"));
        self.facts.scope();
        let flow = self.expr(Node::FuncCall(call), env, Mode::Value);
        let names = crate::names::parts(call.funcname());
        let (schema, name) = crate::names::split(&names);
        let mut known = self.path.functions(self.catalog, schema, name);
        known.retain(|function| function.kind == FunctionKind::Procedure);
        // The result has a column for each OUT argument, of one procedure or of all of the name.
        let outputs = known.first().map(|first| first.output_columns.as_slice());
        let same =
            |function: &&Arc<Function>| Some(function.output_columns.len()) == count(outputs);
        let changed = self.made.stale || self.made.functions.iter().any(|made| made == name);
        let certain = self.path.certain && !changed && known.iter().all(same);
        match (outputs, flow.fields.as_deref()) {
            _ if !certain => Some(Columns::open()),
            // Without OUT arguments a procedure returns nothing, and analysis knows its body.
            (None | Some([]), _) => (flow.unknown || !flow.sources.is_empty()).then(Columns::open),
            (Some([(name, ty)]), _) => {
                let flow = Flow { origin: None, ..flow }.typed(Some(*ty));
                Some(Columns::closed(vec![Field::new(name, flow)]))
            }
            (Some(outputs), Some(fields)) if fields.len() == outputs.len() => {
                Some(Columns::closed(fields.to_vec()))
            }
            (Some(outputs), _) => {
                let flow = flow.moved(Distance::Expression);
                let field = |(name, _): &(String, TypeId)| Field::new(name, flow.clone());
                Some(Columns::closed(outputs.iter().map(field).collect()))
            }
        }
    }

    /// EXPLAIN shows a plan: the statement's constants and, through row counts, what its predicates
    /// find. Values of columns it does not show, unless a function runs while it plans.
    fn explain(&mut self, explain: &ExplainStmt, env: &Env<'_>) -> Columns {
        let analyse = explain
            .options()
            .iter()
            .any(|option| option.defname() == Some("analyze") && crate::copy::truth(option.arg()));
        self.facts.plain(Operation::Explain);
        self.arguments_of(explain.query(), env);
        let outer = std::mem::take(&mut self.facts);
        let (planning, made) = (self.planning, self.made.clone());
        self.planning |= !analyse;
        let result = self.statement(explain.query(), env);
        self.planning = planning;
        if !analyse {
            self.made = made;
        }
        // What runs while it plans has run.
        let ran = std::mem::take(&mut self.planned);
        let mut inner = std::mem::replace(&mut self.facts, outer);
        // A plan shows what a function came to, or is estimated by it, only where the planner ran
        // it, which it never does with those that are declared VOLATILE, as triggers mostly are.
        let planned = |function: &FunctionRef| {
            let known = function.id.and_then(|id| self.catalog.function(id));
            !function.name.starts_with("pg_catalog.")
                && known.is_none_or(|known| known.volatility != Volatility::Volatile)
        };
        let mut shown = Flow::constant(None);
        shown.unknown =
            inner.functions.iter().any(planned) || !inner.unknowns.is_empty() || inner.dynamic;
        if shown.unknown {
            for field in result.iter().flat_map(|columns| &columns.fields) {
                shown.absorb(&field.flow);
            }
        }
        if !analyse {
            for effect in &mut inner.effects {
                if effect.operation.is_write() {
                    effect.operation = Operation::Select;
                    effect.unbounded = false;
                }
            }
            // The plan is made, and what is constant in it has run by then.
            inner.session.retain(|change| *change == model::facts::SessionChange::Scope);
            inner.moves.clear();
            inner.made.clear();
            inner.renamed.clear();
            self.copy = None;
        }
        inner.effects.extend(ran);
        self.facts.take(inner, |_, usage| match usage {
            Use::Written | Use::Exported | Use::Copied if !analyse => None,
            other => Some(other),
        });
        Columns::closed(vec![Field::new("QUERY PLAN", shown)])
    }
}

impl Walk<'_> {
    /// The arguments of an EXECUTE are computed before its plan is shown.
    fn arguments_of(&mut self, explained: Node<'_>, env: &Env<'_>) {
        let execute = match explained {
            Node::ExecuteStmt(execute) => execute,
            Node::CreateTableAsStmt(create) => match create.query() {
                Node::ExecuteStmt(execute) => execute,
                _ => return,
            },
            _ => return,
        };
        for argument in execute.params() {
            let flow = self.value(argument, env);
            self.facts.uses(&flow, Use::Exported);
        }
    }
}

fn count<T>(list: Option<&[T]>) -> Option<usize> {
    list.map(<[T]>::len)
}

/// The kind of a node in words, for messages.
pub(crate) fn kind(node: Node<'_>) -> String {
    let shown = format!("{node:?}");
    shown.split(['(', ' ', '{']).next().unwrap_or_default().to_owned()
}
