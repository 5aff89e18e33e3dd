//! Expressions: what their value carries, and what their predicates test. Every node type of the
//! grammar that can stand in an expression has its line here; any other makes the value unknown.

use crate::{
    analyse::Walk,
    builtin, document,
    flow::{Distance, Field, Flow},
    names::{parts, strings},
    query::{
        Mode,
        compare::answer,
        place::constant_text,
        total::{ABSURD, PARAMETER},
    },
    relate::{Stand, stand},
    scope::Env,
    types::{BOOLEAN, INTEGER, JSONB, TEXT, XML},
};
use model::{ColumnId, TypeId, Use, catalog::TypeKind};
use pg_raw_parse::{
    ConstValue, Node,
    list::NodeList,
    nodes::{A_Expr, CaseExpr, RowExpr, TypeCast, TypeName},
    raw::{A_Expr_Kind, XmlExprOp},
};
use std::rc::Rc;

impl Walk<'_> {
    /// An expression whose value goes on.
    pub(crate) fn value(&mut self, node: Node<'_>, env: &Env<'_>) -> Flow {
        self.expr(node, env, Mode::Value)
    }

    /// A predicate: nothing of it goes on, all of it is tested or inferred.
    pub(crate) fn test(&mut self, node: Node<'_>, env: &Env<'_>) {
        let flow = self.expr(node, env, Mode::Test);
        let flow = self.truth(flow);
        self.facts.relations.relate(&[&flow]);
        self.facts.tested(&flow);
    }

    /// An expression in the given mode.
    pub(crate) fn expr(&mut self, node: Node<'_>, env: &Env<'_>, mode: Mode) -> Flow {
        match node {
            // The leaves need no room.
            Node::None => Flow::constant(None),
            Node::A_Const(_) => {
                let growth = constant_length(node);
                Flow { single: true, growth, ..Flow::constant(constant_type(node)) }
            }
            Node::ColumnRef(reference) => self.reference(reference, env),
            _ => {
                if let Some(found) = self.found(node, mode) {
                    return found;
                }
                let mut flow = self.deeper(|walk| walk.branch(node, env, mode), Flow::unknown);
                self.taken_by(node, &mut flow);
                self.keep(node, mode, &flow);
                flow
            }
        }
    }

    fn branch(&mut self, node: Node<'_>, env: &Env<'_>, mode: Mode) -> Flow {
        match node {
            Node::ParamRef(param) => self.parameter(param.number),
            Node::TypeCast(cast) => self.written_cast(cast, env, mode),
            Node::A_Expr(expr) => self.operator(expr, env, mode),
            Node::BoolExpr(expr) => self.boolean(expr, env, mode),
            Node::NullTest(test) => {
                // Whether a column is NULL is no secret; of anything made of one it is an answer to
                // whatever question was put into it.
                let flow = self.expr(test.arg(), env, mode);
                self.facts.tested(&flow);
                match is_whole(&flow) {
                    true => Flow { varies: true, ..Flow::constant(Some(BOOLEAN)) },
                    false => answer([&flow], mode),
                }
            }
            Node::BooleanTest(test) => {
                let flow = self.expr(test.arg(), env, mode);
                self.truth(flow).moved(Distance::Expression).typed(Some(BOOLEAN))
            }
            Node::SubLink(link) => self.sublink(link, env, mode),
            Node::CaseExpr(case) => self.case(case, env, mode),
            Node::CoalesceExpr(expr) => self.choice(expr.args(), env, mode),
            Node::MinMaxExpr(expr) => self.extreme(expr.args(), env, mode),
            Node::RowExpr(row) => self.row(row, env),
            Node::A_ArrayExpr(array) => self.array(array.elements(), env, mode),
            Node::A_Indirection(indirection) => {
                let mut flow = self.expr(indirection.arg(), env, mode);
                for step in indirection.indirection() {
                    flow = self.step(flow, step, env);
                }
                flow
            }
            Node::FuncCall(call) => self.call(call, env, mode),
            Node::CollateClause(collate) => {
                let mut flow = self.expr(collate.arg(), env, mode);
                flow.origin = None;
                flow
            }
            Node::NamedArgExpr(argument) => self.expr(argument.arg(), env, mode),
            Node::ResTarget(target) => self.expr(target.val(), env, mode),
            Node::NodeList(list) => self.all(list, env, mode),
            Node::GroupingFunc(grouping) => {
                let flow = self.all(grouping.args(), env, mode);
                self.facts.tested(&Flow { distance: Distance::Identity, ..flow });
                Flow { varies: true, ..Flow::constant(None) }
            }
            Node::SQLValueFunction(_) | Node::SetToDefault(_) | Node::CurrentOfExpr(_) => {
                Flow::constant(None)
            }
            Node::XmlExpr(expr) => {
                let mut flow = self.all(expr.args(), env, Mode::Value);
                flow.absorb(&self.all(expr.named_args(), env, Mode::Value));
                if !matches!(expr.op, XmlExprOp::IS_XMLELEMENT | XmlExprOp::IS_XMLFOREST) {
                    // What is no XML fails.
                    self.facts.uses(&flow, Use::Inferred);
                }
                flow.ty = Some(XML);
                flow
            }
            Node::XmlSerialize(xml) => self.expr(xml.expr(), env, mode).moved(Distance::Expression),
            _ => self.json(node, env, mode),
        }
    }

    pub(super) fn optional(&mut self, node: Option<Node<'_>>, env: &Env<'_>) -> Flow {
        node.map_or_else(|| Flow::constant(None), |node| self.value(node, env))
    }

    /// Everything in a list as one value.
    pub(super) fn all(&mut self, list: &NodeList, env: &Env<'_>, mode: Mode) -> Flow {
        let mut flow = Flow::constant(None);
        for node in list {
            flow.absorb(&self.expr(node, env, mode));
        }
        flow
    }

    /// GREATEST and LEAST: everything in a list, brought to one type.
    fn extreme(&mut self, list: &NodeList, env: &Env<'_>, mode: Mode) -> Flow {
        let mut flow = Flow::constant(None);
        for node in list {
            let value = self.expr(node, env, mode);
            flow.absorb(&self.coerced(value));
        }
        flow
    }

    fn array(&mut self, elements: &NodeList, env: &Env<'_>, mode: Mode) -> Flow {
        let (mut element, mut growth, mut counted) = (None, 0_u32, true);
        let mut flow = Flow::constant(None);
        for node in elements {
            let item = self.expr(node, env, mode);
            // A bare text constant takes the others' type.
            element = element.or(item.ty);
            growth = growth.saturating_add(item.length());
            counted &= item.is_counted();
            flow.absorb(&item);
        }
        flow.growth = growth;
        let nested = self.element_of(element).is_some();
        // Arrays in it must be of one size.
        if nested && !counted {
            self.facts.uses(&flow, Use::Inferred);
        }
        flow.listed = counted;
        let element = element.or(Some(TEXT));
        flow.ty = if nested { element } else { self.array_of(element) };
        flow
    }

    /// COALESCE: with constants for the rest it is still a look-up of its one column.
    fn choice(&mut self, list: &NodeList, env: &Env<'_>, mode: Mode) -> Flow {
        let mut flows: Vec<Flow> = Vec::with_capacity(list.len());
        for node in list {
            let flow = self.expr(node, env, mode);
            flows.push(self.coerced(flow));
        }
        let ty = flows.iter().find_map(|flow| flow.ty);
        let mut merged = Flow::merge(&flows).typed(ty);
        merged.fields = fields_of_any(&flows);
        let mut carrying = flows.iter().filter(|flow| !flow.sources.is_empty());
        if let (Some(only), None, false) = (carrying.next(), carrying.next(), merged.varies) {
            merged.distance = only.distance.max(Distance::Folded);
            let given = flows.iter().filter(|flow| flow.is_given()).count();
            merged.instead = merged.instead.saturating_add(given.try_into().unwrap_or(u32::MAX));
            // What stands in its place where it is NULL is the client's own.
            if flows.iter().all(|flow| flow.is_given() || std::ptr::eq(flow, only)) {
                merged.document.clone_from(&only.document);
            }
        }
        merged
    }

    fn parameter(&mut self, number: i32) -> Flow {
        let Some(frame) = self.frames.last() else {
            return Flow { growth: PARAMETER, ..Flow::constant(None) };
        };
        let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let argument = index.and_then(|index| frame.arguments.get(index));
        argument.map_or_else(Flow::unknown, |(_, flow)| flow.clone())
    }

    pub(super) fn cast(&mut self, cast: &TypeCast, env: &Env<'_>, mode: Mode) -> Flow {
        let flow = self.expr(cast.arg(), env, mode);
        let ty = cast.type_name().and_then(|name| self.type_of(name));
        if flow.sources.is_empty() {
            let fields = flow.fields.clone().filter(|_| ty.is_none());
            let (unknown, growth, varies) = (flow.unknown, flow.growth, flow.varies);
            return Flow { fields, unknown, growth, varies, ..Flow::constant(ty) };
        }
        let category = |ty: Option<TypeId>| {
            ty.and_then(|ty| self.catalog.type_by_id(ty)).map(|ty| ty.category)
        };
        let (from, to) = (category(flow.ty), category(ty));
        // Of arrays each element is cast.
        let single = |ty: Option<TypeId>, whole| match whole {
            Some('A') => category(self.element_of(ty)),
            whole => whole,
        };
        let (each, into) = (single(flow.ty, from), single(ty, to));
        // A cast out of text fails on what is not of the type, and says so: a question in itself.
        let fallible = each.is_none_or(|from| from == 'S') && into != Some('S');
        // So does one out of a number that does not fit, which can be made of a text to measure.
        let narrow = matches!((each, into), (Some('N'), Some('Z' | 'V')) | (Some('U'), Some('N')))
            || self.rounds(flow.ty, ty);
        if flow.ty != ty && (fallible || narrow && self.is_made_of_text(&flow)) {
            self.facts.uses(&flow, Use::Inferred);
        }
        // A cast to the type that it is already is no cast at all, unless it gives a length.
        if flow.ty == ty && cast.type_name().is_some_and(|name| name.typmods().is_empty()) {
            return flow;
        }
        let domain = ty.and_then(|ty| self.catalog.type_by_id(ty));
        let domain = domain.is_some_and(|ty| matches!(ty.kind, TypeKind::Domain(_)));
        // Whether a value is in a domain is a question too.
        if domain && flow.ty != ty {
            self.facts.uses(&flow, Use::Inferred);
        }
        let bits = matches!((each, into), (Some('N'), Some('V')));
        let short = self.element_of(ty).or(ty).is_some_and(|ty| SHORT.contains(&ty));
        let cuts = bits || short && flow.ty != ty || cast.type_name().is_some_and(cuts);
        let distance =
            if to == Some('S') || flow.ty == ty { Distance::Cast } else { Distance::Expression };
        let mut cast = flow.clone();
        (cast.origin, cast.named, cast.document) = (None, false, None);
        cast.ty = ty;
        // Casts keep equality, which is all that a look-up asks.
        cast.distance = cast.distance.max(match distance {
            // What is cut off or rounded leaves a part, and equality with it tells that part.
            _ if cuts || self.rounds(flow.ty, ty) => Distance::Expression,
            Distance::Cast => Distance::Cast,
            _ if from == to => Distance::Cast,
            _ => Distance::Folded,
        });
        cast.fields = match (&flow.fields, ty.and_then(|ty| self.composite(ty))) {
            (Some(fields), Some(names)) => {
                let pairs = fields.iter().zip(names);
                let renamed = pairs.map(|(field, (name, ty))| {
                    let flow = Flow { origin: None, ty: Some(ty), ..field.flow.clone() };
                    Field::new(&name, flow)
                });
                Some(renamed.collect())
            }
            _ => None,
        };
        cast
    }

    /// True if a cast between numbers, or between dates and times, can make equal what was not.
    fn rounds(&self, from: Option<TypeId>, to: Option<TypeId>) -> bool {
        let known = |ty: Option<TypeId>| ty.and_then(|ty| self.catalog.type_by_id(ty));
        let (Some(from), Some(to)) = (known(from), known(to)) else { return false };
        let place = |name: &str, order: &[&str]| order.iter().position(|known| *known == name);
        let order: &[&str] = match (from.category, to.category) {
            ('N', 'N') => &["int2", "int4", "int8", "numeric"],
            ('D', 'D') => &["date", "timestamp", "timestamptz"],
            ('I', 'I') => &["cidr", "inet"],
            _ => return false,
        };
        match (place(&from.name, order), place(&to.name, order)) {
            (Some(from), Some(to)) => from > to,
            _ => from.name != to.name,
        }
    }

    pub(super) fn operation(&mut self, expr: &A_Expr, env: &Env<'_>, mode: Mode) -> Flow {
        let operator = parts(expr.name()).last().copied().unwrap_or_default();
        match expr.kind {
            A_Expr_Kind::AEXPR_OP if operator == "-" => self.once([expr.lexpr()], |walk| {
                let less = walk.less_a_key(expr, env, mode);
                less.unwrap_or_else(|| walk.compute(expr, env, mode))
            }),
            A_Expr_Kind::AEXPR_OP if !builtin::compares(operator) => self.compute(expr, env, mode),
            A_Expr_Kind::AEXPR_NULLIF => {
                let mut left = self.expr(expr.lexpr(), env, mode);
                let right = self.expr(expr.rexpr(), env, mode);
                self.facts.compared(&left, &right, true, 1);
                let ty = left.ty;
                // Whether it is NULL tells the answer.
                left.absorb(&right);
                left.moved(Distance::Expression).typed(ty)
            }
            _ => self.comparison(expr, operator, env, mode),
        }
    }

    /// `document - 'key'` of an object whose keys are certain.
    fn less_a_key(&mut self, expr: &A_Expr, env: &Env<'_>, mode: Mode) -> Option<Flow> {
        let Node::A_Const(_) = expr.rexpr() else { return None };
        constant_text(expr.rexpr()).filter(|_| parts(expr.name()) == ["-"])?;
        let whole = self.expr(expr.lexpr(), env, mode);
        document::without_a_key(&whole).filter(|_| whole.ty == Some(JSONB))
    }

    /// An operator that makes a value. Chains (`a || b || c`) lean to the left and can be long.
    pub(super) fn compute(&mut self, expr: &A_Expr, env: &Env<'_>, mode: Mode) -> Flow {
        let (mut flow, mut growth) = (Flow::constant(None), 0_u32);
        let mut next = expr;
        let mut types = Vec::new();
        loop {
            let operator = parts(next.name()).last().copied().unwrap_or_default();
            let right = self.expr(next.rexpr(), env, mode);
            self.may_fail(operator, &right);
            let takes = matches!(operator, "->" | "->>" | "#>" | "#>>" | "#-");
            if takes || operator == "-" && !self.is_number(right.ty) {
                // Whether what it names stands there decides what is left, if anything.
                self.facts.uses(&right, Use::Inferred);
            }
            growth = growth.saturating_add(right.length());
            flow.absorb(&right);
            types.push((operator, right));
            match next.lexpr() {
                Node::A_Expr(left)
                    if left.kind == A_Expr_Kind::AEXPR_OP
                        && self.chains(parts(left.name()).last().copied()) =>
                {
                    next = left;
                }
                left => {
                    let left = self.expr(left, env, mode);
                    let first = types.last().map_or("", |(operator, _)| operator);
                    if !matches!(first, "/" | "%") {
                        self.may_fail(first, &left);
                    }
                    flow.absorb(&left);
                    flow.growth = growth.saturating_add(left.length());
                    if flow.growth >= ABSURD {
                        self.facts.uses(&flow, Use::Inferred);
                    }
                    let mut ty = left.ty;
                    for (operator, right) in types.iter().rev() {
                        if *operator == "-" && !self.is_amount(ty) {
                            // Of a list or a document a number names the place of what goes.
                            self.facts.uses(right, Use::Inferred);
                        }
                        ty = self.operator_type(operator, ty, right.ty);
                    }
                    return flow.moved(Distance::Expression).typed(ty);
                }
            }
        }
    }

    /// An operator that fails on some values asks about them: a divisor can be zero, a root or a
    /// power not be there. What is counted in a text can be made to overflow where the text is so.
    fn may_fail(&mut self, operator: &str, operand: &Flow) {
        let fails = match operator {
            "/" | "%" | "^" | "|/" | "!" | "!!" => true,
            "+" | "-" | "*" => self.is_number(operand.ty) && self.is_made_of_text(operand),
            _ => false,
        };
        if fails {
            self.facts.uses(operand, Use::Inferred);
        }
    }

    /// True for what was computed of a column that is no number: its length, a place in it.
    fn is_made_of_text(&self, flow: &Flow) -> bool {
        flow.distance > Distance::Folded
            && flow.sources.iter().any(|source| match stand(*source) {
                Stand::Column(column) => !self.is_number(self.type_of_column(column)),
                Stand::Statistic(_) | Stand::Set => false,
            })
    }

    fn type_of_column(&self, column: ColumnId) -> Option<TypeId> {
        self.column_of(column).map(|column| column.type_id)
    }

    fn case(&mut self, case: &CaseExpr, env: &Env<'_>, mode: Mode) -> Flow {
        let conditions = case.args().iter().filter_map(|when| match when {
            Node::CaseWhen(when) => Some(when.expr()),
            _ => None,
        });
        let operands = conditions.chain([case.arg()]);
        self.once(operands, |walk| walk.case_over(case, env, mode))
    }

    fn case_over(&mut self, case: &CaseExpr, env: &Env<'_>, mode: Mode) -> Flow {
        let subject = self.expr(case.arg(), env, mode);
        let mut flow = Flow::constant(None);
        for when in case.args() {
            let Node::CaseWhen(when) = when else { continue };
            let condition = self.expr(when.expr(), env, mode);
            // What decides which branch is seen is as good as returned.
            if matches!(case.arg(), Node::None) {
                flow.absorb(&self.truth(condition));
            } else {
                if self.has_own("=") {
                    let sides = [case.arg(), when.expr()];
                    let [subject, value] = sides.map(|side| self.expr(side, env, Mode::Value));
                    flow.absorb(&self.operates((None, "="), Some(&subject), &value));
                }
                self.facts.compared(&subject, &condition, true, 1);
                flow.absorb(&answer([&subject, &condition], mode));
            }
            let result = self.expr(when.result(), env, mode);
            flow.absorb(&self.coerced(result));
        }
        let otherwise = self.expr(case.defresult(), env, mode);
        let otherwise = self.coerced(otherwise);
        flow.absorb(&otherwise);
        flow.moved(Distance::Expression).typed(otherwise.ty)
    }

    fn row(&mut self, row: &RowExpr, env: &Env<'_>) -> Flow {
        let flows = self.row_items(row.args(), env);
        let fields = flows.into_iter().enumerate();
        let field = |(index, flow): (usize, Flow)| {
            Field::new(&format!("f{}", index + 1), Flow { origin: None, ..flow })
        };
        Flow::row(fields.map(field).collect())
    }

    /// Notes that a column is assigned.
    pub(crate) fn written(&mut self, column: ColumnId) {
        self.facts.column(column, Use::Written);
    }
}

