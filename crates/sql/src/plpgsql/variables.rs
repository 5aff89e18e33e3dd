//! Variables of PL/pgSQL: their types, and what these do not take.

use super::{Step, rows::same};
use crate::{
    analyse::Walk,
    flow::{Distance, Flow},
    frame::{Kind, Shape, same_name},
    names::{cut, split},
};
use model::{TypeId, catalog::TypeKind};
use pg_raw_parse::Node;

/// What a declaration's text says.
struct Declared {
    shape: Shape,
    ty: Option<TypeId>,
}

impl Walk<'_> {
    /// A body of these steps begins: what its names mean, and what its arguments hold.
    pub(super) fn enters_names(&mut self, steps: &[Step]) {
        let Some(frame) = self.frames.last_mut() else { return };
        frame.same = same(steps);
        let labels = steps.iter().filter_map(|step| match step {
            Step::Label(name) => Some(name.clone()),
            _ => None,
        });
        frame.labels = labels.collect();
        let arguments: Vec<(String, Option<TypeId>)> =
            frame.arguments.iter().map(|(name, flow)| (name.clone(), flow.ty)).collect();
        for (place, (name, ty)) in arguments.into_iter().enumerate() {
            let declared = self.frames.last().and_then(|frame| frame.declared.get(place).copied());
            let ty = declared.or(ty);
            let shape = ty.map_or(Shape::Value, |ty| self.shape_of(ty));
            let place = format!("${}", place + 1);
            let names = [name, place];
            for name in names.iter().filter(|name| !name.is_empty()) {
                self.notes(name, "", &Declared { shape, ty });
            }
        }
    }

    /// Adds a variable to the frame.
    pub(super) fn declare(&mut self, name: &str, text: &str) {
        let declared = self.declared_as(text.trim());
        self.mentions(declared.ty);
        let ty = declared.ty.and_then(|ty| self.catalog.type_by_id(ty));
        let domain = ty.is_some_and(|ty| matches!(ty.kind, TypeKind::Domain(_)));
        if let (true, Some(frame)) = (domain || text.contains('('), self.frames.last_mut())
            && !frame.narrow.iter().any(|known| known == name)
        {
            frame.narrow.push(name.to_owned());
        }
        self.notes(name, text, &declared);
        let Some(frame) = self.frames.last_mut() else { return };
        if frame.arguments.iter().any(|(known, _)| known == name) {
            return;
        }
        let shape = frame.shape(name);
        let mut flow = Flow::constant(declared.ty.filter(|_| shape == declared.shape));
        if let (Shape::Row, Some(named)) = (shape, flow.ty.and_then(|ty| self.composite(ty))) {
            // Nothing is in it yet, so what comes first comes as it is.
            let nothing = Flow { distance: Distance::Identity, ..Flow::default() };
            flow.fields = Some(nothing.placed(&named).into());
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.arguments.push((name.to_owned(), flow));
        }
    }

    /// Notes how a name is declared. Where that differs from another declaration of it, nothing in
    /// it is told apart.
    fn notes(&mut self, name: &str, text: &str, declared: &Declared) {
        let Some(frame) = self.frames.last_mut() else { return };
        let key = frame.key(name);
        let text = text.to_owned();
        let Some(known) = frame.kinds.get_mut(&key) else {
            let types = declared.ty.into_iter().collect();
            let named = (declared.shape == Shape::Record).then(Vec::new);
            let kind = Kind { shape: declared.shape, types, texts: vec![text], named };
            frame.kinds.insert(key, kind);
            return;
        };
        let other = declared.ty.is_some_and(|ty| !known.types.contains(&ty));
        if known.texts.contains(&text) && !other {
            return;
        }
        known.texts.push(text);
        let differs = other || declared.ty.is_none() != known.types.is_empty();
        known.types.extend(declared.ty.filter(|_| other));
        let values = (known.shape, declared.shape) == (Shape::Value, Shape::Value);
        let records = (known.shape, declared.shape) == (Shape::Record, Shape::Record);
        if !values && !records && (differs || known.shape != declared.shape) {
            (known.shape, known.named) = (Shape::Any, None);
        }
        let apart = known.shape != Shape::Any;
        for place in frame.places(name) {
            if let Some((_, slot)) = frame.arguments.get_mut(place) {
                slot.ty = slot.ty.filter(|_| !differs);
                slot.fields = slot.fields.take().filter(|_| apart);
            }
        }
    }

    fn shape_of(&self, ty: TypeId) -> Shape {
        if self.composite(ty).is_some() {
            return Shape::Row;
        }
        match self.catalog.type_by_id(ty).map(|ty| &ty.kind) {
            None | Some(TypeKind::Pseudo) => Shape::Any,
            Some(_) => Shape::Value,
        }
    }

    fn declared_as(&mut self, text: &str) -> Declared {
        let lowered = text.to_ascii_lowercase();
        if lowered == "record" {
            return Declared { shape: Shape::Record, ty: None };
        }
        let ty = match lowered.strip_suffix("%rowtype") {
            Some(relation) => self.row_type(text.get(..relation.len()).unwrap_or_default()),
            None => match lowered.strip_suffix("%type") {
                Some(like) => self.type_alike(text.get(..like.len()).unwrap_or_default()),
                None => self.type_in_text(text),
            },
        };
        // Of a type that is not known it cannot be told what goes where.
        Declared { shape: ty.map_or(Shape::Any, |ty| self.shape_of(ty)), ty }
    }

    /// The type that a declaration's text names.
    fn type_in_text(&mut self, text: &str) -> Option<TypeId> {
        let tree = crate::parse::parse(&format!("SELECT NULL::{text}")).ok()?;
        let Some(Node::SelectStmt(select)) = tree.stmts().next() else { return None };
        let target = select.target_list().iter().next()?;
        let Node::TypeCast(cast) = target.val() else { return None };
        let names = crate::names::strings(cast.type_name()?.names());
        let made = |name: &&str| {
            self.made.tables.contains_key(*name) || self.made.types.iter().any(|made| made == name)
        };
        if names.last().is_some_and(made) || self.made.stale {
            return None;
        }
        let [only] = *self.types_meant(cast.type_name()?) else { return None };
        let ty = self.type_of(cast.type_name()?)?;
        (ty == only || self.element_of(Some(ty)).is_some()).then_some(ty)
    }

    /// The row type of the relation that a declaration with %ROWTYPE names.
    fn row_type(&self, text: &str) -> Option<TypeId> {
        let names = dotted(text)?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (schema, name) = split(&names);
        let made = self.made.tables.contains_key(name) || self.made.stale;
        if made || schema.is_none() && !self.path.certain {
            return None;
        }
        Some(self.path.relation(self.catalog, schema, name)?.row_type)
    }

    /// The type of a column, or of a variable, that a declaration with %TYPE names.
    fn type_alike(&self, text: &str) -> Option<TypeId> {
        let names = dotted(text)?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (column, relation) = names.split_last()?;
        let frame = self.frames.last()?;
        if relation.is_empty() {
            let known = frame.kinds.get(&frame.key(column))?;
            let [only] = known.types.as_slice() else { return None };
            return Some(*only).filter(|_| known.shape != Shape::Any);
        }
        let (schema, relation) = split(relation);
        // A variable in a block of that name, or a field of one, comes first.
        let own = frame.is_label(relation) || !frame.places(relation).is_empty();
        let made = self.made.tables.contains_key(relation) || self.made.stale;
        if own || made || schema.is_none() && !self.path.certain {
            return None;
        }
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
        let types = frame.kinds.get(&frame.key(name)).map(|kind| kind.types.as_slice());
        let given = category(value.ty);
        let names = frame.names_of(name);
        frame.narrow.iter().any(|narrow| names.iter().any(|name| same_name(narrow, name)))
            || value.fields.is_none()
                && types.unwrap_or_default().iter().any(|own| {
                    category(Some(*own)).is_some_and(|own| {
                        !matches!(own, 'S' | 'C' | 'P') && given.is_none_or(|given| given == 'S')
                    })
                })
    }
}

/// A dotted name as PL/pgSQL reads it; `None` if there is more than that.
fn dotted(text: &str) -> Option<Vec<String>> {
    let tree = crate::parse::parse(&format!("SELECT {text}")).ok()?;
    let Some(Node::SelectStmt(select)) = tree.stmts().next() else { return None };
    let (target, None) = (select.target_list().iter().next()?, select.target_list().iter().nth(1))
    else {
        return None;
    };
    let Node::ColumnRef(reference) = target.val() else { return None };
    let names = crate::names::parts(reference.fields());
    (names.len() == reference.fields().len()).then_some(())?;
    names.into_iter().map(|name| cut(name.to_owned())).collect()
}
