//! What a body did to names, and of what of it nobody can say that it happened: what stands in a
//! branch, in a loop, in a block that an error undoes, behind a place where the body may have
//! ended.

use super::Step;
use crate::{analyse::Walk, names::Path};
use std::rc::Rc;

/// How names stood at some place.
type Place = (usize, Rc<Path>);

/// The blocks around a step of a body, and how names stood when each began.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    open: Vec<Place>,
    /// True behind the statements of the body itself.
    over: bool,
    /// Where the body may have ended first.
    left: Option<Place>,
}

impl Walk<'_> {
    /// A step was walked; `next` is the one behind it.
    pub(super) fn doubts(&mut self, doubts: &mut Doubts, step: &Step, next: Option<&Step>) {
        match step {
            Step::Opens { .. } => doubts.open.push(self.names_now()),
            Step::Closes => {
                let Some(began) = doubts.open.pop() else { return };
                let caught = matches!(next, Some(Step::Diagnostics { error: true, .. }));
                if doubts.over || caught || !doubts.open.is_empty() {
                    self.doubts_since(&began);
                }
                doubts.over |= doubts.open.is_empty();
            }
            Step::Leaves { .. } | Step::Return(_) if doubts.left.is_none() => {
                doubts.left = Some(self.names_now());
            }
            _ => {}
        }
    }

    /// The body is over.
    pub(super) fn doubts_end(&mut self, doubts: &Doubts) {
        if let Some(left) = &doubts.left {
            self.doubts_since(left);
        }
    }

    fn names_now(&self) -> Place {
        (self.made.noted(), Rc::clone(&self.path))
    }

    fn doubts_since(&mut self, (noted, path): &Place) {
        self.made.doubt(*noted);
        if !Rc::ptr_eq(path, &self.path) && self.path.certain {
            self.path = Rc::new(Path { certain: false, ..Path::clone(&self.path) });
        }
    }
}
