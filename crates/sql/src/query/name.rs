//! The name that PostgreSQL gives an output without AS (`FigureColname`). Knows only the tree.

use pg_raw_parse::{
    Node,
    nodes::{A_Indirection, SelectStmt, SubLink},
    raw::{A_Expr_Kind, JsonExprOp, MinMaxOp, SQLValueFunctionOp, SubLinkType, XmlExprOp},
};

/// The name an expression gives itself, if it gives one; [`NAMELESS`] stands for none.
pub(crate) fn of(node: Node<'_>) -> Option<&str> {
    strength(node, 0).map(|(name, _)| name)
}

/// The name of what has none.
pub(crate) const NAMELESS: &str = "?column?";

/// The name of what gets one that the tree does not tell: no column is called so.
pub(crate) const UNCLEAR: &str = "\0";

/// How far names are looked for: casts and collations only, each a level.
const MAX_LEVELS: usize = 64;

/// The name and whether it is a strong one; a weak one gives way to that of a cast.
fn strength(node: Node<'_>, level: usize) -> Option<(&str, bool)> {
    let strong = |name| Some((name, true));
    if level > MAX_LEVELS {
        return strong(UNCLEAR);
    }
    match node {
        Node::ColumnRef(reference) => last_name(reference.fields().iter()).and_then(strong),
        Node::A_Indirection(indirection) => of_indirection(indirection, level),
        Node::FuncCall(call) => last_name(call.funcname().iter()).and_then(strong),
        Node::A_Expr(expr) if expr.kind == A_Expr_Kind::AEXPR_NULLIF => strong("nullif"),
        Node::TypeCast(cast) => match strength(cast.arg(), level + 1) {
            Some((name, true)) => strong(name),
            weak => {
                let names = cast.type_name().map(|ty| crate::names::strings(ty.names()));
                let name = names.and_then(|names| names.last().copied());
                name.map(|name| (name, false)).or(weak)
            }
        },
        Node::CollateClause(collate) => strength(collate.arg(), level + 1),
        Node::GroupingFunc(_) => strong("grouping"),
        Node::MergeSupportFunc(_) => strong("merge_action"),
        Node::SubLink(link) => of_sublink(link, level),
        Node::CaseExpr(case) => match strength(case.defresult(), level + 1) {
            Some((name, true)) => strong(name),
            _ => Some(("case", false)),
        },
        Node::A_ArrayExpr(_) => strong("array"),
        Node::RowExpr(_) => strong("row"),
        Node::CoalesceExpr(_) => strong("coalesce"),
        Node::MinMaxExpr(expr) if expr.op == MinMaxOp::IS_GREATEST => strong("greatest"),
        Node::MinMaxExpr(_) => strong("least"),
        Node::SQLValueFunction(function) => strong(value_function(function.op)),
        Node::XmlExpr(expr) => strong(match expr.op {
            XmlExprOp::IS_XMLCONCAT => "xmlconcat",
            XmlExprOp::IS_XMLELEMENT => "xmlelement",
            XmlExprOp::IS_XMLFOREST => "xmlforest",
            XmlExprOp::IS_XMLPARSE => "xmlparse",
            XmlExprOp::IS_XMLPI => "xmlpi",
            XmlExprOp::IS_XMLROOT => "xmlroot",
            _ => return None,
        }),
        Node::XmlSerialize(_) => strong("xmlserialize"),
        Node::JsonParseExpr(_) => strong("json"),
        Node::JsonScalarExpr(_) => strong("json_scalar"),
        Node::JsonSerializeExpr(_) => strong("json_serialize"),
        Node::JsonObjectConstructor(_) => strong("json_object"),
        Node::JsonArrayConstructor(_) | Node::JsonArrayQueryConstructor(_) => strong("json_array"),
        Node::JsonObjectAgg(_) => strong("json_objectagg"),
        Node::JsonArrayAgg(_) => strong("json_arrayagg"),
        Node::JsonFuncExpr(function) => strong(match function.op {
            JsonExprOp::JSON_EXISTS_OP => "json_exists",
            JsonExprOp::JSON_QUERY_OP => "json_query",
            JsonExprOp::JSON_VALUE_OP => "json_value",
            _ => return None,
        }),
        _ => None,
    }
}

fn of_indirection(indirection: &A_Indirection, level: usize) -> Option<(&str, bool)> {
    match last_name(indirection.indirection().iter()) {
        Some(name) => Some((name, true)),
        None => strength(indirection.arg(), level + 1),
    }
}

fn of_sublink(link: &SubLink, level: usize) -> Option<(&str, bool)> {
    match link.sub_link_type {
        SubLinkType::EXISTS_SUBLINK => Some(("exists", true)),
        SubLinkType::ARRAY_SUBLINK => Some(("array", true)),
        SubLinkType::EXPR_SUBLINK => {
            let Node::SelectStmt(select) = link.subselect() else { return None };
            let left = leftmost(select);
            if !left.values_lists().is_empty() {
                return Some(("column1", true));
            }
            // Named already, be it `?column?`: a cast around it gives it no other name.
            let target = left.target_list().iter().next()?;
            let name = match (target.name(), target.val()) {
                (Some(name), _) => name,
                (None, value) if is_star(value) => UNCLEAR,
                (None, value) => strength(value, level + 1).map_or(NAMELESS, |(name, _)| name),
            };
            Some((name, true))
        }
        _ => None,
    }
}

fn is_star(node: Node<'_>) -> bool {
    let last = match node {
        Node::ColumnRef(reference) => reference.fields().iter().next_back(),
        Node::A_Indirection(indirection) => indirection.indirection().iter().next_back(),
        _ => None,
    };
    matches!(last, Some(Node::A_Star(_)))
}

fn leftmost(mut select: &SelectStmt) -> &SelectStmt {
    while let Some(left) = select.larg() {
        select = left;
    }
    select
}

fn last_name<'t>(names: impl Iterator<Item = Node<'t>>) -> Option<&'t str> {
    names.filter_map(Node::as_str).last()
}

fn value_function(op: SQLValueFunctionOp::Type) -> &'static str {
    match op {
        SQLValueFunctionOp::SVFOP_CURRENT_DATE => "current_date",
        SQLValueFunctionOp::SVFOP_CURRENT_TIME | SQLValueFunctionOp::SVFOP_CURRENT_TIME_N => {
            "current_time"
        }
        SQLValueFunctionOp::SVFOP_CURRENT_TIMESTAMP
        | SQLValueFunctionOp::SVFOP_CURRENT_TIMESTAMP_N => "current_timestamp",
        SQLValueFunctionOp::SVFOP_LOCALTIME | SQLValueFunctionOp::SVFOP_LOCALTIME_N => "localtime",
        SQLValueFunctionOp::SVFOP_LOCALTIMESTAMP | SQLValueFunctionOp::SVFOP_LOCALTIMESTAMP_N => {
            "localtimestamp"
        }
        SQLValueFunctionOp::SVFOP_CURRENT_ROLE => "current_role",
        SQLValueFunctionOp::SVFOP_CURRENT_USER => "current_user",
        SQLValueFunctionOp::SVFOP_USER => "user",
        SQLValueFunctionOp::SVFOP_SESSION_USER => "session_user",
        SQLValueFunctionOp::SVFOP_CURRENT_CATALOG => "current_catalog",
        _ => "current_schema",
    }
}
