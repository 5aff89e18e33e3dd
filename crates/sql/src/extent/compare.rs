//! Comparisons: with itself, with constants, with lists, with patterns. Knows what an operator
//! means, and no query.

use super::{
    Extent, Share,
    query::{Test, gathered},
    shape::bare,
    source::Scope,
};
use crate::names::parts;
use pg_raw_parse::{
    ConstValue, Node,
    nodes::{A_Expr, FuncCall, SelectStmt, SubLink},
    raw::{A_Expr_Kind, SubLinkType},
};

impl Extent<'_, '_> {
    /// An operator expression as a condition.
    pub(super) fn operator(&self, expr: &A_Expr, subject: u32, scope: &Scope<'_>) -> Share {
        let name = parts(expr.name()).last().copied().unwrap_or_default();
        let (left, right) = (expr.lexpr(), expr.rexpr());
        let compare = |operator: &str, right| self.compare(operator, left, right, subject, scope);
        match expr.kind {
            A_Expr_Kind::AEXPR_OP => compare(name, right),
            A_Expr_Kind::AEXPR_DISTINCT => self.distinct(left, right, subject, scope),
            A_Expr_Kind::AEXPR_NOT_DISTINCT => self.distinct(left, right, subject, scope).not(),
            A_Expr_Kind::AEXPR_IN => {
                let items: Vec<Node<'_>> = right.as_node_list().into_iter().flatten().collect();
                let found = self.among("=", left, &items, true, subject, scope);
                if name == "<>" { found.not() } else { found }
            }
            A_Expr_Kind::AEXPR_OP_ANY => self.array(name, left, right, true, subject, scope),
            A_Expr_Kind::AEXPR_OP_ALL => self.array(name, left, right, false, subject, scope),
            A_Expr_Kind::AEXPR_BETWEEN | A_Expr_Kind::AEXPR_NOT_BETWEEN => {
                let mut limits = right.as_node_list().into_iter().flatten();
                let (low, high) =
                    (limits.next().unwrap_or(Node::None), limits.next().unwrap_or(Node::None));
                let inside = compare(">=", low).min(compare("<=", high));
                let plain = expr.kind == A_Expr_Kind::AEXPR_BETWEEN;
                if plain { inside } else { inside.not() }
            }
            A_Expr_Kind::AEXPR_BETWEEN_SYM | A_Expr_Kind::AEXPR_NOT_BETWEEN_SYM => {
                let mut limits = right.as_node_list().into_iter().flatten();
                let (one, other) =
                    (limits.next().unwrap_or(Node::None), limits.next().unwrap_or(Node::None));
                let inside = compare(">=", one).min(compare("<=", other));
                let inside = inside.max(compare(">=", other).min(compare("<=", one)));
                let plain = expr.kind == A_Expr_Kind::AEXPR_BETWEEN_SYM;
                if plain { inside } else { inside.not() }
            }
            A_Expr_Kind::AEXPR_LIKE | A_Expr_Kind::AEXPR_ILIKE | A_Expr_Kind::AEXPR_SIMILAR => {
                compare(name, right)
            }
            _ => self.depends_or_same(Node::A_Expr(expr), subject, scope),
        }
    }

    /// A call as a condition: the functions below operators, and what is true of any text.
    pub(super) fn called(
        &self,
        call: &FuncCall,
        node: Node<'_>,
        subject: u32,
        scope: &Scope<'_>,
    ) -> Share {
        if let Some((operator, left, right)) = self.comparison(node) {
            return self.compare(operator, left, right, subject, scope);
        }
        let name = parts(call.funcname()).last().copied().unwrap_or_default();
        let second = call.args().get(1).and_then(|node| self.text(node));
        if name == "starts_with" && second.as_deref() == Some("") {
            return Share::All;
        }
        self.depends_or_same(node, subject, scope)
    }

    /// A condition that is compared with a truth value.
    fn judged(
        &self,
        operator: &str,
        left: Node<'_>,
        right: Node<'_>,
        subject: u32,
        scope: &Scope<'_>,
    ) -> Option<Share> {
        let (value, condition) = match (truth(left), truth(right)) {
            (Some(value), None) => (value, right),
            (None, Some(value)) => (value, left),
            _ => return None,
        };
        let taken = self.share(condition, subject, scope);
        match operator {
            "=" => Some(if value { taken } else { taken.not() }),
            "<>" | "!=" => Some(if value { taken.not() } else { taken }),
            _ => None,
        }
    }

