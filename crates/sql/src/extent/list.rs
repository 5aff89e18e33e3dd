//! A value against a list: IN, ANY, ALL, arrays. Knows how one of many decides, and leaves each
//! comparison to `compare`.

use super::{
    Extent, Share,
    compare::{opposite, ranged},
    query::Test,
    shape::bare,
    source::Scope,
};
use crate::names::parts;
use model::catalog::TypeKind;
use pg_raw_parse::{Node, raw::SubLinkType};

impl Extent<'_, '_> {
    /// A value against each of a list: one must pass, or all.
    pub(super) fn among(
        &self,
        operator: &str,
        value: Node<'_>,
        items: &[Node<'_>],
        any: bool,
        subject: u32,
        scope: &Scope<'_>,
    ) -> Share {
        if any && operator == "=" && self.exhausts(value, items, scope) {
            return Share::All;
        }
        let shares = items.iter().map(|item| self.compare(operator, value, *item, subject, scope));
        let taken = if any { shares.max() } else { shares.min() };
        taken.unwrap_or(Share::of(!any))
    }

    /// True if a list holds every value that the type of a column has.
    fn exhausts(&self, value: Node<'_>, items: &[Node<'_>], scope: &Scope<'_>) -> bool {
        let place = self.find(bare(value), scope);
        let Some(column) = place.and_then(|place| self.known(&place)) else { return false };
        let ty = self.walk.base_type(Some(column.type_id));
        let Some(ty) = ty.and_then(|ty| self.walk.catalog.type_by_id(ty)) else { return false };
        let texts: Vec<String> = items.iter().filter_map(|item| self.text(*item)).collect();
        match &ty.kind {
            TypeKind::Enum(labels) => {
                !labels.is_empty() && labels.iter().all(|label| texts.contains(label))
            }
            _ if ty.id == crate::types::BOOLEAN => [true, false]
                .iter()
                .all(|wanted| texts.iter().any(|text| super::spelled(text) == Some(*wanted))),
            _ => false,
        }
    }

    /// `value operator ANY (array)` and ALL.
    pub(super) fn array(
        &self,
        operator: &str,
        value: Node<'_>,
        array: Node<'_>,
        any: bool,
        subject: u32,
        scope: &Scope<'_>,
    ) -> Share {
        match bare(array) {
            Node::A_ArrayExpr(list) => {
                let items: Vec<Node<'_>> = list.elements().iter().collect();
                self.among(operator, value, &items, any, subject, scope)
            }
            Node::SubLink(link)
                if matches!(
                    link.sub_link_type,
                    SubLinkType::ARRAY_SUBLINK | SubLinkType::EXPR_SUBLINK
                ) =>
            {
                let Node::SelectStmt(select) = link.subselect() else { return Share::Part };
                let negated = if any { Some(operator) } else { opposite(operator) };
                let Some(operator) = negated else { return Share::Part };
                let test = Test::of(operator, value);
                let found = self.rows(select, subject, scope, Some(&test));
                if any { found } else { found.not() }
            }
            // `enum_range(NULL::type)` is every label of a type.
            Node::FuncCall(call)
                if any
                    && operator == "="
                    && parts(call.funcname()).last() == Some(&"enum_range")
                    && call.args().len() == 1 =>
            {
                Share::All
            }
            _ => self.array_text(operator, value, array, any, subject, scope),
        }
    }

    /// An array as text, a parameter, a variable.
    fn array_text(
        &self,
        operator: &str,
        value: Node<'_>,
        array: Node<'_>,
        any: bool,
        subject: u32,
        scope: &Scope<'_>,
    ) -> Share {
        let text = self.text(array);
        let items = text.as_deref().and_then(|text| text.strip_prefix('{')?.strip_suffix('}'));
        let numbers = items.map(|items| {
            items.split(',').map(|item| item.trim().parse()).collect::<Result<Vec<f64>, _>>()
        });
        if let Some(Ok(numbers)) = numbers
            && let Some(bounds) = self.bounds(value, scope)
        {
            let truths = numbers.iter().map(|number| ranged(operator, bounds, (*number, *number)));
            let wanted = if any { Some(true) } else { Some(false) };
            let truths: Vec<Option<bool>> = truths.collect();
            if truths.contains(&wanted) {
                return Share::of(any);
            }
            if truths.iter().all(|truth| *truth == Some(!any)) {
                return Share::of(!any);
            }
        }
        // Whatever it holds is a list, so what holds for one value holds for it.
        self.compare(operator, value, array, subject, scope)
    }
}
