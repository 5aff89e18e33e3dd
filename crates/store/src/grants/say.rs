//! Who has a say in a grant: who consents, who takes it back, who reviews it. Knows persons and
//! groups as they are now, and that a grant gives nobody a voice: only lasting membership counts.

use super::{GrantState, KeptGrant, Review, events::note, get, life, settle};
use crate::{
    Store, StoreError, Voice,
    holds::{groups_of, satisfied},
    open::micros,
};
use model::verdict::Approval;
use sqlx::{Sqlite, Transaction};
use std::time::SystemTime;

/// Why somebody has no say in a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoSay {
    /// There is no such grant.
    NoGrant,
    /// It is decided or over; how it stands.
    Settled(GrantState),
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
    /// There is nothing to review, or it was reviewed.
    NoReview(Review),
}

impl Store {
    /// A person consents to a grant, or denies it. The caller has made sure who it is. Returns how
    /// the grant stands then.
    pub async fn say_grant(
        &self,
        grant: &str,
        voice: Voice,
    ) -> Result<Result<GrantState, NoSay>, StoreError> {
        let now = voice.at;
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        life::expire(&mut transaction, now).await?;
        let Some(mut grant) = get(&mut transaction, grant).await? else {
            return Ok(Err(NoSay::NoGrant));
        };
        let said = match grant.state {
            GrantState::Open => match life::in_time(&grant, now) {
                Ok(()) => {
                    let (needs, spoke) = (&grant.asked.needs, &grant.voices);
                    may_speak(&mut transaction, &grant, needs, spoke, &voice.person).await?
                }
                Err(why) => Err(NoSay::OutOfTime(why)),
            },
            state => Err(NoSay::Settled(state)),
        };
        if let Err(why) = said {
            // That its time is over stays written.
            transaction.commit().await?;
            return Ok(Err(why));
        }
        keep(&mut transaction, &grant, "consent", &voice).await?;
        grant.voices.push(voice.clone());
        let said = (voice.person.as_str(), voice.reason.as_str());
        let state = if !voice.consents {
            GrantState::Denied
        } else if enough(&mut transaction, &grant).await? {
            GrantState::Granted
        } else {
            GrantState::Open
        };
        if state == GrantState::Open {
            note(&mut transaction, &grant.asked.grant, "consented", said, now).await?;
        } else {
            settle(&mut transaction, &grant, state, said, now).await?;
        }
        transaction.commit().await?;
        Ok(Ok(state))
    }

    /// Takes a grant back: whoever has it, or a person who is asked for consent or review. The
    /// caller has made sure who it is.
    pub async fn revoke_grant(
        &self,
        grant: &str,
        by: &str,
        reason: &str,
        now: SystemTime,
    ) -> Result<Result<GrantState, NoSay>, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        life::expire(&mut transaction, now).await?;
        let Some(grant) = get(&mut transaction, grant).await? else {
            return Ok(Err(NoSay::NoGrant));
        };
        let own = grant.asked.members.iter().any(|member| member == by);
        let may = if !grant.state.is_live() {
            Err(NoSay::Settled(grant.state))
        } else if own {
            Ok(())
        } else {
            let asked = [grant.asked.needs.as_slice(), &grant.asked.reviewers].concat();
            may_speak(&mut transaction, &grant, &asked, &[], by).await?
        };
        if may.is_ok() {
            settle(&mut transaction, &grant, GrantState::Revoked, (by, reason), now).await?;
        }
        transaction.commit().await?;
        Ok(may.map(|()| GrantState::Revoked))
    }

    /// A person reviews a grant that has begun: it was as it should be, or not. One who says it was
    /// not closes the review; else it is closed when all who are asked have said so.
    pub async fn review_grant(
        &self,
        grant: &str,
        voice: Voice,
    ) -> Result<Result<Review, NoSay>, StoreError> {
        let now = voice.at;
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        life::expire(&mut transaction, now).await?;
        let Some(mut grant) = get(&mut transaction, grant).await? else {
            return Ok(Err(NoSay::NoGrant));
        };
        let may = match grant.review {
            Review::Open => {
                let (asked, spoke) = (&grant.asked.reviewers, &grant.reviews);
                may_speak(&mut transaction, &grant, asked, spoke, &voice.person).await?
            }
            review => Err(NoSay::NoReview(review)),
        };
        if let Err(why) = may {
            transaction.commit().await?;
            return Ok(Err(why));
        }
        keep(&mut transaction, &grant, "review", &voice).await?;
        grant.reviews.push(voice.clone());
        let review = if !voice.consents {
            Review::NotFine
        } else if satisfy(&mut transaction, &grant, &grant.asked.reviewers, &grant.reviews).await? {
            Review::Fine
        } else {
            Review::Open
        };
        sqlx::query("UPDATE grants SET review = ? WHERE grant_id = ?")
            .bind(review.as_str())
            .bind(&grant.asked.grant)
            .execute(&mut *transaction)
            .await?;
        let what = match review {
            Review::None | Review::Open => "reviewed".to_owned(),
            Review::Fine | Review::NotFine => format!("review: {}", review.as_str()),
        };
        let said = (voice.person.as_str(), voice.reason.as_str());
        note(&mut transaction, &grant.asked.grant, &what, said, now).await?;
        transaction.commit().await?;
        Ok(Ok(review))
    }
}