    /// `left operator right`.
    pub(super) fn compare(
        &self,
        operator: &str,
        left: Node<'_>,
        right: Node<'_>,
        subject: u32,
        scope: &Scope<'_>,
    ) -> Share {
        if let Some(share) = self.judged(operator, left, right, subject, scope) {
            return share;
        }
        let share = self.deeper(|| {
            let sides = ((left, scope), (right, scope));
            let patterned = self.patterned(operator, right);
            let patterned = patterned.or_else(|| self.patterned(turned(operator)?, left));
            let known = patterned.or_else(|| {
                let found = self.scalar(operator, left, right, subject, scope);
                found.or_else(|| {
                    let turned = turned(operator)?;
                    self.scalar(turned, right, left, subject, scope)
                })
            });
            match known {
                Some(share) if self.depends(left, subject, scope) => share,
                Some(share) if self.depends(right, subject, scope) => share,
                _ => self.compare_across(operator, sides.0, sides.1, subject),
            }
        });
        share.unwrap_or(if self.spent() { Share::Same } else { Share::Part })
    }

    /// The same for values that stand at different levels.
    pub(super) fn compare_across(
        &self,
        operator: &str,
        (left, left_scope): (Node<'_>, &Scope<'_>),
        (right, right_scope): (Node<'_>, &Scope<'_>),
        subject: u32,
    ) -> Share {
        let null = |node| matches!(bare(node), Node::A_Const(constant) if constant.isnull);
        if null(left) || null(right) {
            return Share::Nothing;
        }
        let of_left = self.depends(left, subject, left_scope);
        let of_right = self.depends(right, subject, right_scope);
        let bounds = (self.bounds(left, left_scope), self.bounds(right, right_scope));
        if !of_left && !of_right {
            let texts = (self.text(left), self.text(right));
            let decided = match (bounds, texts) {
                ((Some(left), Some(right)), _) => ranged(operator, left, right),
                (_, (Some(left), Some(right))) => ordered(operator, &left, &right),
                _ => None,
            };
            return decided.map_or(Share::Same, Share::of);
        }
        let shape = self.shape(left, left_scope);
        if shape.is_some() && shape == self.shape(right, right_scope) {
            match operator {
                "=" | "<=" | ">=" | "~~" | "~~*" | "@>" | "<@" | "&&" => return Share::All,
                "<>" | "!=" | "<" | ">" => return Share::Nothing,
                _ => {}
            }
        }
        if let (Some(left), Some(right)) = bounds
            && let Some(truth) = ranged(operator, left, right)
        {
            return Share::of(truth);
        }
        if operator == "=" && (self.counts(gathered(right)) || self.counts(gathered(left))) {
            return Share::All;
        }
        let (own, own_scope, other) = match (of_left, of_right) {
            (true, false) => (left, left_scope, right),
            (false, true) => (right, right_scope, left),
            _ => return Share::Part,
        };
        let Some(place) = self.find(bare(own), own_scope) else { return Share::Part };
        // Of which table a row is, is the same for all of its rows.
        if place.column.is_some_and(|column| column.number == -6) {
            return Share::Same;
        }
        let other_scope = if of_left { right_scope } else { left_scope };
        if self.ranges(other, other_scope) && operator == "=" {
            return Share::Most;
        }
        match operator {
            "=" if self.key(&place) => Share::Few,
            "<>" | "!=" if self.key(&place) => Share::Most,
            _ => Share::Part,
        }
    }

    /// True if a value is a variable of a loop that goes through all rows of a table.
    fn ranges(&self, node: Node<'_>, scope: &Scope<'_>) -> bool {
        let Node::ColumnRef(reference) = bare(node) else { return false };
        let name = parts(reference.fields()).first().copied().unwrap_or_default();
        self.find(bare(node), scope).is_none() && self.walk.loops.ranges(name)
    }

    /// `IS DISTINCT FROM`.
    fn distinct(&self, left: Node<'_>, right: Node<'_>, subject: u32, scope: &Scope<'_>) -> Share {
        let null = |node| matches!(bare(node), Node::A_Const(constant) if constant.isnull);
        let tested = match (null(left), null(right)) {
            (true, true) => return Share::Nothing,
            (true, false) => right,
            (false, true) => left,
            (false, false) => return self.compare("<>", left, right, subject, scope),
        };
        match self.never_null(tested, scope) {
            true => Share::All,
            false => self.depends_or_same(tested, subject, scope),
        }
    }

