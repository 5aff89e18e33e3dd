//! Columns that are kept from being written a mask. Knows who sees what, and no values.

use super::Judge;
use crate::entity::{path, temporary};
use crate::sight::{Sight, View};
use crate::wording::Refusal;
use model::{ColumnId, verdict::KeptFromMasks};

impl Judge<'_> {
    /// Whether a mask of a column may be written into it: asked of whoever sees the column masked,
    /// and a no refuses only what looks like one.
    pub(super) fn keep_from_masks(&mut self, column: ColumnId) {
        let View::Masked(_, method) = self.sight.column(column).view else { return };
        let place = self.sight.place(column);
        let known = self.kept_from_masks.iter().any(|one| one.column == column);
        // In the session's own tables stands what it was shown, and nothing is lost.
        let Some(label) = place.label.filter(|_| !known && !temporary(place.schema)) else {
            return;
        };
        let by_column = self.asker.by_column("write_mask");
        let key = Sight::key(column, &place, by_column);
        let answer = match self.may_write_masks.take() {
            Some((known, answer)) if known == key => answer,
            Some(_) | None => self.asker.ask("write_mask", place.object(), false),
        };
        if !answer.allowed {
            let path = path(&[place.schema, place.table, place.name]);
            let subject = format!("writing what looks like a mask of {label} into {path}");
            let wish = self.wish("write_mask", place.object());
            let Refusal { sentence: refusal, advice, .. } =
                Refusal::new(&subject, &answer, wish, None);
            let label = label.clone();
            self.kept_from_masks.push(KeptFromMasks { column, label, method, refusal, advice });
        }
        self.may_write_masks = Some((key, answer));
    }
}
