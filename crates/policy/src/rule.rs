//! One loaded policy as decisions need it: its id and what its annotations demand. Knows no Cedar
//! evaluation.

use crate::owner::Owners;
use model::{
    Durability, MaskMethod, PolicyId,
    verdict::{Approval, ChangeLimit, CostLimit, Escalation, Estimate},
};

/// Who approves where a policy names nobody.
pub(crate) const APPROVERS: &str = "approvers";
/// Where a policy asks those who own what a question is about; no group has this name.
pub(crate) const OWNERS: &str = "@owners";
/// How long an approval may be waited for and used unless a policy says otherwise: seconds.
const LIFETIME: u64 = 15 * 60;
/// The longest that a policy may say: seconds.
const LONGEST: u64 = 7 * 24 * 3_600;
/// More persons than this approve nothing in time.
const MOST_PERSONS: u32 = 16;

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
    /// `@approval`: the statement does not run before these consented.
    pub(crate) approval: Option<Approval>,
    /// `@review`: who looks at a grant afterwards.
    pub(crate) review: Option<Approval>,
    /// `@longest`: how long a grant may last: seconds.
    pub(crate) longest: Option<u64>,
    /// `@row_limit`.
    pub(crate) row_limit: Option<u64>,
    /// `@change_limit`: rows.
    pub(crate) change_limit: Option<u64>,
    /// `@cost_limit`: what the planner expects.
    pub(crate) cost_limit: Option<u64>,
    /// `@estimate_limit`: rows that the planner expects it to return or change.
    pub(crate) estimate_limit: Option<u64>,
    /// `@min_group`.
    pub(crate) min_group: Option<u64>,
    /// `@look_ups`: values in an hour.
    pub(crate) look_ups: Option<u64>,
    /// `@durability`.
    pub(crate) durability: Option<Durability>,
    /// `@keep("text")`.
    pub(crate) keep_text: bool,
    /// `@shadow("on")`: what it would decide is recorded and changes nothing.
    pub(crate) shadow: bool,
}

/// Every annotation a policy may carry.
pub(crate) const ANNOTATIONS: [&str; 20] = [
    "id",
    "reason",
    "advice",
    "mask",
    "ladder",
    "approval",
    "hold",
    "expires",
    "escalate",
    "review",
    "longest",
    "row_limit",
    "change_limit",
    "cost_limit",
    "estimate_limit",
    "min_group",
    "look_ups",
    "durability",
    "keep",
    "shadow",
];

impl Rule {
    /// How many rows what it permits may change; beyond them by its `@approval`, if it has one, or
    /// by that of the owners of all that it is about.
    pub(crate) fn change_limits(&self, owned: &[(PolicyId, Approval)]) -> Vec<ChangeLimit> {
        let limit = |(rows, beyond)| ChangeLimit { rows, beyond, policy: self.id.clone() };
        self.beyond(self.change_limit, owned).map(limit).collect()
    }

    /// How much the planner may expect of what it permits; beyond that likewise.
    pub(crate) fn cost_limits(&self, owned: &[(PolicyId, Approval)]) -> Vec<CostLimit> {
        let limits = [(Estimate::Cost, self.cost_limit), (Estimate::Rows, self.estimate_limit)];
        let each = limits.into_iter().flat_map(|(of, most)| {
            let limit =
                move |(most, beyond)| CostLimit { of, most, beyond, policy: self.id.clone() };
            self.beyond(most, owned).map(limit)
        });
        each.collect()
    }

    /// A limit with each consent by which it may be exceeded: with all of them.
    fn beyond(
        &self,
        most: Option<u64>,
        owned: &[(PolicyId, Approval)],
    ) -> impl Iterator<Item = (u64, Option<Approval>)> {
        let nobody = Owners::default();
        let own = || vec![self.approval.as_ref().map(|own| nobody.resolve(own, None))];
        let mine = owned.iter().filter(|(id, _)| *id == self.id);
        let mine: Vec<Option<Approval>> = mine.map(|(_, consent)| Some(consent.clone())).collect();
        let consents = if mine.is_empty() { own() } else { mine };
        most.into_iter()
            .flat_map(move |most| consents.clone().into_iter().map(move |consent| (most, consent)))
    }

    /// The consent without which what it decides does not begin.
    pub(crate) fn consent(&self) -> Option<&Approval> {
        self.approval.as_ref().filter(|_| !self.limits())
    }

    /// True if somebody it asks is known by what a question is about alone.
    pub(crate) fn asks_owners(&self) -> bool {
        let groups = self.approval.iter().flat_map(|approval| {
            approval.groups.iter().chain(approval.escalation.iter().flat_map(|later| &later.groups))
        });
        groups.chain(self.review.iter().flat_map(|review| &review.groups)).any(|one| one == OWNERS)
    }

