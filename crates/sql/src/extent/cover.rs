//! ORs that leave no row out: opposites, and ranges that meet. Knows what each arm says of which
//! expression, and no table.

use super::{
    Extent,
    compare::{opposite, turned},
    source::Scope,
};
use pg_raw_parse::{
    Node,
    raw::{BoolExprType, BoolTestType, NullTestType},
};

impl Extent<'_, '_> {
    /// True if the arms of an OR leave no row out: opposites, or ranges that meet.
    pub(super) fn covered(&self, arms: &[Node<'_>], scope: &Scope<'_>) -> bool {
        let mut said: Vec<(String, &str, String, Option<f64>)> = Vec::new();
        for arm in arms {
            let Some((shape, operator, with, number)) = self.said(*arm, scope) else { continue };
            let meets = said.iter().any(|(known, other, value, limit)| {
                *known == shape
                    && match (*other, operator) {
                        ("true", "false") | ("false", "true") => true,
                        ("null", "filled") | ("filled", "null") => true,
                        ("=", "<>") | ("<>", "=") => *value == with,
                        ("<>", "<>") => *value != with,
                        ("<" | "<=", ">" | ">=") => meet(other, operator, *limit, number)
                            .unwrap_or(*value == with && (*other != "<" || operator != ">")),
                        (">" | ">=", "<" | "<=") => meet(operator, other, number, *limit)
                            .unwrap_or(*value == with && (*other != ">" || operator != "<")),
                        _ => false,
                    }
            });
            if meets {
                return true;
            }
            said.push((shape, operator, with, number));
        }
        false
    }

    /// What a condition says of which expression: operator, other side, and its number.
    fn said<'t>(
        &self,
        arm: Node<'t>,
        scope: &Scope<'_>,
    ) -> Option<(String, &'t str, String, Option<f64>)> {
        let none = String::new;
        match arm {
            Node::BoolExpr(expr) if expr.boolop == BoolExprType::NOT_EXPR => {
                let inner = expr.args().iter().next()?;
                match self.said(inner, scope)? {
                    (shape, "true", with, number) => Some((shape, "false", with, number)),
                    (shape, "null", with, number) => Some((shape, "filled", with, number)),
                    (shape, "filled", with, number) => Some((shape, "null", with, number)),
                    (shape, operator, with, number) => {
                        Some((shape, opposite(operator)?, with, number))
                    }
                }
            }
            Node::NullTest(test) => {
                let filled = test.nulltesttype == NullTestType::IS_NOT_NULL;
                let operator = if filled { "filled" } else { "null" };
                Some((self.shape(test.arg(), scope)?, operator, none(), None))
            }
            Node::ColumnRef(_) => Some((self.shape(arm, scope)?, "true", none(), None)),
            Node::BooleanTest(test) => {
                let operator = match test.booltesttype {
                    BoolTestType::IS_TRUE | BoolTestType::IS_NOT_FALSE => "true",
                    BoolTestType::IS_FALSE | BoolTestType::IS_NOT_TRUE => "false",
                    _ => return None,
                };
                Some((self.shape(test.arg(), scope)?, operator, none(), None))
            }
            other => {
                let (operator, left, right) = self.comparison(other)?;
                let operator = if operator == "!=" { "<>" } else { operator };
                let (left_number, right_number) = (self.number(left), self.number(right));
                let (left, right) = (self.shape(left, scope)?, self.shape(right, scope)?);
                match left_number {
                    Some(number) => Some((right, turned(operator)?, left, Some(number))),
                    None => Some((left, operator, right, right_number)),
                }
            }
        }
    }
}

/// True if `x below a OR x above b` holds for every number.
fn meet(below: &str, above: &str, upper: Option<f64>, lower: Option<f64>) -> Option<bool> {
    let (upper, lower) = (upper?, lower?);
    Some(lower < upper || lower == upper && (below == "<=" || above == ">="))
}
