//! Who may consent to what, and when that is enough. Knows persons and groups as they are now.

use super::{HoldState, KeptHold, Said, expire, get, in_time, note_hold, settle};
use crate::{
    Store, StoreError,
    open::{micros, time},
};
use model::{IdentityKind, verdict::Approval};
use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};
use std::{collections::HashMap, time::SystemTime};

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
}

/// Why somebody has no voice in a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoVoice {
    /// There is no such hold.
    NoHold,
    /// It is decided, used or over; how it stands.
    Settled(HoldState),
    /// Its time is over, or the clock cannot be trusted.
    OutOfTime(String),
    /// They asked for it, or somebody asked on their behalf.
    OwnRequest,
    /// They are no person, are disabled, or there is nobody of that name.
    NoPerson,
    /// They are in none of the groups that are asked.
    NotAsked(Vec<String>),
    /// They have said so already.
    SaidAlready,
}

impl Store {
    /// A person consents to a hold, or denies it. The caller has made sure who it is. Returns how
    /// the hold stands then.
    pub async fn voice(
        &self,
        hold: &str,
        voice: Voice,
    ) -> Result<Result<HoldState, NoVoice>, StoreError> {
        let now = voice.at;
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        expire(&mut transaction, now).await?;
        let Some(mut hold) = get(&mut transaction, hold).await? else {
            return Ok(Err(NoVoice::NoHold));
        };
        if let Err(why) = may_speak(&mut transaction, &hold, &voice).await? {
            // That its time is over stays written.
            transaction.commit().await?;
            return Ok(Err(why));
        }
        sqlx::query(
            "INSERT INTO hold_voices (hold, person, at, consents, reason, via)
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(&hold.asked.hold)
        .bind(&voice.person)
        .bind(micros(now))
        .bind(voice.consents)
        .bind(&voice.reason)
        .bind(&voice.via)
        .execute(&mut *transaction)
        .await?;
        hold.voices.push(voice.clone());
        let said = Said { by: &voice.person, reason: &voice.reason, via: &voice.via };
        let state = if !voice.consents {
            HoldState::Denied
        } else if enough(&mut transaction, &hold).await? {
            HoldState::Approved
        } else {
            HoldState::Open
        };
        if state == HoldState::Open {
            note_hold(&mut transaction, &hold.asked, "consented", said, now).await?;
        } else {
            settle(&mut transaction, &hold, state, said, now).await?;
        }
        transaction.commit().await?;
        Ok(Ok(state))
    }
}

async fn may_speak(
    transaction: &mut Transaction<'_, Sqlite>,
    hold: &KeptHold,
    voice: &Voice,
) -> Result<Result<(), NoVoice>, StoreError> {
    if hold.state != HoldState::Open {
        return Ok(Err(NoVoice::Settled(hold.state)));
    }
    if let Err(why) = in_time(hold, voice.at) {
        return Ok(Err(NoVoice::OutOfTime(why)));
    }
    if hold.asked.members.contains(&voice.person) {
        return Ok(Err(NoVoice::OwnRequest));
    }
    let Some(groups) = groups_of(transaction, &voice.person).await? else {
        return Ok(Err(NoVoice::NoPerson));
    };
    let asked = |approval: &Approval| approval.groups.iter().any(|group| groups.contains(group));
    if !hold.asked.needs.iter().any(asked) {
        let mut wanted: Vec<String> =
            hold.asked.needs.iter().flat_map(|approval| approval.groups.clone()).collect();
        wanted.sort();
        wanted.dedup();
        return Ok(Err(NoVoice::NotAsked(wanted)));
    }
    let spoke = hold.voices.iter().any(|known| known.person == voice.person);
    Ok(if spoke { Err(NoVoice::SaidAlready) } else { Ok(()) })
}

/// The groups of an enabled person; `None` for anybody else.
pub(crate) async fn groups_of(
    transaction: &mut Transaction<'_, Sqlite>,
    name: &str,
) -> Result<Option<Vec<String>>, StoreError> {
    let known: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM identities WHERE name = ? AND enabled = 1 AND kind = ?")
            .bind(name)
            .bind(IdentityKind::Person.as_str())
            .fetch_optional(&mut **transaction)
            .await?;
    if known.is_none() {
        return Ok(None);
    }
    let groups = sqlx::query_scalar("SELECT name FROM identity_groups WHERE identity = ?")
        .bind(name)
        .fetch_all(&mut **transaction)
        .await?;
    Ok(Some(groups))
}

/// True if those who consented satisfy every need, each person one place of one need: whoever is in
/// two groups does not count twice.
pub(super) async fn enough(
    transaction: &mut Transaction<'_, Sqlite>,
    hold: &KeptHold,
) -> Result<bool, StoreError> {
    let mut persons = Vec::new();
    for voice in hold.voices.iter().filter(|voice| voice.consents) {
        if hold.asked.members.contains(&voice.person) {
            continue;
        }
        persons.extend(groups_of(transaction, &voice.person).await?);
    }
    Ok(satisfied(&hold.asked.needs, &persons))
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
            .is_some_and(|(need, groups)| need.groups.iter().any(|group| groups.contains(group)))
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
        let fresh = seen.get_mut(person).is_some_and(|seen| !std::mem::replace(seen, true));
        if !fresh || !fits(place, person) {
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

impl Voice {
    /// From its row, in whichever table of voices.
    pub(crate) fn of(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            person: row.try_get("person")?,
            at: time(row.try_get("at")?),
            consents: row.try_get("consents")?,
            reason: row.try_get("reason")?,
            via: row.try_get("via")?,
        })
    }
}

pub(super) async fn voices(
    transaction: &mut Transaction<'_, Sqlite>,
    hold: &str,
) -> Result<Vec<Voice>, StoreError> {
    let rows = sqlx::query(
        "SELECT person, at, consents, reason, via FROM hold_voices WHERE hold = ?
         ORDER BY at, person",
    )
    .bind(hold)
    .fetch_all(&mut **transaction)
    .await?;
    rows.iter().map(Voice::of).collect()
}
