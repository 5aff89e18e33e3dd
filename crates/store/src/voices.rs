//! Who has a voice in what is asked for, whose it is, and when there are enough. The same for
//! holds, for grants and for their reviews. Knows persons, groups and delegations as they are now.
//!
//! A person is one voice, whatever groups they are in. Whoever handed their voice on and whoever
//! has it are one person as long as that lasts: they fill one place together, and neither decides
//! about what the other asked for.

use crate::{
    Signature, StoreError,
    delegations::{Delegation, in_force, ties},
    open::{micros, time},
};
use model::{IdentityKind, verdict::Approval};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, SystemTime},
};

/// What one person said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voice {
    /// Who.
    pub person: String,
    /// When.
    pub at: SystemTime,
    /// For it; else against it.
    pub consents: bool,
    /// Why, in their words.
    pub reason: String,
    /// By which way they said it: `command line`, `api`, a channel's name.
    pub via: String,
    /// Whose voice it was, where it was not their own. The store fills it in.
    pub on_behalf: Vec<String>,
}

/// Why somebody has no voice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoVoice {
    /// There is nothing of that name.
    Nothing,
    /// It is decided or over; how it stands.
    Settled(&'static str),
    /// Its time is over, or the clock cannot be trusted.
    OutOfTime(String),
    /// They asked for it, or somebody asked on their behalf.
    OwnRequest,
    /// They did not ask for it, so it is not theirs to take back.
    OthersRequest,
    /// They have the voice of this one, who asked for it, or this one has theirs.
    OneWith(String),
    /// They are no person, are disabled, or there is nobody of that name.
    NoPerson,
    /// They are in none of the groups that are asked.
    NotAsked(Vec<String>),
    /// They have said so already, or whoever they are one with has.
    SaidAlready,
    /// They have a key, or everybody needs one, and their consent is not signed by it; true if what
    /// signed it is no key of theirs any more, or a copy of one.
    Unsigned(bool),
    /// They say what they found without saying why.
    NoReason,
    /// There is nothing to review, or it was reviewed: the word for it, empty if there is nothing.
    NoReview(&'static str),
}

/// What is asked, and what was said to it.
pub(crate) struct Hearing<'a> {
    /// Who asks: none of them has a voice.
    pub(crate) members: &'a [String],
    /// Who is asked.
    pub(crate) needs: &'a [Approval],
    /// What was said.
    pub(crate) voices: &'a [Voice],
}