    /// Patterns that every text has, and those that all but the empty one have.
    fn patterned(&self, operator: &str, pattern: Node<'_>) -> Option<Share> {
        let text = self.text(unescaped(pattern))?;
        // SIMILAR TO comes as a regular expression made of the pattern.
        let like = matches!(bare(pattern), Node::FuncCall(_));
        let operator = match operator {
            "~" if like => "~~",
            "!~" if like => "!~~",
            operator => operator,
        };
        let (opposite, share) = match operator {
            "~~" | "~~*" | "!~~" | "!~~*" => {
                let any = !text.is_empty() && text.chars().all(|c| c == '%');
                let one = text.contains('%') && text.chars().all(|c| matches!(c, '%' | '_'));
                (operator.starts_with('!'), (any, one))
            }
            "~" | "~*" | "!~" | "!~*" => {
                let rest = text.trim_start_matches(['^', '(']).trim_end_matches(['$', ')']);
                let any = matches!(rest, "" | ".*" | ".?" | ".*?" | "[\\s\\S]*" | "(.*)");
                let one = matches!(rest, "." | ".+" | ".+?" | "[\\s\\S]+" | "[\\s\\S]");
                let ends = text.starts_with('^') && text.ends_with('$');
                (operator.starts_with('!'), (any && !(ends && rest.is_empty()), one))
            }
            "^@" => (false, (text.is_empty(), false)),
            // No text comes before the empty one.
            ">=" | "<" if text.is_empty() => (operator == "<", (true, false)),
            ">" | "<=" if text.is_empty() => (operator == "<=", (false, true)),
            _ => return None,
        };
        let share = match share {
            (true, _) => Share::All,
            (_, true) => Share::Most,
            _ => return None,
        };
        Some(if opposite { share.not() } else { share })
    }

    /// A column against a scalar subquery: its own greatest and least value, and counts.
    fn scalar(
        &self,
        operator: &str,
        left: Node<'_>,
        right: Node<'_>,
        subject: u32,
        scope: &Scope<'_>,
    ) -> Option<Share> {
        if let Node::SubLink(link) = bare(left)
            && link.sub_link_type == SubLinkType::EXPR_SUBLINK
            && let Node::SelectStmt(select) = link.subselect()
            && self.counting(select)
        {
            // `(SELECT count(*) …) > 0` asks whether there is any.
            let number = self.number(right)?;
            let any = match operator {
                ">" | "<>" | "!=" => number == 0.0,
                ">=" => number == 1.0,
                _ => false,
            };
            let none =
                matches!(operator, "=" | "<=") && number == 0.0 || operator == "<" && number == 1.0;
            if !any && !none {
                return None;
            }
            let found = self.partners(select, subject, scope);
            return Some(if any { found } else { found.not() });
        }
        let Node::SubLink(link) = bare(right) else { return None };
        let Node::SelectStmt(select) = link.subselect() else { return None };
        let value = bare(super::query::single(select)?);
        // What takes one row is no bound where it is done again and again.
        let again = self.walk.loops.repeating && operator == "=";
        let Node::FuncCall(call) = value else {
            let test = Test::of(operator, left);
            return again.then(|| self.rows(select, subject, scope, Some(&test)));
        };
        let extreme = match (parts(call.funcname()).last().copied()?, operator) {
            ("max", "<=") | ("min", ">=") => Share::All,
            ("max" | "min", "=") if again => Share::Most,
            ("max", "<" | "<>" | "!=") | ("min", ">" | "<>" | "!=") => Share::Most,
            _ => return None,
        };
        let whole = self.extreme(link, select, call, left, scope)?;
        whole.then_some(extreme)
    }

    /// How much of the subject has a row in a query whose rows are counted.
    fn partners(&self, select: &SelectStmt, subject: u32, scope: &Scope<'_>) -> Share {
        let mut inner = scope.below();
        self.with(select.with_clause(), &mut inner);
        let mut conditions = Vec::new();
        for item in select.from_clause() {
            self.source(item, &mut inner, &mut conditions);
        }
        conditions.push(select.where_clause());
        self.chosen(subject, &inner, &conditions, Vec::new())
    }