async fn may_speak(
    transaction: &mut Transaction<'_, Sqlite>,
    grant: &KeptGrant,
    asked: &[Approval],
    spoke: &[Voice],
    person: &str,
) -> Result<Result<(), NoSay>, StoreError> {
    if grant.asked.members.iter().any(|member| member == person) {
        return Ok(Err(NoSay::OwnRequest));
    }
    let Some(groups) = groups_of(transaction, person).await? else {
        return Ok(Err(NoSay::NoPerson));
    };
    let among = |need: &Approval| need.groups.iter().any(|group| groups.contains(group));
    if !asked.iter().any(among) {
        let mut wanted: Vec<String> = asked.iter().flat_map(|need| need.groups.clone()).collect();
        wanted.sort();
        wanted.dedup();
        return Ok(Err(NoSay::NotAsked(wanted)));
    }
    let twice = spoke.iter().any(|known| known.person == person);
    Ok(if twice { Err(NoSay::SaidAlready) } else { Ok(()) })
}

/// True if those who consented satisfy every need, or there is none.
pub(super) async fn enough(
    transaction: &mut Transaction<'_, Sqlite>,
    grant: &KeptGrant,
) -> Result<bool, StoreError> {
    if grant.asked.needs.is_empty() {
        return Ok(true);
    }
    satisfy(transaction, grant, &grant.asked.needs, &grant.voices).await
}

/// True if these voices fill every place, each person one.
async fn satisfy(
    transaction: &mut Transaction<'_, Sqlite>,
    grant: &KeptGrant,
    needs: &[Approval],
    voices: &[Voice],
) -> Result<bool, StoreError> {
    let mut persons = Vec::new();
    for voice in voices.iter().filter(|voice| voice.consents) {
        if !grant.asked.members.contains(&voice.person) {
            persons.extend(groups_of(transaction, &voice.person).await?);
        }
    }
    Ok(satisfied(needs, &persons))
}

async fn keep(
    transaction: &mut Transaction<'_, Sqlite>,
    grant: &KeptGrant,
    kind: &str,
    voice: &Voice,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO grant_voices (grant_id, kind, person, at, consents, reason, via)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&grant.asked.grant)
    .bind(kind)
    .bind(&voice.person)
    .bind(micros(voice.at))
    .bind(voice.consents)
    .bind(&voice.reason)
    .bind(&voice.via)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

pub(super) async fn voices(
    transaction: &mut Transaction<'_, Sqlite>,
    grant: &str,
    kind: &str,
) -> Result<Vec<Voice>, StoreError> {
    let rows = sqlx::query(
        "SELECT person, at, consents, reason, via FROM grant_voices WHERE grant_id = ? AND kind = ?
         ORDER BY at, person",
    )
    .bind(grant)
    .bind(kind)
    .fetch_all(&mut **transaction)
    .await?;
    rows.iter().map(Voice::of).collect()
}
