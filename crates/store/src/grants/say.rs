//! Who says what to a grant: who consents, who takes it back, who reviews it. Who has a voice in
//! it, and when it is enough, is said in `voices`; a grant gives nobody one.

use super::{GrantState, KeptGrant, Review, get, life, settle};
use crate::{
    NoVoice, Signing, Store, StoreError, Voice,
    json::json,
    outbox::note_grant,
    passkeys,
    voices::{Hearing, Said},
};
use sqlx::SqliteConnection;

impl Store {
    /// A person consents to a grant, or denies it. The caller has made sure who it is. Returns how
    /// the grant stands then.
    pub async fn say_grant(
        &self,
        grant: &str,
        mut voice: Voice,
        signing: &Signing<'_>,
    ) -> Result<Result<GrantState, NoVoice>, StoreError> {
        let (mut transaction, now) = self.step(voice.at).await?;
        voice.at = now;
        life::due(&mut transaction, now).await?;
        let Some(mut grant) = get(&mut transaction, grant).await? else {
            return Ok(Err(NoVoice::Nothing));
        };
        voice.on_behalf = match may_speak(&mut transaction, &grant, &voice, signing).await? {
            Ok(on_behalf) => on_behalf,
            Err(why) => {
                // That its time is over stays written.
                transaction.commit().await?;
                return Ok(Err(why));
            }
        };
        keep(&mut transaction, &grant, "consent", &voice).await?;
        grant.voices.push(voice.clone());
        let state = if !voice.consents {
            GrantState::Denied
        } else if consents(&grant).is_enough(&mut transaction, now).await? {
            GrantState::Granted
        } else {
            GrantState::Open
        };
        let said = Said { signature: signing.by, ..voice.said() };
        if state == GrantState::Open {
            note_grant(&mut transaction, &grant, "consented", said, now).await?;
        } else {
            settle(&mut transaction, &grant, state, said, now).await?;
        }
        transaction.commit().await?;
        Ok(Ok(state))
    }

    /// Takes a grant back: whoever has it, or a person who is asked for consent or review. The
    /// caller has made sure who it is. Of the voice, what it says for or against does not matter.
    pub async fn revoke_grant(
        &self,
        grant: &str,
        mut voice: Voice,
    ) -> Result<Result<GrantState, NoVoice>, StoreError> {
        let now = voice.at;
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        life::due(&mut transaction, now).await?;
        let Some(grant) = get(&mut transaction, grant).await? else {
            return Ok(Err(NoVoice::Nothing));
        };
        let own = grant.asked.members.contains(&voice.person);
        let may = if !grant.state.is_live() {
            Err(NoVoice::Settled(grant.state.as_str()))
        } else if own {
            Ok(Vec::new())
        } else {
            let needs = [grant.asked.needs.as_slice(), &grant.asked.reviewers].concat();
            let asked = Hearing { members: &grant.asked.members, needs: &needs, voices: &[] };
            asked.admits(&mut transaction, &voice.person, false, now).await?
        };
        let done = match may {
            Ok(on_behalf) => {
                voice.on_behalf = on_behalf;
                settle(&mut transaction, &grant, GrantState::Revoked, voice.said(), now).await?;
                Ok(GrantState::Revoked)
            }
            Err(why) => Err(why),
        };
        transaction.commit().await?;
        Ok(done)
    }

    /// A person reviews a grant that has begun: it was as it should be, or not. One who says it was
    /// not closes the review; else it is closed when all who are asked have said so.
    pub async fn review_grant(
        &self,
        grant: &str,
        mut voice: Voice,
    ) -> Result<Result<Review, NoVoice>, StoreError> {
        let now = voice.at;
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        life::due(&mut transaction, now).await?;
        let Some(mut grant) = get(&mut transaction, grant).await? else {
            return Ok(Err(NoVoice::Nothing));
        };
        let may = match grant.review {
            Review::Open => {
                let review = reviews(&grant);
                review.admits(&mut transaction, &voice.person, voice.consents, now).await?
            }
            review => Err(NoVoice::NoReview(review.as_str())),
        };
        voice.on_behalf = match may {
            Ok(on_behalf) => on_behalf,
            Err(why) => {
                transaction.commit().await?;
                return Ok(Err(why));
            }
        };
        keep(&mut transaction, &grant, "review", &voice).await?;
        grant.reviews.push(voice.clone());
        let review = if !voice.consents {
            Review::NotFine
        } else if reviews(&grant).is_enough(&mut transaction, now).await? {
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
        note_grant(&mut transaction, &grant, &what, voice.said(), now).await?;
        transaction.commit().await?;
        Ok(Ok(review))
    }
}

/// Whose voice it is, where it is not their own, if they have one before it begins.
async fn may_speak(
    connection: &mut SqliteConnection,
    grant: &KeptGrant,
    voice: &Voice,
    signing: &Signing<'_>,
) -> Result<Result<Vec<String>, NoVoice>, StoreError> {
    if grant.state != GrantState::Open {
        return Ok(Err(NoVoice::Settled(grant.state.as_str())));
    }
    if let Err(why) = life::in_time(grant, voice.at) {
        return Ok(Err(NoVoice::OutOfTime(why)));
    }
    let consent = consents(grant);
    let admitted = consent.admits(connection, &voice.person, voice.consents, voice.at).await?;
    let Ok(lenders) = &admitted else { return Ok(admitted) };
    let withheld = passkeys::withheld(connection, voice, lenders, signing).await?;
    Ok(withheld.map_or(admitted, Err))
}

fn consents(grant: &KeptGrant) -> Hearing<'_> {
    let (asked, voices) = (&grant.asked, &grant.voices);
    Hearing { members: &asked.members, needs: &asked.needs, voices }
}

fn reviews(grant: &KeptGrant) -> Hearing<'_> {
    let (asked, voices) = (&grant.asked, &grant.reviews);
    Hearing { members: &asked.members, needs: &asked.reviewers, voices }
}

/// True if those who consented satisfy every need, or there is none.
pub(super) async fn is_enough(
    connection: &mut SqliteConnection,
    grant: &KeptGrant,
    now: std::time::SystemTime,
) -> Result<bool, StoreError> {
    if grant.asked.needs.is_empty() {
        return Ok(true);
    }
    consents(grant).is_enough(connection, now).await
}

async fn keep(
    connection: &mut SqliteConnection,
    grant: &KeptGrant,
    kind: &str,
    voice: &Voice,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO grant_voices (grant_id, kind, person, at, consents, reason, via, on_behalf)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&grant.asked.grant)
    .bind(kind)
    .bind(&voice.person)
    .bind(voice.micros())
    .bind(voice.consents)
    .bind(&voice.reason)
    .bind(&voice.via)
    .bind(json(&voice.on_behalf)?)
    .execute(&mut *connection)
    .await?;
    Ok(())
}

pub(super) async fn voices(
    connection: &mut SqliteConnection,
    grant: &str,
    kind: &str,
) -> Result<Vec<Voice>, StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM grant_voices WHERE grant_id = ? AND kind = ? ORDER BY at, person",
    )
    .bind(grant)
    .bind(kind)
    .fetch_all(&mut *connection)
    .await?;
    rows.iter().map(Voice::of).collect()
}