    /// True if an extreme is that of the column itself over all of its table.
    fn extreme(
        &self,
        link: &SubLink,
        select: &SelectStmt,
        call: &FuncCall,
        own: Node<'_>,
        scope: &Scope<'_>,
    ) -> Option<bool> {
        if link.sub_link_type != SubLinkType::EXPR_SUBLINK || !select.group_clause().is_empty() {
            return None;
        }
        let mut inner = scope.below();
        self.with(select.with_clause(), &mut inner);
        let mut conditions = Vec::new();
        for item in select.from_clause() {
            self.source(item, &mut inner, &mut conditions);
        }
        conditions.push(select.where_clause());
        let place = self.find(bare(call.args().get(0)?), &inner)?;
        let own = self.find(bare(own), scope)?;
        let whole = inner.sources.iter().any(|s| s.id == place.source && s.whole);
        let all = !self.chosen(place.source, &inner, &conditions, Vec::new()).narrows();
        Some(own.column.is_some() && own.column == place.column && whole && all)
    }
}

impl<'x, 't> Test<'x, 't> {
    pub(super) fn of(operator: &'x str, value: Node<'t>) -> Self {
        Self { operator, values: vec![value] }
    }
}

/// A constant of the boolean type.
fn truth(node: Node<'_>) -> Option<bool> {
    let Node::A_Const(constant) = bare(node) else { return None };
    match constant.val()? {
        ConstValue::Boolean(value) => Some(value),
        _ => None,
    }
}

/// The pattern in `similar_to_escape(pattern)` and `like_escape(pattern, escape)`.
fn unescaped(node: Node<'_>) -> Node<'_> {
    match bare(node) {
        Node::FuncCall(call) => match parts(call.funcname()).last() {
            Some(&("similar_to_escape" | "similar_escape" | "like_escape")) => {
                call.args().get(0).unwrap_or(Node::None)
            }
            _ => node,
        },
        bare => bare,
    }
}

/// Whether a comparison holds for all values between bounds, or for none.
pub(super) fn ranged(operator: &str, left: (f64, f64), right: (f64, f64)) -> Option<bool> {
    let apart = left.1 < right.0 || right.1 < left.0;
    let same = left.0 == left.1 && left == right;
    match operator {
        "=" if apart => Some(false),
        "=" if same => Some(true),
        "<>" | "!=" if apart => Some(true),
        "<>" | "!=" if same => Some(false),
        ">" if left.0 > right.1 => Some(true),
        ">" if left.1 <= right.0 => Some(false),
        ">=" if left.0 >= right.1 => Some(true),
        ">=" if left.1 < right.0 => Some(false),
        "<" if left.1 < right.0 => Some(true),
        "<" if left.0 >= right.1 => Some(false),
        "<=" if left.1 <= right.0 => Some(true),
        "<=" if left.0 > right.1 => Some(false),
        _ => None,
    }
}

/// The comparison of two constants as texts.
fn ordered(operator: &str, left: &str, right: &str) -> Option<bool> {
    let order = left.cmp(right);
    Some(match operator {
        "=" => order.is_eq(),
        "<>" | "!=" => order.is_ne(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        ">=" => order.is_ge(),
        _ => return None,
    })
}

/// The operator that holds where this one does not.
pub(super) fn opposite(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "=" => "<>",
        "<>" | "!=" => "=",
        "<" => ">=",
        ">=" => "<",
        ">" => "<=",
        "<=" => ">",
        _ => return None,
    })
}

/// The operator with its sides exchanged.
pub(super) fn turned(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "=" => "=",
        "<>" | "!=" => "<>",
        "<" => ">",
        ">" => "<",
        "<=" => ">=",
        ">=" => "<=",
        _ => return None,
    })
}

/// The operator that one of PostgreSQL's own functions carries out.
pub(super) fn function(name: &str) -> Option<&'static str> {
    const TYPES: [&str; 32] = [
        "int2",
        "int4",
        "int8",
        "int24",
        "int28",
        "int42",
        "int48",
        "int82",
        "int84",
        "text",
        "name",
        "nametext",
        "textname",
        "bpchar",
        "date",
        "timestamp",
        "timestamptz",
        "numeric_",
        "float4",
        "float8",
        "bool",
        "uuid_",
        "char",
        "tid",
        "oid",
        "enum_",
        "interval_",
        "time_",
        "jsonb_",
        "array_",
        "record_",
        "cash_",
    ];
    match name {
        "textlike" | "like" => return Some("~~"),
        "texticlike" => return Some("~~*"),
        "textregexeq" => return Some("~"),
        _ => {}
    }
    let (ty, operator) = name.split_at_checked(name.len().checked_sub(2)?)?;
    if !TYPES.contains(&ty) {
        return None;
    }
    Some(match operator {
        "eq" => "=",
        "ne" => "<>",
        "lt" => "<",
        "le" => "<=",
        "gt" => ">",
        "ge" => ">=",
        _ => return None,
    })
}
