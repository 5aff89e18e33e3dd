//! Masks on their way into the columns that they hide: a program that loads a row, changes a field
//! and saves all of them would put what it was shown over the real values. Knows verdicts and what
//! the client gives; what a mask looks like is told elsewhere.

use crate::{database::Knowledge, refusal::Refusal, turning::Values};
use mask::{Format, Key, MaskedForm};
use model::{TypeId, verdict::KeptFromMasks};
use sql::{Assigned, GivenValue};
use std::sync::Arc;

/// A parameter that is written into a column which is kept from masks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Written {
    number: u16,
    ty: TypeId,
    column_ty: TypeId,
    kept: Arc<KeptFromMasks>,
}

/// What tells masks of a column, of values of a type in a format; the last one is kept.
struct Teller<'a> {
    knowledge: &'a Knowledge,
    key: &'a Key,
    last: Option<(Arc<KeptFromMasks>, (TypeId, TypeId), MaskedForm)>,
}

/// The parameters to be looked at when they are bound; the refusal, if a literal is a mask.
pub(crate) fn read(
    assigned: Vec<Assigned>,
    kept: &[KeptFromMasks],
    (knowledge, key): (&Knowledge, &Key),
) -> Result<Vec<Written>, Refusal> {
    let mut teller = Teller { knowledge, key, last: None };
    let mut written = Vec::new();
    for Assigned { columns, column_ty, values } in assigned {
        let Some(kept) = kept.iter().find(|one| columns.contains(&one.column)) else { continue };
        let kept = Arc::new(kept.clone());
        for (value, ty) in values {
            match value {
                GivenValue::Parameter(number, _) => {
                    written.push(Written { number, ty, column_ty, kept: Arc::clone(&kept) });
                }
                GivenValue::Literal(text) => {
                    teller.check(&kept, (ty, column_ty), Format::Text, text.as_bytes())?;
                }
            }
        }
    }
    Ok(written)
}

/// The refusal, if a value that is bound is a mask.
pub(crate) fn check(
    written: &[Written],
    bound: Values<'_>,
    (knowledge, key): (&Knowledge, &Key),
) -> Result<(), Refusal> {
    let mut teller = Teller { knowledge, key, last: None };
    written.iter().try_for_each(|one| {
        let index = usize::from(one.number).saturating_sub(1);
        let Some((value, ty, format)) = bound.value(index, one.ty) else { return Ok(()) };
        teller.check(&one.kept, (ty, one.column_ty), format, value)
    })
}

impl Teller<'_> {
    fn check(
        &mut self,
        kept: &Arc<KeptFromMasks>,
        types: (TypeId, TypeId),
        format: Format,
        value: &[u8],
    ) -> Result<(), Refusal> {
        let same = |(of, known, form): &(Arc<KeptFromMasks>, (TypeId, TypeId), MaskedForm)| {
            Arc::ptr_eq(of, kept) && *known == types && form.format() == format
        };
        let last = self.last.take().filter(same);
        let compile = || {
            let of = (&kept.label, kept.method);
            let catalog = &self.knowledge.catalog;
            let form = MaskedForm::compile(of, types, catalog, format, self.key);
            (Arc::clone(kept), types, form)
        };
        let (_, _, form) = self.last.insert(last.unwrap_or_else(compile));
        if form.is(value) { Err(refusal(kept)) } else { Ok(()) }
    }
}

fn refusal(kept: &KeptFromMasks) -> Refusal {
    let hint = "Leave the column out of the statement, or ask for the right to see it.";
    Refusal::unenforceable(&kept.refusal, kept.advice.as_deref().unwrap_or(hint))
}
