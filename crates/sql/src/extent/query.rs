//! Conditions that ask another query, and joins: which rows of the subject find a partner. Knows
//! what a condition says of its own level, and nothing of single expressions.

use super::{
    Extent, Share,
    source::{Place, Scope, Source},
};
use crate::names::parts;
use model::catalog::{Function, FunctionKind};
use pg_raw_parse::{
    Node,
    nodes::{SelectStmt, SubLink},
    raw::{BoolExprType, SetOperation, SubLinkType},
};

/// A condition between the subject and another source of the same level.
#[derive(Clone, Debug)]
pub(super) struct Bond {
    /// The other source.
    other: u32,
    /// Every row of the subject has a partner there, if all rows are there.
    total: bool,
    /// It only rules a partner out.
    apart: bool,
}

/// What the columns of a subquery are compared with.
pub(super) struct Test<'x, 't> {
    pub(super) operator: &'x str,
    pub(super) values: Vec<Node<'t>>,
}

impl Extent<'_, '_> {
    /// How much of the subject is left by conditions that all must hold, together with its joins to
    /// the other sources of this level.
    pub(super) fn chosen(
        &self,
        subject: u32,
        scope: &Scope<'_>,
        conditions: &[Node<'_>],
        mut bonds: Vec<Bond>,
    ) -> Share {
        let mut all = Vec::new();
        conditions.iter().for_each(|condition| conjuncts(*condition, &mut all));
        let mut taken = Share::All;
        let narrowed = scope.sources.iter().filter(|source| !source.whole);
        let mut narrowed: Vec<u32> = narrowed.map(|source| source.id).collect();
        let mut joined: Vec<(u32, u32)> = Vec::new();
        for condition in all {
            let seen = self.seen(condition, scope);
            let own = seen.contains(&subject);
            let others: Vec<u32> =
                seen.into_iter().filter(|id| *id != subject && scope.holds(*id)).collect();
            match others.as_slice() {
                [] => taken = taken.min(self.share(condition, subject, scope)),
                [_, ..] if own => match self.bond(condition, subject, scope) {
                    Some(bond) => bonds.push(bond),
                    None => taken = taken.min(self.share(condition, subject, scope)),
                },
                [first, rest @ ..] => {
                    let share = self.share(condition, *first, scope);
                    if share == Share::Nothing {
                        return Share::Nothing;
                    }
                    let whole = match rest {
                        [] => !share.narrows(),
                        rest => {
                            joined.extend(rest.iter().map(|other| (*first, *other)));
                            self.bond(condition, *first, scope).is_some_and(|bond| bond.total)
                        }
                    };
                    if !whole {
                        narrowed.push(*first);
                    }
                }
            }
        }
        taken.min(bound(&bonds, &narrowed, &joined))
    }

    /// What a condition says of the subject and one other source, if that is all it says.
    fn bond(&self, condition: Node<'_>, subject: u32, scope: &Scope<'_>) -> Option<Bond> {
        let (operator, left, right) = self.comparison(condition)?;
        self.between(operator, (left, scope), (right, scope), subject)
    }

    /// The bond of two values, each in the sight of its own level.
    fn between(
        &self,
        operator: &str,
        (left, left_scope): (Node<'_>, &Scope<'_>),
        (right, right_scope): (Node<'_>, &Scope<'_>),
        subject: u32,
    ) -> Option<Bond> {
        let of_left = self.seen(left, left_scope);
        let of_right = self.seen(right, right_scope);
        let other = match (of_left.contains(&subject), of_right.contains(&subject)) {
            (true, false) if of_right.len() == 1 => *of_right.first()?,
            (false, true) if of_left.len() == 1 => *of_left.first()?,
            _ => return None,
        };
        let same = self.same_column((left, left_scope), (right, right_scope));
        let places = self
            .find(super::shape::bare(left), left_scope)
            .zip(self.find(super::shape::bare(right), right_scope));
        let covers = places.is_some_and(|(left, right)| {
            let (own, other) = if left.source == subject { (left, right) } else { (right, left) };
            self.covers(&own, &other)
        });
        let total = match operator {
            "=" => same || covers,
            "<=" | ">=" => same,
            _ => false,
        };
        Some(Bond { other, total, apart: matches!(operator, "<>" | "!=") })
    }

    /// True if every row of the one column has a partner in the other.
    fn covers(&self, own: &Place, other: &Place) -> bool {
        if other.numbers {
            return true;
        }
        let Some(column) = self.known(own).filter(|column| column.not_null) else { return false };
        column.references.is_some() && column.references == other.column
    }

    /// EXISTS, IN, ANY, ALL and scalar subqueries as conditions.
    pub(super) fn linked(&self, link: &SubLink, subject: u32, scope: &Scope<'_>) -> Share {
        let Node::SelectStmt(select) = link.subselect() else { return Share::Part };
        let operator = parts(link.oper_name()).last().copied().unwrap_or("=");
        let test = Test { operator, values: values(link.testexpr()) };
        match link.sub_link_type {
            SubLinkType::ANY_SUBLINK => self.rows(select, subject, scope, Some(&test)),
            SubLinkType::ALL_SUBLINK => {
                // For all holds what for none does not.
                let Some(opposite) = super::compare::opposite(operator) else {
                    return self.depends_or_same(link.testexpr(), subject, scope);
                };
                let test = Test { operator: opposite, values: values(link.testexpr()) };
                self.rows(select, subject, scope, Some(&test)).not()
            }
            SubLinkType::EXISTS_SUBLINK => self.rows(select, subject, scope, None),
            SubLinkType::EXPR_SUBLINK => match single(select) {
                // `(SELECT condition)`, `(SELECT true FROM …)`.
                Some(value) if select.from_clause().is_empty() => {
                    let condition = self.share(value, subject, scope);
                    condition.min(self.share(select.where_clause(), subject, scope))
                }
                _ => self.rows(select, subject, scope, None),
            },
            _ => Share::Part,
        }
    }

    /// How much of the subject finds a row in a query: any, or one whose columns pass a test.
    pub(super) fn rows(
        &self,
        select: &SelectStmt,
        subject: u32,
        scope: &Scope<'_>,
        test: Option<&Test<'_, '_>>,
    ) -> Share {
        let found = self.deeper(|| self.found(select, subject, scope, test));
        // Nobody looked to its end.
        found.unwrap_or(if self.spent() { Share::Same } else { Share::Part })
    }

    fn found(
        &self,
        select: &SelectStmt,
        subject: u32,
        scope: &Scope<'_>,
        test: Option<&Test<'_, '_>>,
    ) -> Share {
        let mut inner = scope.below();
        self.with(select.with_clause(), &mut inner);
        if let (Some(left), Some(right)) = (select.larg(), select.rarg()) {
            let left = self.rows(left, subject, &inner, test);
            let right = self.rows(right, subject, &inner, test);
            return match select.op {
                SetOperation::SETOP_INTERSECT => left.min(right),
                SetOperation::SETOP_EXCEPT if test.is_some() => left.min(right.not()),
                SetOperation::SETOP_EXCEPT => left,
                _ => left.max(right),
            };
        }
        let mut conditions = Vec::new();
        for item in select.from_clause() {
            self.source(item, &mut inner, &mut conditions);
        }
        let limit = self.limit(select, &inner);
        if limit == Some(Share::Nothing) {
            return Share::Nothing;
        }
        if !select.values_lists().is_empty() {
            return self.listed(select, subject, &inner, test);
        }
        conditions.push(select.where_clause());
        let groups = !select.group_clause().is_empty();
        if test.is_none() && !groups && self.aggregates(select) {
            // One row, whatever there is.
            return self.share(select.having_clause(), subject, &inner);
        }
        let mut taken = Share::All;
        let mut bonds = Vec::new();
        let targets = self.targets(select, &inner);
        for (index, value) in test.iter().flat_map(|test| test.values.iter().enumerate()) {
            let operator = test.map_or("=", |test| test.operator);
            let Some(target) = targets.get(index) else { return Share::Part };
            let pair = ((*value, scope), (target.node, &inner));
            if let Some(bond) = self.against(operator, pair.0, target, &inner, subject) {
                bonds.push(bond);
            } else {
                taken = taken.min(self.compare_across(operator, pair.0, pair.1, subject));
            }
        }
        taken = taken.min(self.chosen(subject, &inner, &conditions, bonds));
        if !matches!(select.having_clause(), Node::None) {
            let having = self.share(select.having_clause(), subject, &inner);
            taken = if having == Share::Nothing { having } else { taken.min(Share::Part) };
        }
        match limit {
            Some(limit) if test.is_some() => taken.min(limit),
            _ => taken,
        }
    }

    /// The bond of a value with a column of a query, one that stands for `*` included.
    fn against(
        &self,
        operator: &str,
        value: (Node<'_>, &Scope<'_>),
        target: &Target<'_>,
        inner: &Scope<'_>,
        subject: u32,
    ) -> Option<Bond> {
        if let Some(place) = &target.place {
            let own = self.find(super::shape::bare(value.0), value.1)?;
            if own.source != subject {
                return None;
            }
            let same = own.column.is_some() && own.column == place.column;
            let total = match operator {
                "=" => same || self.covers(&own, place),
                "<=" | ">=" => same,
                _ => false,
            };
            let apart = matches!(operator, "<>" | "!=");
            return Some(Bond { other: place.source, total, apart });
        }
        self.between(operator, value, (target.node, inner), subject)
    }

    /// The output columns of a query.
    fn targets<'t>(&self, select: &'t SelectStmt, inner: &Scope<'_>) -> Vec<Target<'t>> {
        let mut targets = Vec::new();
        for target in select.target_list() {
            let value = gathered(target.val());
            let place = self.find(value, inner).filter(|place| place.row);
            let star = matches!(value, Node::ColumnRef(reference)
                if parts(reference.fields()).len() != reference.fields().len());
            if !star {
                targets.push(Target { node: value, place: None });
                continue;
            }
            let sources = inner.sources.iter();
            let sources = sources.filter(|s| place.as_ref().is_none_or(|p| p.source == s.id));
            for source in sources {
                for (name, column) in self.columns(source) {
                    let (optional, numbers) = (source.optional, source.numbers);
                    let (source, row) = (source.id, false);
                    let place = Place { source, name, column, optional, numbers, row };
                    targets.push(Target { node: Node::None, place: Some(place) });
                }
            }
        }
        targets
    }

    /// VALUES: a test passes if it passes for one row.
    fn listed(
        &self,
        select: &SelectStmt,
        subject: u32,
        scope: &Scope<'_>,
        test: Option<&Test<'_, '_>>,
    ) -> Share {
        let Some(test) = test else { return Share::All };
        let rows = select.values_lists().iter().filter_map(|row| row.as_node_list());
        let passes = rows.map(|row| {
            let pairs = test.values.iter().zip(row.iter());
            let pairs = pairs
                .map(|(value, item)| self.compare(test.operator, *value, item, subject, scope));
            pairs.min().unwrap_or(Share::Part)
        });
        passes.max().unwrap_or(Share::Nothing)
    }

    /// How much a query's LIMIT leaves; `None` if it leaves all that matters.
    fn limit(&self, select: &SelectStmt, scope: &Scope<'_>) -> Option<Share> {
        let table = scope.sources.first().and_then(|source| source.relation);
        self.limited(select.limit_count(), table)
    }

    /// True if an aggregate stands among the outputs.
    pub(super) fn aggregates(&self, select: &SelectStmt) -> bool {
        let aggregate = |node: Node<'_>| match node {
            Node::FuncCall(call) => {
                let name = parts(call.funcname()).last().copied().unwrap_or_default();
                let mut known = self.walk.catalog.functions_named(name);
                call.over().is_none()
                    && known.any(|function: &std::sync::Arc<Function>| {
                        function.kind == FunctionKind::Aggregate
                    })
            }
            _ => false,
        };
        select.target_list().iter().any(|target| aggregate(super::shape::bare(target.val())))
    }