/// The fields of a row that is one of these, where they all have them under the same names.
fn fields_of_any(flows: &[Flow]) -> Option<Rc<[Field]>> {
    let mut rows = flows.iter().filter(|flow| flow.fields.is_some());
    let mut any = rows.next()?.clone();
    flows.iter().for_each(|flow| any.absorb(flow));
    any.fields
}

/// True for a column as it stands or folded, and for a row of nothing else.
fn is_whole(flow: &Flow) -> bool {
    match &flow.fields {
        Some(fields) => fields.iter().all(|field| is_whole(&field.flow)),
        None => flow.is_given() || flow.distance <= Distance::Folded,
    }
}

/// Lengths from which on a text is cut so seldom that its beginning is the text.
const LONG: i32 = 64;

/// Types of a text that cut off what is longer: `"char"` at one byte, `name` at 63.
const SHORT: [TypeId; 2] = [TypeId(18), TypeId(19)];

/// True if a cast gives a length or a precision by which something of the value is cut off.
fn cuts(name: &TypeName) -> bool {
    let long = |node: Node<'_>| match node {
        Node::A_Const(constant) => {
            matches!(constant.val(), Some(ConstValue::Integer(length)) if length >= LONG)
        }
        _ => false,
    };
    // A precision says how many digits there are behind the point: none, if it says no more.
    let number = strings(name.names()).last() == Some(&"numeric");
    !name.typmods().is_empty() && (number || !name.typmods().iter().all(long))
}

/// How long a constant is: bytes.
fn constant_length(node: Node<'_>) -> u32 {
    let Node::A_Const(constant) = node else { return 0 };
    match constant.val() {
        Some(ConstValue::String(text)) => text.len().try_into().unwrap_or(u32::MAX),
        _ => 1,
    }
}

/// The type of a constant, where its spelling alone decides it.
fn constant_type(node: Node<'_>) -> Option<TypeId> {
    let Node::A_Const(constant) = node else { return None };
    match constant.val()? {
        ConstValue::Boolean(_) => Some(BOOLEAN),
        ConstValue::Integer(_) => Some(INTEGER),
        _ => None,
    }
}