impl Hearing<'_> {
    /// Whether somebody has a voice in it; whose it is, where it is not their own.
    pub(crate) async fn admits(
        &self,
        connection: &mut SqliteConnection,
        person: &str,
        consents: bool,
        now: SystemTime,
    ) -> Result<Result<Vec<String>, NoVoice>, StoreError> {
        if self.members.iter().any(|member| member == person) {
            return Ok(Err(NoVoice::OwnRequest));
        }
        let delegations = in_force(connection, now).await?;
        let tied = ties(connection, now).await?;
        let one = one_with(person, &tied);
        // Nobody is silenced by a voice that was handed to them: against it they may speak.
        let member = self.members.iter().find(|member| one.contains(member.as_str()));
        if let Some(member) = member.filter(|_| consents) {
            return Ok(Err(NoVoice::OneWith(member.clone())));
        }
        let Some(mut own) = groups_of(connection, person).await? else {
            return Ok(Err(NoVoice::NoPerson));
        };
        own.push(model::verdict::person(person));
        let asked = |group: &String| self.needs.iter().any(|need| need.asks().any(|g| g == group));
        let mut on_behalf = Vec::new();
        // The voice of whoever asked is none in it.
        let others =
            |one: &&Delegation| one.delegate == person && !self.members.contains(&one.delegator);
        for delegation in delegations.iter().filter(others) {
            let lent = lent(connection, delegation).await?;
            if lent.iter().any(|group| asked(group) && !own.contains(group)) {
                on_behalf.push(delegation.delegator.clone());
            }
        }
        if on_behalf.is_empty() && !own.iter().any(asked) {
            let wanted: BTreeSet<&String> = self.needs.iter().flat_map(Approval::asks).collect();
            return Ok(Err(NoVoice::NotAsked(wanted.into_iter().cloned().collect())));
        }
        // Whoever hears of a reason against it says so, whatever the other has said. What was said
        // with a voice that is back by now counts no more, so it keeps nobody from saying it.
        let spoke = |voice: &Voice| {
            voice.person == person || (consents && one.contains(voice.person.as_str()))
        };
        let twice = self.voices.iter().any(spoke);
        Ok(if twice { Err(NoVoice::SaidAlready) } else { Ok(on_behalf) })
    }

    /// True if those who consented satisfy every need now, each person one place of one need:
    /// enabled, in the groups that are asked, and with the voices that they were lent.
    pub(crate) async fn is_enough(
        &self,
        connection: &mut SqliteConnection,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let delegations = in_force(connection, now).await?;
        let tied = ties(connection, now).await?;
        // Each person with everybody they are one with, and the groups that all of them have.
        let mut persons: Vec<(BTreeSet<String>, Vec<String>)> = Vec::new();
        for voice in self.voices.iter().filter(|voice| voice.consents) {
            let mut one = BTreeSet::new();
            for name in std::iter::once(&voice.person).chain(&voice.on_behalf) {
                one.extend(one_with(name, &tied).into_iter().map(str::to_owned));
            }
            if self.members.iter().any(|member| one.contains(member)) {
                continue;
            }
            let Some(mut groups) = groups_of(connection, &voice.person).await? else { continue };
            groups.push(model::verdict::person(&voice.person));
            let lends = |one: &&Delegation| {
                one.delegate == voice.person && voice.on_behalf.contains(&one.delegator)
            };
            for delegation in delegations.iter().filter(lends) {
                groups.extend(lent(connection, delegation).await?);
            }
            let (same, others): (Vec<_>, Vec<_>) =
                persons.into_iter().partition(|(names, _)| !names.is_disjoint(&one));
            persons = others;
            for (names, more) in same {
                one.extend(names);
                groups.extend(more);
            }
            persons.push((one, groups));
        }
        let groups: Vec<Vec<String>> = persons.into_iter().map(|(_, groups)| groups).collect();
        Ok(satisfied(self.needs, &groups))
    }
}

/// Everybody who is one person with somebody, themselves too.
pub(crate) fn one_with<'a>(person: &'a str, delegations: &'a [Delegation]) -> BTreeSet<&'a str> {
    let mut one = BTreeSet::from([person]);
    loop {
        let before = one.len();
        for Delegation { delegator, delegate, .. } in delegations {
            if one.contains(delegator.as_str()) || one.contains(delegate.as_str()) {
                one.extend([delegator.as_str(), delegate.as_str()]);
            }
        }
        if one.len() == before {
            return one;
        }
    }
}

/// The groups in which a delegate speaks for a delegator now: those that were handed on, as far as
/// the delegator is in them.
async fn lent(
    connection: &mut SqliteConnection,
    delegation: &Delegation,
) -> Result<Vec<String>, StoreError> {
    let mut groups = groups_of(connection, &delegation.delegator).await?.unwrap_or_default();
    groups.retain(|group| delegation.groups.contains(group));
    Ok(groups)
}

/// The groups in which somebody has others' voices now.
pub(crate) async fn lent_to(
    connection: &mut SqliteConnection,
    person: &str,
    now: SystemTime,
) -> Result<Vec<String>, StoreError> {
    let mut groups = BTreeSet::new();
    for delegation in in_force(connection, now).await?.iter().filter(|one| one.delegate == person) {
        groups.extend(lent(connection, delegation).await?);
    }
    Ok(groups.into_iter().collect())
}

/// The lasting groups of an enabled person; `None` for anybody else.
pub(crate) async fn groups_of(
    connection: &mut SqliteConnection,
    name: &str,
) -> Result<Option<Vec<String>>, StoreError> {
    let known: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM identities WHERE name = ? AND enabled = 1 AND kind = ?")
            .bind(name)
            .bind(IdentityKind::Person.as_str())
            .fetch_optional(&mut *connection)
            .await?;
    if known.is_none() {
        return Ok(None);
    }
    let groups = sqlx::query_scalar("SELECT name FROM identity_groups WHERE identity = ?")
        .bind(name)
        .fetch_all(&mut *connection)
        .await?;
    Ok(Some(groups))
}

