//! What the client itself gives for columns that a statement writes: literals and parameters, by
//! the column that they go to. Knows no policy and no masks.
//!
//! Looked for in the statement's own text, where a value stands as it is or behind casts, CASE and
//! COALESCE, in VALUES, in the select list of INSERT … SELECT, and in the VALUES or the select list
//! of a subquery in FROM or USING. What functions, operators and WITH make is not followed.

use super::Target;
use crate::{
    analyse::Walk,
    flow::Field,
    given::{Assigned, GivenValue},
    names::parts,
};
use model::TypeId;
use pg_raw_parse::{
    ConstValue, Node,
    nodes::{RangeSubselect, ResTarget, SelectStmt},
};

/// How deep CASE, COALESCE, casts and subqueries are followed.
const MAX_DEPTH: usize = 16;

/// Where the columns stand that an expression may name: the items of FROM, or what MERGE uses.
pub(super) type From<'n> = [Node<'n>];

impl<'a> Walk<'a> {
    /// What `SET name = …` gives.
    pub(super) fn set_constants(&mut self, target: &Target<'a>, item: &ResTarget, from: &From<'_>) {
        if !self.is_own_text() || !item.indirection().is_empty() {
            return;
        }
        let name = item.name().unwrap_or_default();
        let Some(field) = field_named(target, name) else { return };
        match item.val() {
            Node::MultiAssignRef(multiple) => {
                let Node::RowExpr(row) = multiple.source() else { return };
                let place = usize::try_from(multiple.colno - 1).unwrap_or(usize::MAX);
                let value = row.args().iter().nth(place);
                self.constants(target, &field, value.into_iter(), from);
            }
            value => self.constants(target, &field, [value].into_iter(), from),
        }
    }

    /// What the rows that INSERT stores give, column by column.
    pub(super) fn row_constants(
        &mut self,
        target: &Target<'a>,
        named: &[&ResTarget],
        rows: &[Vec<Node<'_>>],
        from: &From<'_>,
    ) {
        if !self.is_own_text() {
            return;
        }
        let width = rows.iter().map(Vec::len).max().unwrap_or(0);
        for place in 0..width {
            let field = match named.get(place) {
                Some(item) if !item.indirection().is_empty() => None,
                Some(item) => field_named(target, item.name().unwrap_or_default()),
                None if named.is_empty() => target.table.columns.fields.get(place).cloned(),
                None => None,
            };
            let Some(field) = field else { continue };
            let values = rows.iter().filter_map(|row| row.get(place).copied());
            self.constants(target, &field, values, from);
        }
    }

    /// What the rows of a query give that INSERT stores.
    pub(super) fn query_constants(
        &mut self,
        target: &Target<'a>,
        named: &[&ResTarget],
        select: &SelectStmt,
    ) {
        let mut left = Some(select);
        while let Some(current) = left {
            if let Some(arm) = current.rarg() {
                self.arm_constants(target, named, arm);
            } else {
                self.arm_constants(target, named, current);
            }
            left = current.larg();
        }
    }

    fn arm_constants(&mut self, target: &Target<'a>, named: &[&ResTarget], arm: &SelectStmt) {
        let from: Vec<Node<'_>> = arm.from_clause().into_iter().collect();
        self.row_constants(target, named, &rows(arm), &from);
    }

    /// True where the text that is walked is the client's own.
    fn is_own_text(&self) -> bool {
        self.expansion == 0 && self.frames.is_empty() && self.trigger_on.is_none()
    }

    fn constants<'n>(
        &mut self,
        target: &Target<'a>,
        field: &Field,
        values: impl Iterator<Item = Node<'n>>,
        from: &From<'n>,
    ) {
        let Some(column_ty) = field.flow.ty else { return };
        let mut found = Vec::new();
        for value in values {
            self.constant(value, column_ty, from, 0, &mut found);
        }
        if !found.is_empty() {
            let columns = self.stored(target, field);
            self.given.assigned.push(Assigned { columns, column_ty, values: found });
        }
    }

