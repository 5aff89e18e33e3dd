//! One loaded policy as decisions need it: its id and what its annotations demand. Knows no Cedar
//! evaluation.

use model::{Durability, MaskMethod, PolicyId};

/// What a permit on `unproven_limited` prescribes. Ordered by strictness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ladder {
    /// Read-only, doubtful values masked, rows limited.
    Mask,
    /// Wait for approval.
    Hold,
    /// Refuse.
    Deny,
}

/// A policy's id and annotations.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// `@id`, or `file:line`.
    pub(crate) id: PolicyId,
    /// `@reason`: one sentence for people.
    pub(crate) reason: Option<String>,
    /// `@advice`: what to do next.
    pub(crate) advice: Option<String>,
    /// `@mask`.
    pub(crate) mask: Option<MaskMethod>,
    /// `@ladder`.
    pub(crate) ladder: Option<Ladder>,
    /// `@approval` or `@hold`: the statement waits; the text says for whom or what.
    pub(crate) hold: Option<String>,
    /// `@row_limit`.
    pub(crate) row_limit: Option<u64>,
    /// `@min_group`.
    pub(crate) min_group: Option<u64>,
    /// `@look_ups`: values in an hour.
    pub(crate) look_ups: Option<u64>,
    /// `@durability`.
    pub(crate) durability: Option<Durability>,
    /// `@keep("text")`.
    pub(crate) keep_text: bool,
}

/// Every annotation a policy may carry.
pub(crate) const ANNOTATIONS: [&str; 12] = [
    "id",
    "reason",
    "advice",
    "mask",
    "ladder",
    "approval",
    "hold",
    "row_limit",
    "min_group",
    "look_ups",
    "durability",
    "keep",
];

impl Rule {
    /// Reads annotations; on failure says which one is wrong, why, and what would be right.
    pub(crate) fn read<'a>(
        id: PolicyId,
        annotations: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, (String, Option<String>)> {
        let mut rule = Self {
            id,
            reason: None,
            advice: None,
            mask: None,
            ladder: None,
            hold: None,
            row_limit: None,
            min_group: None,
            look_ups: None,
            durability: None,
            keep_text: false,
        };
        for (key, value) in annotations {
            rule.annotate(key, value)?;
        }
        Ok(rule)
    }

    fn annotate(&mut self, key: &str, value: &str) -> Result<(), (String, Option<String>)> {
        let wrong = |words: &str| (format!("@{key}(\"{value}\") is not one of {words}"), None);
        match key {
            "id" => {}
            "reason" => self.reason = Some(value.to_owned()),
            "advice" => self.advice = Some(value.to_owned()),
            "mask" => {
                let words = "generalise, partial, pseudonym, full, null";
                self.mask = Some(MaskMethod::from_word(value).ok_or_else(|| wrong(words))?);
            }
            "ladder" => {
                self.ladder = Some(match value {
                    "mask" => Ladder::Mask,
                    "hold" => Ladder::Hold,
                    "deny" => Ladder::Deny,
                    _ => return Err(wrong("mask, hold, deny")),
                });
            }
            "approval" => self.hold = Some(format!("approval by {value}")),
            "hold" => self.hold = Some(value.to_owned()),
            "row_limit" | "min_group" | "look_ups" => {
                let number = Some(value.parse().map_err(|_| wrong("the whole numbers"))?);
                match key {
                    "row_limit" => self.row_limit = number,
                    "min_group" => self.min_group = number,
                    _ => self.look_ups = number,
                }
            }
            "keep" if value == "text" => self.keep_text = true,
            "keep" => return Err(wrong("text")),
            "durability" => {
                self.durability = Some(match value {
                    "before_row" => Durability::BeforeRow,
                    "before_effect" => Durability::BeforeEffect,
                    "before_forward" => Durability::BeforeForward,
                    _ => return Err(wrong("before_row, before_effect, before_forward")),
                });
            }
            _ => {
                let near = crate::problem::nearest(key, ANNOTATIONS.into_iter());
                let known = format!("known annotations are @{}", ANNOTATIONS.join(", @"));
                let help = near.map_or(known, |near| format!("did you mean @{near}?"));
                return Err((format!("unknown annotation @{key}"), Some(help)));
            }
        }
        Ok(())
    }
}