    /// True if a query leaves all rows of one of its sources.
    pub(super) fn leaves_all(&self, select: &SelectStmt, alias: &str) -> bool {
        let mut scope = Scope::default();
        self.with(select.with_clause(), &mut scope);
        let mut conditions = vec![select.where_clause()];
        for item in select.from_clause() {
            self.source(item, &mut scope, &mut conditions);
        }
        let source = scope.sources.iter().find(|source| source.alias == alias);
        let whole = source.is_some_and(|source| {
            source.whole && !self.chosen(source.id, &scope, &conditions, Vec::new()).narrows()
        });
        whole && self.limit(select, &scope).is_none()
    }

    /// A query's rows, if it leaves out none, or but few, of a table.
    pub(super) fn whole(&self, select: &SelectStmt, scope: &Scope<'_>) -> Option<Source> {
        self.deeper(|| self.all_of(select, scope)).flatten()
    }

    fn all_of(&self, select: &SelectStmt, scope: &Scope<'_>) -> Option<Source> {
        let mut inner = scope.below();
        self.with(select.with_clause(), &mut inner);
        if let (Some(left), Some(right)) = (select.larg(), select.rarg()) {
            return match select.op {
                SetOperation::SETOP_UNION => {
                    self.whole(left, &inner).or_else(|| self.whole(right, &inner))
                }
                _ => None,
            };
        }
        if !matches!(select.having_clause(), Node::None) {
            return None;
        }
        let mut conditions = Vec::new();
        for item in select.from_clause() {
            self.source(item, &mut inner, &mut conditions);
        }
        conditions.push(select.where_clause());
        let skips = self.number(select.limit_offset()).is_some_and(|rows| rows > super::MANY);
        let parted = select.distinct_clause().iter().any(|node| {
            !matches!(node, Node::None)
                && !self.find(node, &inner).is_some_and(|place| self.key(&place))
        });
        if self.limit(select, &inner).is_some() || skips || parted {
            return None;
        }
        let targets = self.targets(select, &inner);
        if inner.sources.is_empty() && targets.iter().any(|target| self.counts(target.node)) {
            let names = named(select).collect();
            let columns = Some(names);
            return Some(Source { columns, whole: true, numbers: true, ..Source::default() });
        }
        let full =
            inner.sources.iter().filter(|source| source.whole).find(|source| {
                !self.chosen(source.id, &inner, &conditions, Vec::new()).narrows()
            })?;
        let mut names = named(select);
        let columns = targets.into_iter().map(|target| match target.place {
            Some(place) => (place.name, place.column),
            None => {
                let place = self.find(super::shape::bare(target.node), &inner);
                let name = names.next().map(|(name, _)| name).unwrap_or_default();
                (name, place.and_then(|place| place.column))
            }
        });
        let columns = Some(columns.collect());
        let (relation, numbers) = (full.relation, full.numbers);
        Some(Source { relation, columns, numbers, whole: true, ..Source::default() })
    }
}

