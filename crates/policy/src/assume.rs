//! May an identity have the rights of a group for a while, and on which terms? Knows the group and
//! the database; nothing of how a grant is kept, consented to or ended.

use crate::{
    Context, MAX_CHAIN, PolicySet,
    ask::Asker,
    entity::Object,
    rule::{Rule, reviewers},
    situation::{Circumstances, Situation},
    wording::{self, Refusal, Wish},
};
use model::{DatabaseName, Identity, IdentityKind, PolicyId, Verdict, verdict::Approval};

/// The actions whose permits must name them: a permit for whatever somebody does is none to become
/// somebody else.
pub(crate) const ACTIONS: [&str; 2] = ["assume", "break_glass"];

/// How long a grant lasts at most if no policy says so: seconds.
const LONGEST: u64 = 3_600;

/// The rights of a group on one database, asked for.
#[derive(Clone, Copy, Debug)]
pub struct Assumption<'a> {
    /// Who wants them.
    pub identity: &'a Identity,
    /// Which group's.
    pub group: &'a str,
    /// On which database, by Weir's name for it.
    pub database: &'a DatabaseName,
    /// The database's configured environment.
    pub environment: &'a str,
    /// It cannot wait: break-glass.
    pub emergency: bool,
    /// Under which circumstances.
    pub context: &'a Context<'a>,
}

/// On which terms they may be had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Whose consent it needs before.
    pub needs: Vec<Approval>,
    /// Who must review it afterwards.
    pub reviewers: Vec<Approval>,
    /// For how long at most: seconds.
    pub longest_seconds: u64,
    /// The policies that say so, by id.
    pub policies: Vec<PolicyId>,
}

impl Terms {
    /// Both terms together, the stricter of each.
    pub fn and(mut self, other: Self) -> Self {
        self.longest_seconds = self.longest_seconds.min(other.longest_seconds);
        add(&mut self.needs, other.needs);
        add(&mut self.reviewers, other.reviewers);
        add(&mut self.policies, other.policies);
        self
    }
}

fn add<T: PartialEq>(all: &mut Vec<T>, more: Vec<T>) {
    for one in more {
        if !all.contains(&one) {
            all.push(one);
        }
    }
}

impl PolicySet {
    /// Whether an identity may have the rights of a group on a database for a while; the error is
    /// the refusal. Every member of the chain must be permitted: an agent gets nothing that whoever
    /// it acts for could not have.
    pub fn may_assume(&self, wanted: &Assumption<'_>) -> Result<Terms, Verdict> {
        let mut member = wanted.identity;
        let mut terms: Option<Terms> = None;
        for _ in 0..MAX_CHAIN {
            let own = self.member_may(wanted, member)?;
            terms = Some(match terms {
                Some(terms) => terms.and(own),
                None => own,
            });
            match (&member.acts_for, terms.take()) {
                (Some(principal), found) => (member, terms) = (principal, found),
                (None, _) if member.kind == IdentityKind::Agent => {
                    return Err(wording::refuse_orphan(member));
                }
                (None, Some(terms)) => return Ok(terms),
                (None, None) => break,
            }
        }
        Err(wording::refuse(format!("more than {MAX_CHAIN} identities act for one another")))
    }

    fn member_may(&self, wanted: &Assumption<'_>, member: &Identity) -> Result<Terms, Verdict> {
        let acts_for = member.acts_for.as_deref();
        let database = wanted.database.as_str();
        let situation = Situation {
            complete: true,
            acts_for: acts_for.map(|principal| principal.name.as_str()),
            database: Some(database),
            ..Situation::default()
        };
        let circumstances = Circumstances::new(wanted.context, wanted.environment, situation);
        let asker = Asker::new(&self.book, member, database, circumstances);
        let action = if wanted.emergency { ACTIONS[1] } else { ACTIONS[0] };
        let object = Object::Group { name: wanted.group };
        let answer = asker.ask(action, object, false);
        if answer.allowed {
            return Ok(terms(&answer.rules, wanted.emergency));
        }
        let how = if wanted.emergency { " by break-glass" } else { "" };
        let subject = format!("group {} on database {database}{how}", wanted.group);
        let wish = Wish { identity: member, database, action, object };
        let refusal = Refusal::new(&subject, &answer, wish, None);
        let sentence = wording::for_principal(refusal.sentence, wanted.identity, member);
        let mut verdict = wording::refuse(sentence);
        (verdict.policies, verdict.advice) = (refusal.policies, refusal.advice);
        Err(verdict)
    }
}

/// What the policies that decided demand, all together. What breaks the glass is always reviewed.
fn terms(rules: &[&Rule], emergency: bool) -> Terms {
    let mut terms = Terms {
        // A limit is about statements: here consent is asked for in any case.
        needs: rules.iter().filter_map(|rule| rule.approval.clone()).collect(),
        reviewers: rules.iter().filter_map(|rule| rule.review.clone()).collect(),
        longest_seconds: rules.iter().filter_map(|rule| rule.longest).min().unwrap_or(LONGEST),
        policies: rules.iter().map(|rule| rule.id.clone()).collect(),
    };
    if emergency && terms.reviewers.is_empty() {
        terms.reviewers.extend(rules.first().map(|rule| reviewers(rule.id.clone())));
    }
    terms
}