    fn constant<'n>(
        &self,
        node: Node<'n>,
        ty: TypeId,
        from: &From<'n>,
        depth: usize,
        found: &mut Vec<(GivenValue, TypeId)>,
    ) {
        if depth == MAX_DEPTH {
            return;
        }
        let mut within = |node: Node<'n>, ty| self.constant(node, ty, from, depth + 1, found);
        match node {
            Node::ParamRef(parameter) => {
                let number = u16::try_from(parameter.number).ok();
                found.extend(number.map(|number| (GivenValue::Parameter(number, false), ty)));
            }
            Node::A_Const(constant) => {
                if let Some(ConstValue::String(text)) = constant.val() {
                    found.push((GivenValue::Literal(text.to_string()), ty));
                }
            }
            Node::TypeCast(cast) => {
                let cast_to = cast.type_name().and_then(|name| self.type_of(name));
                within(cast.arg(), cast_to.unwrap_or(ty));
            }
            Node::CollateClause(collate) => within(collate.arg(), ty),
            Node::CoalesceExpr(choice) => choice.args().into_iter().for_each(|it| within(it, ty)),
            Node::CaseExpr(case) => {
                for arm in case.args() {
                    if let Node::CaseWhen(arm) = arm {
                        within(arm.result(), ty);
                    }
                }
                within(case.defresult(), ty);
            }
            Node::A_ArrayExpr(array) => {
                let element = self.element_of(Some(ty)).unwrap_or(ty);
                array.elements().into_iter().for_each(|it| within(it, element));
            }
            Node::ColumnRef(reference) => {
                let (table, name) = match *parts(reference.fields()).as_slice() {
                    [name] => (None, name),
                    [table, name] => (Some(table), name),
                    _ => return,
                };
                for subselect in from.iter().filter_map(|item| subselect(*item, table)) {
                    let inner: Vec<Node<'n>> = subselect.from.to_vec();
                    for value in subselect.named(name) {
                        self.constant(value, ty, &inner, depth + 1, found);
                    }
                }
            }
            _ => {}
        }
    }
}

fn field_named(target: &Target<'_>, name: &str) -> Option<Field> {
    target.table.columns.fields.iter().find(|field| &*field.name == name).cloned()
}

/// The rows that a query lists, without those of a set operation's arms.
fn rows(select: &SelectStmt) -> Vec<Vec<Node<'_>>> {
    let listed = select.values_lists().into_iter().filter_map(|row| match row {
        Node::NodeList(row) => Some(row.into_iter().collect()),
        _ => None,
    });
    let listed: Vec<Vec<Node<'_>>> = listed.collect();
    if !listed.is_empty() {
        return listed;
    }
    // Behind a star it is not known which column is which.
    let plain = select.target_list().iter().map(ResTarget::val);
    vec![plain.take_while(|value| !is_star(*value)).collect()]
}

fn is_star(node: Node<'_>) -> bool {
    let last = |mut fields: Vec<Node<'_>>| matches!(fields.pop(), Some(Node::A_Star(_)));
    match node {
        Node::ColumnRef(reference) => last(reference.fields().into_iter().collect()),
        Node::A_Indirection(steps) => last(steps.indirection().into_iter().collect()),
        _ => false,
    }
}

/// A subquery in FROM, with what its columns are called.
struct Listed<'n> {
    names: Vec<String>,
    rows: Vec<Vec<Node<'n>>>,
    from: Vec<Node<'n>>,
}

impl<'n> Listed<'n> {
    fn named(&self, name: &str) -> impl Iterator<Item = Node<'n>> {
        let place = self.names.iter().position(|known| known == name);
        let value = move |row: &Vec<Node<'n>>| row.get(place?).copied();
        self.rows.iter().filter_map(value)
    }
}

/// The subquery that a name may mean; any, if the column is not qualified.
fn subselect<'n>(item: Node<'n>, table: Option<&str>) -> Option<Listed<'n>> {
    let Node::RangeSubselect(subselect) = item else { return None };
    let subselect: &'n RangeSubselect = subselect;
    let alias = subselect.alias();
    let called = alias.and_then(|alias| alias.aliasname());
    if table.is_some_and(|table| called != Some(table)) {
        return None;
    }
    let Node::SelectStmt(select) = subselect.subquery() else { return None };
    let mut names: Vec<String> = match select.values_lists().is_empty() {
        true => {
            select.target_list().iter().map(|it| it.name().unwrap_or_default().into()).collect()
        }
        false => (1..=rows(select).first().map_or(0, Vec::len))
            .map(|place| format!("column{place}"))
            .collect(),
    };
    if let Some(alias) = alias {
        for (name, renamed) in names.iter_mut().zip(parts(alias.colnames())) {
            *name = renamed.to_owned();
        }
    }
    let from = select.from_clause().into_iter().collect();
    Some(Listed { names, rows: rows(select), from })
}
