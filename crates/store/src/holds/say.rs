//! What persons say to a hold. Who has a voice in it, and when it is enough, is said in `voices`.

use super::{HoldState, KeptHold, due, get, hearing, in_time, settle};
use crate::{
    NoVoice, Signing, Store, StoreError, Voice,
    json::json,
    outbox::note_hold,
    passkeys,
    voices::{Hearing, Said},
};
use sqlx::SqliteConnection;

impl Store {
    /// A person consents to a hold, or denies it. The caller has made sure who it is. Returns how
    /// the hold stands then.
    pub async fn voice(
        &self,
        hold: &str,
        mut voice: Voice,
        signing: &Signing<'_>,
    ) -> Result<Result<HoldState, NoVoice>, StoreError> {
        let (mut transaction, now) = self.step(voice.at).await?;
        voice.at = now;
        due(&mut transaction, now).await?;
        let Some(mut hold) = get(&mut transaction, hold).await? else {
            return Ok(Err(NoVoice::Nothing));
        };
        voice.on_behalf = match may_speak(&mut transaction, &hold, &voice, signing).await? {
            Ok(on_behalf) => on_behalf,
            Err(why) => {
                // That its time is over stays written.
                transaction.commit().await?;
                return Ok(Err(why));
            }
        };
        // Whoever consented and says no is one voice against it.
        hold.voices.retain(|said| said.person != voice.person);
        sqlx::query(
            "INSERT OR REPLACE INTO hold_voices (hold, person, at, consents, reason, via,
             on_behalf, passkey)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&hold.asked.hold)
        .bind(&voice.person)
        .bind(voice.micros())
        .bind(voice.consents)
        .bind(&voice.reason)
        .bind(&voice.via)
        .bind(json(&voice.on_behalf)?)
        .bind(signing.by.map_or("", |by| by.name.as_str()))
        .execute(&mut *transaction)
        .await?;
        hold.voices.push(voice.clone());
        let state = if !voice.consents {
            HoldState::Denied
        } else if hearing(&hold).is_enough(&mut transaction, now).await? {
            HoldState::Approved
        } else {
            HoldState::Open
        };
        let said = Said { signature: signing.by, ..voice.said() };
        if state == HoldState::Open {
            note_hold(&mut transaction, &hold.asked, "consented", said, now).await?;
        } else {
            settle(&mut transaction, &hold, state, said, now).await?;
        }
        transaction.commit().await?;
        Ok(Ok(state))
    }

    /// One of those who asked, or on whose behalf it was asked, takes a request back, or an
    /// approval that was not used. The caller has made sure who it is.
    pub async fn take_back(
        &self,
        hold: &str,
        voice: &Voice,
    ) -> Result<Result<HoldState, NoVoice>, StoreError> {
        let (mut transaction, now) = self.step(voice.at).await?;
        due(&mut transaction, now).await?;
        let Some(hold) = get(&mut transaction, hold).await? else {
            return Ok(Err(NoVoice::Nothing));
        };
        let taken = if !hold.asked.members.contains(&voice.person) {
            Err(NoVoice::OthersRequest)
        } else if !HoldState::WAITING.contains(&hold.state) {
            Err(NoVoice::Settled(hold.state.as_str()))
        } else {
            settle(&mut transaction, &hold, HoldState::Withdrawn, voice.said(), now).await?;
            Ok(HoldState::Withdrawn)
        };
        transaction.commit().await?;
        Ok(taken)
    }
}

/// Whose voice it is, where it is not their own, if they have one.
async fn may_speak(
    connection: &mut SqliteConnection,
    hold: &KeptHold,
    voice: &Voice,
    signing: &Signing<'_>,
) -> Result<Result<Vec<String>, NoVoice>, StoreError> {
    // What was approved and not used yet can be stopped still.
    let stops = hold.state == HoldState::Approved && !voice.consents;
    if hold.state != HoldState::Open && !stops {
        return Ok(Err(NoVoice::Settled(hold.state.as_str())));
    }
    if let Err(why) = in_time(hold, voice.at) {
        return Ok(Err(NoVoice::OutOfTime(why)));
    }
    let person = &voice.person;
    // Whoever consented may think better of it.
    let before: Vec<Voice> = { hold.voices.iter() }
        .filter(|said| voice.consents || said.person != *person || !said.consents)
        .cloned()
        .collect();
    let before = Hearing { voices: &before, ..hearing(hold) };
    let admitted = before.admits(connection, person, voice.consents, voice.at).await?;
    let Ok(lenders) = &admitted else { return Ok(admitted) };
    let withheld = passkeys::withheld(connection, voice, lenders, signing).await?;
    Ok(withheld.map_or(admitted, Err))
}

pub(super) async fn voices(
    connection: &mut SqliteConnection,
    hold: &str,
) -> Result<Vec<Voice>, StoreError> {
    let rows = sqlx::query("SELECT * FROM hold_voices WHERE hold = ? ORDER BY at, person")
        .bind(hold)
        .fetch_all(&mut *connection)
        .await?;
    rows.iter().map(Voice::of).collect()
}
