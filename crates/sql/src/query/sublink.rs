//! Subqueries as values: scalar ones, EXISTS, IN, ANY, ARRAY.

use super::{Mode, compare::answer, from::listed};
use crate::{
    analyse::Walk,
    builtin,
    flow::{Columns, Distance, Flow, Rest},
    names::{parts, split},
    scope::Env,
    types::BOOLEAN,
};
use pg_raw_parse::{
    Node,
    nodes::SubLink,
    raw::{SetOperation, SubLinkType},
};

/// True for a query that gives its one row whatever stands around it. What is found in rows, and
/// whether there is a row at all, can be another thing for each row around.
fn is_one_row(query: Node<'_>) -> bool {
    let Node::SelectStmt(select) = query else { return false };
    let conditions = [
        select.where_clause(),
        select.having_clause(),
        select.limit_count(),
        select.limit_offset(),
    ];
    select.op == SetOperation::SETOP_NONE
        && select.from_clause().is_empty()
        && conditions.iter().all(|condition| matches!(condition, Node::None))
}

/// Rows with these columns as one value.
pub(super) fn as_one(columns: &Columns) -> Flow {
    let mut flow = Flow::merge(columns.fields.iter().map(|field| &field.flow));
    flow.unknown |= columns.rest == Rest::Open;
    flow
}

impl Walk<'_> {
    /// A subquery as a value. Where the value goes to the client, so does what the subquery's
    /// predicates find out: `(SELECT 'a' WHERE ssn LIKE '1%')` is as good as a part of `ssn`. What
    /// is looked up is told in any case: `EXISTS (SELECT WHERE email = $1)` has the answer of
    /// `SELECT 1 WHERE email = $1`.
    pub(super) fn sublink(&mut self, link: &SubLink, env: &Env<'_>, mode: Mode) -> Flow {
        let linked = |walk: &mut Self, columns| walk.linked(link, columns, env, mode);
        self.subquery(link.subselect(), env, mode, linked)
    }

    /// The same of any query, of whose columns `linked` makes the value.
    pub(super) fn subquery(
        &mut self,
        query: Node<'_>,
        env: &Env<'_>,
        mode: Mode,
        linked: impl FnOnce(&mut Self, Columns) -> Flow,
    ) -> Flow {
        let outer = std::mem::take(&mut self.facts);
        let columns = match query {
            Node::SelectStmt(select) => self.select(select, env),
            other => self.statement(other, env).unwrap_or_else(Columns::open),
        };
        let inner = std::mem::replace(&mut self.facts, outer);
        let asked = if mode == Mode::Value { inner.inferred() } else { Flow::default() };
        self.facts.take(inner, |_, usage| Some(usage));
        let mut flow = linked(self, columns);
        flow.varies |= flow.is_given() && !is_one_row(query);
        if asked.sources.is_empty() {
            return flow;
        }
        let (ty, listed) = (flow.ty, flow.listed);
        flow.absorb(&asked);
        Flow { listed, ..flow.moved(Distance::Expression).typed(ty) }
    }

    fn linked(&mut self, link: &SubLink, columns: Columns, env: &Env<'_>, mode: Mode) -> Flow {
        let open = columns.rest == Rest::Open;
        match link.sub_link_type {
            SubLinkType::EXISTS_SUBLINK => Flow::constant(Some(BOOLEAN)),
            SubLinkType::EXPR_SUBLINK if columns.fields.len() == 1 && !open => {
                let mut fields = columns.fields.into_iter();
                let mut flow = fields.next().map(|field| field.flow).unwrap_or_default();
                flow.origin = None;
                flow.distance = flow.distance.max(Distance::Cast);
                flow
            }
            SubLinkType::EXPR_SUBLINK | SubLinkType::MULTIEXPR_SUBLINK => {
                let mut flow = Flow::row(columns.fields);
                flow.unknown |= open;
                flow
            }
            SubLinkType::ARRAY_SUBLINK => {
                let mut flow = as_one(&columns);
                flow.ty = self.array_of(columns.fields.first().and_then(|field| field.flow.ty));
                // As many as there are rows.
                flow.listed = true;
                flow
            }
            SubLinkType::ANY_SUBLINK
            | SubLinkType::ALL_SUBLINK
            | SubLinkType::ROWCOMPARE_SUBLINK => {
                let names = parts(link.oper_name());
                let named = if names.is_empty() { (None, "=") } else { split(&names) };
                let equality = builtin::equals(named.1);
                let subject = self.expr(link.testexpr(), env, mode);
                let rows = listed(link.subselect(), &columns).filter(|_| equality);
                let found = match columns.fields.as_slice() {
                    [only] if subject.fields.is_none() => only.flow.clone(),
                    _ => Flow::row(columns.fields),
                };
                // What the client makes there is any number of guesses, unless VALUES lists them.
                let counted = equality && (rows.is_some() || !found.is_given());
                self.facts.compared(&subject, &found, counted, rows.unwrap_or(1));
                let mut flow = answer([&subject, &found], mode);
                flow.absorb(&self.operates(named, Some(&subject), &found));
                flow
            }
            _ => Flow::unknown(),
        }
    }
}
