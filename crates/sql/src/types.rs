//! What is known of types: elements, arrays, domains, and what operators and polymorphic functions
//! make of their operands. Knows the catalog and no tree.

use crate::{analyse::Walk, flow::Flow};
use model::{
    TypeId,
    catalog::{Function, TypeKind},
};

/// `pg_type.oid` of some built-in types.
pub(crate) const BOOLEAN: TypeId = TypeId(16);
pub(crate) const INTEGER: TypeId = TypeId(23);
pub(crate) const TEXT: TypeId = TypeId(25);
pub(crate) const JSON: TypeId = TypeId(114);
/// `xml`.
pub(crate) const XML: TypeId = TypeId(142);
pub(crate) const JSONB: TypeId = TypeId(3802);
pub(crate) const RECORD: TypeId = TypeId(2249);
pub(crate) const TSQUERY: TypeId = TypeId(3615);

/// Types whose values are texts as they stand: `text`, `varchar`, `bpchar`.
pub(crate) const TEXTS: [TypeId; 3] = [TEXT, TypeId(1043), TypeId(1042)];

/// `anyelement`, `anynonarray`, `anyenum`, `anycompatible`, `anycompatiblenonarray`.
const ELEMENTS: [u32; 5] = [2283, 2776, 3500, 5077, 5079];

/// `anyarray`, `anycompatiblearray`.
const ARRAYS: [u32; 2] = [2277, 5078];

impl Walk<'_> {
    /// A type with its domains taken off.
    pub(crate) fn base_type(&self, ty: Option<TypeId>) -> Option<TypeId> {
        let mut ty = ty?;
        // A ring of domains is impossible; a limit costs nothing.
        for _ in 0..16 {
            match self.catalog.type_by_id(ty).map(|ty| &ty.kind) {
                Some(TypeKind::Domain(base)) => ty = *base,
                _ => break,
            }
        }
        Some(ty)
    }

    /// True for numbers.
    pub(crate) fn is_number(&self, ty: Option<TypeId>) -> bool {
        let ty = self.base_type(ty).and_then(|ty| self.catalog.type_by_id(ty));
        ty.is_some_and(|ty| ty.category == 'N')
    }

    /// True for what something can be taken from and stay of its type: numbers, dates and times.
    pub(crate) fn is_amount(&self, ty: Option<TypeId>) -> bool {
        let ty = self.base_type(ty).and_then(|ty| self.catalog.type_by_id(ty));
        ty.is_some_and(|ty| matches!(ty.category.to_ascii_uppercase(), 'N' | 'D' | 'T'))
    }

    /// The element type of an array type.
    pub(crate) fn element_of(&self, ty: Option<TypeId>) -> Option<TypeId> {
        match self.catalog.type_by_id(self.base_type(ty)?)?.kind {
            TypeKind::Array(element) => Some(element),
            _ => None,
        }
    }

    /// The array type over an element type.
    pub(crate) fn array_of(&self, ty: Option<TypeId>) -> Option<TypeId> {
        let element = self.catalog.type_by_id(ty?)?;
        let name = format!("_{}", element.name);
        self.catalog.type_named(&element.schema, &name).map(|ty| ty.id)
    }

    /// The type of a call, where the declaration says it or its arguments decide it.
    pub(crate) fn result_type<'f>(
        &self,
        function: &Function,
        arguments: impl Iterator<Item = &'f Flow> + Clone,
    ) -> Option<TypeId> {
        let declared = function.return_type;
        let element = ELEMENTS.contains(&declared.0);
        let array = ARRAYS.contains(&declared.0);
        if !element && !array {
            let kind = self.catalog.type_by_id(declared).map(|ty| &ty.kind);
            return Some(declared).filter(|_| !matches!(kind, None | Some(TypeKind::Pseudo)));
        }
        let given = function.argument_types.iter().zip(arguments);
        let found = given.filter_map(|(declared, flow)| {
            let ty = flow.ty?;
            if ELEMENTS.contains(&declared.0) {
                Some(ty)
            } else if ARRAYS.contains(&declared.0) {
                self.element_of(Some(ty))
            } else {
                None
            }
        });
        let found = found.into_iter().next();
        if element { found } else { self.array_of(found) }
    }

    /// The type of an operator's result, for those whose result is that of an operand.
    pub(crate) fn operator_type(
        &self,
        operator: &str,
        left: Option<TypeId>,
        right: Option<TypeId>,
    ) -> Option<TypeId> {
        let (a, b) = (self.base_type(left), self.base_type(right));
        let array = |ty: Option<TypeId>| self.element_of(ty).is_some();
        match operator {
            "||" if array(a) => a,
            "||" if array(b) => b,
            "||" if a == b => a,
            "||" => [a, b].contains(&Some(TEXT)).then_some(TEXT),
            "->>" | "#>>" => Some(TEXT),
            "->" | "#>" | "#-" => a,
            "+" | "-" | "*" | "/" | "%" | "^" if a == b => a,
            _ => None,
        }
    }
}