/// Finds each place of each need a person of its own, by augmenting paths.
pub(crate) fn satisfied(needs: &[Approval], persons: &[Vec<String>]) -> bool {
    let places: Vec<&Approval> = needs
        .iter()
        .flat_map(|need| std::iter::repeat_n(need, usize::try_from(need.count).unwrap_or(1)))
        .collect();
    if places.is_empty() || places.len() > persons.len() {
        return false;
    }
    let fits = |place: usize, person: usize| {
        let groups = persons.get(person);
        let need = places.get(place);
        need.zip(groups)
            .is_some_and(|(need, groups)| need.asks().any(|group| groups.contains(group)))
    };
    let mut taken: HashMap<usize, usize> = HashMap::new();
    (0..places.len()).all(|place| {
        let mut seen = vec![false; persons.len()];
        seat(place, persons.len(), &fits, &mut taken, &mut seen)
    })
}

fn seat(
    place: usize,
    persons: usize,
    fits: &impl Fn(usize, usize) -> bool,
    taken: &mut HashMap<usize, usize>,
    seen: &mut [bool],
) -> bool {
    for person in 0..persons {
        // Whoever does not fit here was not tried: they may fit where this place is asked for.
        if !fits(place, person) {
            continue;
        }
        let fresh = seen.get_mut(person).is_some_and(|seen| !std::mem::replace(seen, true));
        if !fresh {
            continue;
        }
        let before = taken.get(&person).copied();
        if before.is_none_or(|other| seat(other, persons, fits, taken, seen)) {
            taken.insert(person, place);
            return true;
        }
    }
    false
}

/// When the next needs ask further groups, if any will.
pub(crate) fn next_escalation(needs: &[Approval], asked: SystemTime) -> Option<SystemTime> {
    let later = needs.iter().filter_map(|need| need.escalation.as_ref());
    let later = later.filter(|later| !later.reached).map(|later| later.seconds).min();
    later.map(|seconds| asked + Duration::from_secs(seconds))
}

/// Lets those needs ask further groups whose time has come; says which, in words.
pub(crate) fn escalate(needs: &mut [Approval], asked: SystemTime, now: SystemTime) -> Vec<String> {
    let mut words = Vec::new();
    for need in needs {
        let Some(later) = &mut need.escalation else { continue };
        if !later.reached && asked + Duration::from_secs(later.seconds) <= now {
            later.reached = true;
            words.push(format!("nobody decided in time: it needs {need} now"));
        }
    }
    words
}

impl Voice {
    /// Who it was, and whose voice, in words: `dave`, `dave for carol`.
    pub fn who(&self) -> String {
        match self.on_behalf.is_empty() {
            true => self.person.clone(),
            false => format!("{} for {}", self.person, self.on_behalf.join(" and ")),
        }
    }

    /// From its row, in whichever table of voices.
    pub(crate) fn of(row: &SqliteRow) -> Result<Self, StoreError> {
        let on_behalf: String = row.try_get("on_behalf")?;
        Ok(Self {
            person: row.try_get("person")?,
            at: time(row.try_get("at")?),
            consents: row.try_get("consents")?,
            reason: row.try_get("reason")?,
            via: row.try_get("via")?,
            on_behalf: crate::json::read(&on_behalf)?,
        })
    }

    /// What was said, for the event that tells of it.
    pub(crate) fn said(&self) -> Said<'_> {
        let Self { person: by, reason, via, on_behalf, .. } = self;
        Said { by, reason, via, on_behalf, signature: None }
    }

    pub(crate) fn micros(&self) -> i64 {
        micros(self.at)
    }
}

/// Who did a step, why, by which way, and with whose voice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said<'a> {
    pub(crate) by: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) via: &'a str,
    pub(crate) on_behalf: &'a [String],
    pub(crate) signature: Option<&'a Signature>,
}

impl<'a> Said<'a> {
    /// A step that nobody's word is asked for.
    pub(crate) fn by(by: &'a str, reason: &'a str) -> Self {
        Self { by, reason, via: "", on_behalf: &[], signature: None }
    }
}

#[cfg(test)]
mod tests;