    /// True if it limits what it permits, so that consent is asked for beyond the limit alone.
    pub(crate) fn limits(&self) -> bool {
        let limits = [self.change_limit, self.cost_limit, self.estimate_limit];
        limits.iter().any(Option::is_some)
    }

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
            approval: None,
            review: None,
            longest: None,
            row_limit: None,
            change_limit: None,
            cost_limit: None,
            estimate_limit: None,
            min_group: None,
            look_ups: None,
            durability: None,
            keep_text: false,
            shadow: false,
        };
        let (mut waits, mut seconds, mut later) = (None, None, None);
        for (key, value) in annotations {
            match key {
                "hold" => waits = Some(waiting(value)?),
                "expires" => seconds = Some(lifetime(key, value)?),
                "escalate" => later = Some(escalation(key, value)?),
                _ => rule.annotate(key, value)?,
            }
        }
        // What policy leaves to a hold by the ladder needs somebody too.
        let ladder = rule.ladder == Some(Ladder::Hold);
        if ladder || waits.is_some() {
            let id = rule.id.clone();
            rule.approval.get_or_insert_with(|| consent(vec![APPROVERS.to_owned()], 1, id));
        }
        let Some(approval) = &mut rule.approval else {
            let vain = [("expires", seconds.is_some()), ("escalate", later.is_some())];
            return match vain.into_iter().find(|(_, there)| *there) {
                Some((key, _)) => {
                    let help = format!("add @approval(\"GROUP\"), or take @{key} away");
                    Err((format!("@{key} without @approval says nothing"), Some(help)))
                }
                None => Ok(rule),
            };
        };
        approval.seconds = seconds.unwrap_or(approval.seconds);
        approval.waits = waits.unwrap_or(approval.waits);
        if later.as_ref().is_some_and(|later| later.seconds >= approval.seconds) {
            let help = "let it escalate sooner, or say @expires with a longer time".to_owned();
            return Err(("@escalate comes when its time is over".to_owned(), Some(help)));
        }
        approval.escalation = later;
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
            "approval" | "review" => {
                let persons = Some(approval(key, value, &self.id)?);
                match key {
                    "approval" => self.approval = persons,
                    _ => self.review = persons,
                }
            }
            "longest" => self.longest = Some(lifetime(key, value)?),
            "row_limit" | "change_limit" | "cost_limit" | "estimate_limit" | "min_group"
            | "look_ups" => {
                let number = Some(value.parse().map_err(|_| wrong("the whole numbers"))?);
                match key {
                    "row_limit" => self.row_limit = number,
                    "change_limit" => self.change_limit = number,
                    "cost_limit" => self.cost_limit = number,
                    "estimate_limit" => self.estimate_limit = number,
                    "min_group" => self.min_group = number,
                    _ => self.look_ups = number,
                }
            }
            "keep" if value == "text" => self.keep_text = true,
            "keep" => return Err(wrong("text")),
            "shadow" if value == "on" => self.shadow = true,
            "shadow" => return Err(wrong("on")),
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

/// Who reviews what a policy lets happen at once without saying who looks at it.
pub(crate) fn reviewers(policy: PolicyId) -> Approval {
    consent(vec![APPROVERS.to_owned()], 1, policy)
}

/// A mistake in an annotation, and what would be right.
type Wrong = (String, Option<String>);

fn consent(groups: Vec<String>, count: u32, policy: PolicyId) -> Approval {
    Approval { groups, count, seconds: LIFETIME, waits: true, policy, escalation: None }
}

/// `GROUP[|GROUP…][,COUNT]`.
fn approval(key: &str, value: &str, policy: &PolicyId) -> Result<Approval, Wrong> {
    let (names, count) = value.rsplit_once(',').unwrap_or((value, "1"));
    let groups: Vec<String> = names.split('|').map(|name| name.trim().to_owned()).collect();
    let count = count.trim().parse().ok().filter(|count| (1..=MOST_PERSONS).contains(count));
    match count {
        Some(count) if groups.iter().all(|group| may_be_asked(group)) => {
            Ok(consent(groups, count, policy.clone()))
        }
        Some(_) | None => {
            let help = format!(
                "write the groups whose members are asked, and how many of them: \
                 @{key}(\"dba\"), @{key}(\"dba|security,2\"), @{key}(\"@owners\")"
            );
            Err((format!("@{key}(\"{value}\") is not understood"), Some(help)))
        }
    }
}

/// A group, or `@owners`: persons are named where it is said who owns what.
fn may_be_asked(word: &str) -> bool {
    !word.is_empty() && (!word.starts_with('@') || word == OWNERS)
}

/// `TIME,GROUP[|GROUP…]`.
fn escalation(key: &str, value: &str) -> Result<Escalation, Wrong> {
    let (time, names) = value.split_once(',').unwrap_or((value, ""));
    let groups: Vec<String> = names.split('|').map(|name| name.trim().to_owned()).collect();
    if !groups.iter().all(|group| may_be_asked(group)) {
        let help = "write after how long which groups may decide too: @escalate(\"5m,security\")";
        return Err((format!("@{key}(\"{value}\") is not understood"), Some(help.to_owned())));
    }
    Ok(Escalation { seconds: lifetime(key, time.trim())?, groups, reached: false })
}

fn waiting(value: &str) -> Result<bool, Wrong> {
    match value {
        "wait" => Ok(true),
        "return" => Ok(false),
        _ => {
            let help = "\"wait\" lets the session wait; \"return\" refuses, and the same statement \
                        runs once after approval";
            Err((format!("@hold(\"{value}\") is not one of wait, return"), Some(help.to_owned())))
        }
    }
}

/// `90s`, `15m`, `8h`, `2d`.
fn lifetime(key: &str, value: &str) -> Result<u64, Wrong> {
    let unit = value.chars().last().and_then(|unit| match unit {
        's' => Some(1),
        'm' => Some(60),
        'h' => Some(3_600),
        'd' => Some(24 * 3_600),
        _ => None,
    });
    let number: Option<u64> = value.get(..value.len().saturating_sub(1)).unwrap_or("").parse().ok();
    let seconds = unit.zip(number).and_then(|(unit, number)| number.checked_mul(unit));
    seconds.filter(|seconds| (1..=LONGEST).contains(seconds)).ok_or_else(|| {
        let help = "write 90s, 15m, 8h or 2d; seven days at most".to_owned();
        (format!("@{key}(\"{value}\") is not a time"), Some(help))
    })
}
