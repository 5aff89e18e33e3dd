//! Where a walk through a document is, beside places that are known. Knows no masks.

use model::facts::Step;

/// The containers around a point.
#[derive(Default)]
pub(super) struct Place {
    frames: Vec<Frame>,
}

struct Frame {
    object: bool,
    /// The key that was read last.
    key: String,
    /// How many elements were begun.
    elements: usize,
}

impl Frame {
    fn is(&self, step: &Step) -> bool {
        match step {
            Step::Key(key) => self.object && self.key == *key,
            Step::At(place) => !self.object && self.elements == place + 1,
            Step::Each => !self.object,
        }
    }
}

impl Place {
    pub(super) fn key(&mut self, key: &str) {
        if let Some(frame) = self.frames.last_mut() {
            key.clone_into(&mut frame.key);
        }
    }

    /// A value begins.
    pub(super) fn value(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.elements += 1;
        }
    }

    pub(super) fn enter(&mut self, object: bool) {
        self.value();
        self.frames.push(Frame { object, key: String::new(), elements: 0 });
    }

    pub(super) fn leave(&mut self) {
        self.frames.pop();
    }

    /// The value that began last, as a JSON pointer (RFC 6901).
    pub(super) fn pointer(&self) -> String {
        let step = |frame: &Frame| match frame.object {
            true => format!("/{}", frame.key.replace('~', "~0").replace('/', "~1")),
            false => format!("/{}", frame.elements.saturating_sub(1)),
        };
        self.frames.iter().map(step).collect()
    }

    /// True if the containers so far are the beginning of one of these places.
    pub(super) fn leads_to(&self, open: &[Vec<Step>]) -> bool {
        let begins = |path: &Vec<Step>| {
            path.len() >= self.frames.len()
                && self.frames.iter().zip(path).all(|(frame, step)| frame.is(step))
        };
        open.iter().any(begins)
    }

    /// Whether a value here stands in one of these places: `Some(true)` if within an array that
    /// stands there, `None` if it does not.
    pub(super) fn open(&self, open: &[Vec<Step>]) -> Option<bool> {
        let stands = |path: &&Vec<Step>| {
            path.len() <= self.frames.len()
                && self.frames.iter().zip(path.iter()).all(|(frame, step)| frame.is(step))
                && self.frames.iter().skip(path.len()).all(|frame| !frame.object)
        };
        open.iter().find(stands).map(|path| path.len() < self.frames.len())
    }
}
