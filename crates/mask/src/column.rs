//! The mask of one output column, compiled once per column and applied to each of its values.
//! Knows no rows, no protocol and no policy.

use crate::{
    back::Returning,
    key::{Key, Secret},
    recent::Recent,
    shape::Shape,
    text::{self, Form},
    value,
};
use model::{Catalog, Disclosure, Label, MaskMethod, TypeId, facts::Step};

/// The form in which values of a column travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// The type's text output.
    Text,
    /// The type's send form.
    Binary,
}

/// Columns of one result that keep what became of their values.
const MOST_RECENT: usize = 32;

/// What became of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Applied {
    /// Relay the value as it came; nothing was appended.
    Raw,
    /// The new value was appended.
    Masked,
    /// Send NULL; nothing was appended.
    Null,
}

/// What one output column may show, made ready for its type and format.
#[derive(Clone, Debug)]
pub struct ColumnMask {
    action: Action,
    shape: Shape,
    format: Format,
    /// How text that is ASCII is masked, where there is a quick way.
    quick: Option<Form>,
}

/// What is done to each value.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Pass,
    Scan,
    Mask(Box<Rule>),
    /// Not a mask: pseudonyms that came in are turned back.
    Back(Box<Returning>),
    /// Not a mask: tells what a mask of this label made.
    Tell(Box<Label>),
    Null,
}

/// A label's mask by one method.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) label: Label,
    pub(crate) method: MaskMethod,
    pub(crate) secret: Secret,
    /// Where a document has values that bear no label.
    pub(crate) open: Vec<Vec<Step>>,
}

impl ColumnMask {
    /// Prepares a column's mask. Total: a type that neither PostgreSQL nor the catalog knows is
    /// scanned if it is scanned, and NULL if it is masked.
    pub fn compile(
        disclosure: &Disclosure,
        ty: TypeId,
        catalog: &Catalog,
        format: Format,
        key: &Key,
    ) -> Self {
        let shape = Shape::of(ty, catalog);
        let action = match disclosure {
            Disclosure::Raw { .. } => Action::Pass,
            Disclosure::Scan if shape.carries_text() => Action::Scan,
            Disclosure::Scan => Action::Pass,
            Disclosure::Masked { method: MaskMethod::Null, .. } => Action::Null,
            Disclosure::Masked { label, method } => Action::Mask(Box::new(Rule {
                label: label.clone(),
                method: effective(label, *method),
                secret: Secret::derive(key, label),
                open: Vec::new(),
            })),
        };
        let quick = match (&action, &shape) {
            (Action::Mask(rule), Shape::Text | Shape::Identifier) => {
                text::quick(&rule.label, rule.method)
            }
            _ => None,
        };
        Self { action, shape, format, quick }
    }

    /// The same with places in a document whose values leave as those of a column without a label:
    /// they are scanned, and all others masked. Types that are no documents have no such places.
    pub fn opened(mut self, disclosure: &Disclosure, open: &[Vec<Step>], key: &Key) -> Self {
        if let (Disclosure::Masked { label, method }, Shape::Json { .. }, false) =
            (disclosure, &self.shape, open.is_empty())
        {
            self.action = Action::Mask(Box::new(Rule {
                label: label.clone(),
                method: effective(label, *method),
                secret: Secret::derive(key, label),
                open: open.to_vec(),
            }));
        }
        self
    }

    /// True if values of a type can hold text that somebody wrote.
    pub fn may_hold_text(ty: TypeId, catalog: &Catalog) -> bool {
        Shape::of(ty, catalog).carries_text()
    }

    /// True if values of a type can hold a document.
    pub fn may_hold_document(ty: TypeId, catalog: &Catalog) -> bool {
        Shape::of(ty, catalog).holds_document()
    }

    /// True if values may be relayed without being looked at.
    pub fn passes(&self) -> bool {
        matches!(self.action, Action::Pass)
    }

    /// True if values leave as they are, or but for what is found in them: what people write is
    /// masked so.
    pub fn keeps(&self) -> bool {
        match &self.action {
            Action::Pass | Action::Scan | Action::Back(_) | Action::Tell(_) => true,
            Action::Mask(rule) => {
                !rule.open.is_empty()
                    || rule.label == Label::FREE_TEXT
                        && !matches!(rule.method, MaskMethod::Full | MaskMethod::Null)
            }
            Action::Null => false,
        }
    }

    /// Masks one value that is not NULL. Appends to `out` only when the answer is
    /// [`Applied::Masked`]. Total over any bytes: what is not a value of the type is masked in
    /// full or becomes NULL.
    #[inline]
    pub fn apply(&self, value: &[u8], out: &mut Vec<u8>) -> Applied {
        if let Some(form) = self.quick
            && text::quick_into(form, value, out)
        {
            return Applied::Masked;
        }
        self.work_out(value, out)
    }

    /// The same, for values of one column one after the other: what is dear to work out is kept
    /// for a while, in case the value comes again.
    #[inline]
    pub fn apply_lately(&self, recent: &mut Recent, value: &[u8], out: &mut Vec<u8>) -> Applied {
        match recent.worth(value) {
            Some(place) => match recent.of(place, value, out) {
                Some(applied) => applied,
                None => {
                    let start = out.len();
                    let applied = self.work_out(value, out);
                    recent.keep(place, value, applied, out.get(start..).unwrap_or_default());
                    applied
                }
            },
            None => self.apply(value, out),
        }
    }

    /// The same for each column of a result, of which so many keep something that a wide one takes
    /// no more room than others.
    pub fn recents(columns: &[Self]) -> Vec<Recent> {
        let mut left = MOST_RECENT;
        let recent = |column: &Self| {
            let own = column.recent();
            match own.is_on() && left > 0 {
                true => left -= 1,
                false => return Recent::off(),
            }
            own
        };
        columns.iter().map(recent).collect()
    }

    /// What [`Self::apply_lately`] wants, for a number of values of this column.
    pub fn recent(&self) -> Recent {
        let dear = match &self.action {
            Action::Scan => true,
            Action::Mask(rule) => {
                rule.method == MaskMethod::Pseudonym || rule.label == Label::FREE_TEXT
            }
            Action::Pass | Action::Back(_) | Action::Tell(_) | Action::Null => false,
        };
        if dear { Recent::empty() } else { Recent::off() }
    }

    fn work_out(&self, value: &[u8], out: &mut Vec<u8>) -> Applied {
        let start = out.len();
        let applied = value::apply(&self.action, &self.shape, self.format, value, out);
        if applied != Applied::Masked {
            out.truncate(start);
        }
        applied
    }

    /// The format the mask was compiled for.
    pub fn format(&self) -> Format {
        self.format
    }
}

/// Of some labels no part may be shown, and of what is not understood neither.
fn effective(label: &Label, method: MaskMethod) -> MaskMethod {
    let showing = matches!(method, MaskMethod::Generalise | MaskMethod::Partial);
    let whole = [Label::UNKNOWN, Label::CREDENTIAL, Label::CARD_SECURITY].contains(label);
    if showing && whole { MaskMethod::Full } else { method }
}

#[cfg(test)]
mod tests;
