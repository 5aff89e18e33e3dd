//! What is asked for, and what an approval is good for: that something runs, or that it goes beyond
//! its limits too. Knows no storage of approvals.

use crate::{change::Place, plan::Plan, refusal::Refusal};
use model::{Outcome, verdict::Approval};

/// An approval that is used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    /// The hold.
    pub hold: String,
    /// Who approved: `carol`; `dave for carol` with a voice that was handed on.
    pub by: Vec<String>,
    /// The consents that it was asked for, and that were given.
    pub needs: Vec<Approval>,
}

impl Approved {
    /// True if all of these consents were asked for, whoever else was asked since for want of them.
    pub(crate) fn covers<'a>(&self, needs: impl IntoIterator<Item = &'a Approval>) -> bool {
        let same = |one: &Approval, other: &Approval| {
            (&one.policy, &one.groups, one.count) == (&other.policy, &other.groups, other.count)
        };
        needs.into_iter().all(|need| self.needs.iter().any(|one| same(one, need)))
    }
}

/// What consent is asked for.
#[derive(Clone, Debug)]
pub enum Wish {
    /// That it runs. Its limits stay in force.
    Run,
    /// That it runs, whatever it does: it is held, and its limits cannot be measured.
    Unmeasured,
    /// To go beyond a limit.
    Beyond(Exceeded),
}

/// A limit that a statement exceeds, and that consent lifts.
#[derive(Clone, Debug)]
pub struct Exceeded {
    /// Which, and by how much.
    pub words: String,
    /// The session may wait: nothing of it ran.
    pub stays: bool,
    /// What it did is undone whatever is found, so that an approval stays for the next time.
    pub undone: bool,
}

impl Plan {
    /// True if somebody may be asked for it: it waits for approval, or may exceed a limit by one.
    pub fn asks(&self) -> bool {
        self.is_held() || self.may_exceed()
    }

    /// Refuses what would be refused with every approval, so that nobody is asked for it in vain.
    pub fn runs_if_approved(&self, place: Place) -> Result<(), Refusal> {
        if self.cost_limits().any(|limit| limit.beyond.is_none()) {
            self.estimable()?;
        }
        let counted = !self.parts.iter().any(|part| part.verdict.read_only);
        if counted && self.change_limits().any(|limit| limit.beyond.is_none()) {
            self.countable(place)?;
        }
        Ok(())
    }

    /// What a held plan asks for in a place: an approval lifts limits only where nothing else can
    /// be done about them, since whoever they name would be asked for each run that keeps them.
    pub fn wish(&self, place: Place) -> Wish {
        let changes = self.change_limits().next().is_some()
            && !self.parts.iter().any(|part| part.verdict.read_only);
        let costs = self.cost_limits().next().is_some();
        let measured =
            (!changes || self.countable(place).is_ok()) && (!costs || self.estimable().is_ok());
        if measured { Wish::Run } else { Wish::Unmeasured }
    }

    /// True if it waits for approval: a part is held, and none is refused.
    pub fn is_held(&self) -> bool {
        let outcomes = || self.parts.iter().map(|part| part.verdict.outcome);
        outcomes().any(|outcome| outcome == Outcome::Hold)
            && outcomes().all(|outcome| outcome != Outcome::Deny)
    }
}
