//! Variables of PL/pgSQL: their types, and what these do not take. Knows no steps.

use super::run::Yield;
use crate::{analyse::Walk, flow::Flow};
use model::{TypeId, catalog::TypeKind};
use pg_raw_parse::Node;

impl Walk<'_> {
    pub(super) fn declare(&mut self, name: &str, ty: &str, body: &mut Yield) {
        if self.variable(name).is_some() {
            return;
        }
        let ty = ty.trim();
        let lowered = ty.to_ascii_lowercase();
        let mut flow = Flow::constant(None);
        if let Some(relation) = lowered.strip_suffix("%rowtype") {
            flow.ty = self.type_in_text(relation);
        } else if let Some(like) = lowered.strip_suffix("%type") {
            flow.ty = self.type_alike(like);
        } else if lowered != "record" {
            flow.ty = self.type_in_text(ty);
        }
        self.mentions(flow.ty);
        if lowered == "record" || flow.ty.is_some_and(|ty| self.composite(ty).is_some()) {
            body.rows.push(name.to_owned());
        }
        let domain = flow.ty.and_then(|ty| self.catalog.type_by_id(ty));
        let domain = domain.is_some_and(|ty| matches!(ty.kind, TypeKind::Domain(_)));
        if let (true, Some(frame)) = (domain || ty.contains('('), self.frames.last_mut()) {
            frame.narrow.push(name.to_owned());
        }
        self.define(name, flow);
    }

    /// The type that a declaration's text names.
    fn type_in_text(&mut self, text: &str) -> Option<TypeId> {
        let tree = crate::parse::parse(&format!("SELECT NULL::{text}")).ok()?;
        let Some(Node::SelectStmt(select)) = tree.stmts().next() else { return None };
        let target = select.target_list().iter().next()?;
        let Node::TypeCast(cast) = target.val() else { return None };
        self.type_of(cast.type_name()?)
    }

    /// The type of a column, or of a variable, that a declaration with %TYPE names.
    fn type_alike(&self, text: &str) -> Option<TypeId> {
        let names: Vec<&str> = text.split('.').map(|name| name.trim().trim_matches('"')).collect();
        let (column, relation) = names.split_last()?;
        if relation.is_empty() {
            return self.variable(column)?.ty;
        }
        let (schema, relation) = crate::names::split(relation);
        let relation = self.path.relation(self.catalog, schema, relation)?;
        Some(relation.column(column)?.type_id)
    }

    /// True if a variable does not take every value of what it is given: a number is made of a
    /// text, or its type is narrower than its base.
    pub(super) fn may_refuse(&self, name: &str, value: &Flow) -> bool {
        let Some(frame) = self.frames.last() else { return true };
        let category = |ty: Option<TypeId>| {
            ty.and_then(|ty| self.catalog.type_by_id(ty)).map(|ty| ty.category)
        };
        let own = category(self.variable(name).and_then(|own| own.ty));
        let given = category(value.ty);
        frame.narrow.iter().any(|narrow| narrow == name)
            || value.fields.is_none()
                && own.is_some_and(|own| {
                    !matches!(own, 'S' | 'C' | 'P') && given.is_none_or(|given| given == 'S')
                })
    }
}
