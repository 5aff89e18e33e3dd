//! What was prepared, as it runs: the session's own columns hold by then what was put there since.

use crate::{Carried, analyse::Walk};
use model::{
    ColumnId,
    facts::{ColumnUse, Derivation, Facts, LookUp},
};

impl Walk<'_> {
    /// What was stated when it was prepared, with what the session's own columns hold by now.
    pub(crate) fn with_carried(&self, stated: &Facts) -> Facts {
        let mut facts = stated.clone();
        if self.scope.carried.is_empty() {
            return facts;
        }
        for moved in &mut facts.moves {
            self.carry(&mut moved.from, &mut moved.derivation, &mut moved.unknown);
        }
        for output in facts.outputs.iter_mut().flatten() {
            let before = output.sources.len();
            self.carry(&mut output.sources, &mut output.derivation, &mut output.unknown);
            if output.sources.len() > before || output.unknown {
                output.inner.clear();
            }
        }
        for used in &stated.columns {
            let held = self.held_by(used.column).map(|it| it.sources.iter());
            let uses = held.into_iter().flatten();
            let usage = used.usage;
            facts.columns.extend(uses.map(|column| ColumnUse { column: *column, usage }));
        }
        for look_up in &stated.look_ups {
            let held = self.held_by(look_up.column).map(|it| it.sources.iter());
            let values = look_up.values;
            let look_ups = held.into_iter().flatten();
            facts.look_ups.extend(look_ups.map(|column| LookUp { column: *column, values }));
        }
        facts
    }

    fn held_by(&self, column: ColumnId) -> Option<&Carried> {
        self.scope.carried.get(&column)
    }

    fn carry(&self, from: &mut Vec<ColumnId>, derivation: &mut Derivation, unknown: &mut bool) {
        for column in from.clone() {
            let Some(held) = self.held_by(column) else { continue };
            from.extend(&held.sources);
            *derivation = (*derivation).max(held.derivation);
            *unknown |= held.unknown;
        }
        from.sort_unstable();
        from.dedup();
    }
}