/// An output column: an expression, or one of those that `*` stands for.
struct Target<'t> {
    node: Node<'t>,
    place: Option<Place>,
}

/// The names of outputs that are no `*`.
fn named(select: &SelectStmt) -> impl Iterator<Item = super::source::Named> {
    let outputs = select.target_list().iter();
    outputs.filter_map(|target| {
        let value = super::shape::bare(target.val());
        let star = matches!(value, Node::ColumnRef(reference)
            if parts(reference.fields()).len() != reference.fields().len());
        let name = target.name().or_else(|| crate::query::name_of(target.val()));
        (!star).then(|| (name.unwrap_or("?column?").to_owned(), None))
    })
}

/// What several bonds leave of the subject.
fn bound(bonds: &[Bond], narrowed: &[u32], joined: &[(u32, u32)]) -> Share {
    let mut taken = Share::All;
    for bond in bonds {
        let with = |other: &&Bond| other.other == bond.other;
        let apart = bonds.iter().filter(with).any(|other| other.apart);
        let total = bonds.iter().filter(with).any(|other| other.total);
        let leaves = if bond.total {
            let limited = reached(bond.other, joined).iter().any(|id| narrowed.contains(id));
            if limited || apart { Share::Part } else { Share::All }
        } else if bond.apart && !total {
            Share::Most
        } else {
            Share::Part
        };
        taken = taken.min(leaves);
    }
    taken
}

/// The sources that hang together with one.
fn reached(from: u32, joined: &[(u32, u32)]) -> Vec<u32> {
    let mut reached = vec![from];
    loop {
        let next = joined.iter().find_map(|(left, right)| {
            match (reached.contains(left), reached.contains(right)) {
                (true, false) => Some(*right),
                (false, true) => Some(*left),
                _ => None,
            }
        });
        match next {
            Some(next) => reached.push(next),
            None => return reached,
        }
    }
}

/// The parts of a condition that must all hold.
fn conjuncts<'t>(node: Node<'t>, all: &mut Vec<Node<'t>>) {
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        match node {
            Node::BoolExpr(expr) if expr.boolop == BoolExprType::AND_EXPR => {
                open.extend(expr.args().iter());
            }
            node => all.push(node),
        }
    }
}

/// The values that a row of a subquery is compared with.
fn values(node: Node<'_>) -> Vec<Node<'_>> {
    match node {
        Node::RowExpr(row) => row.args().iter().collect(),
        node => vec![node],
    }
}

/// The only output of a query.
pub(super) fn single(select: &SelectStmt) -> Option<Node<'_>> {
    let mut targets = select.target_list().iter();
    match (targets.next(), targets.next()) {
        (Some(only), None) => Some(only.val()),
        _ => None,
    }
}

/// True for an aggregate that makes an array.
pub(super) fn is_array(node: Node<'_>) -> bool {
    matches!(super::shape::bare(node), Node::FuncCall(call)
        if parts(call.funcname()).last() == Some(&"array_agg"))
}

/// What is gathered into an array, or spread out of one, is compared one by one.
pub(super) fn gathered(node: Node<'_>) -> Node<'_> {
    match super::shape::bare(node) {
        Node::FuncCall(call) if call.args().len() == 1 => match parts(call.funcname()).last() {
            Some(&("array_agg" | "unnest")) => gathered(call.args().get(0).unwrap_or(Node::None)),
            _ => node,
        },
        bare => bare,
    }
}
