//! Channels: where people hear of statements that wait for approval, of grants and of alarms.
//! Follows what happened to them and carries it out, one task for each channel. Decides nothing,
//! and no statement waits for it.
//!
//! ```text
//! store (outbox) ─▶ follow ─▶ slack, teams, email, webhook
//!      ▲                          │ taken
//!      └──────── cursor ◀─────────┘
//! ```
//!
//! A channel that is down is tried again with growing pauses; a message that the other side wants
//! never is given up, so that the next is told. What people are told is what stands
//! now: a request that is over before they could be told of it is not told of any more. A webhook
//! gets every step.

mod about;
mod email;
mod message;
mod slack;
mod teams;
mod webhook;

pub(crate) use slack::Slack;

use about::{About, Step};

use crate::{serve::Shared, visible::visible};
use anyhow::Context;
use config::{ChannelTo, SecretSource, Shows};
use export::{Key, Post};
use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use store::{Event, Store, Undelivered};
use tokio::sync::watch;

/// Events read at once.
const BATCH: u32 = 100;
/// How long one delivery may take.
const DELIVERY: Duration = Duration::from_secs(30);
/// The pause after the first failure; each further one doubles it.
const PAUSE_FIRST: Duration = Duration::from_millis(200);
/// The longest pause.
const PAUSE_LONGEST: Duration = Duration::from_secs(30);
/// The longest answer that is kept: characters.
const WHY: usize = 300;
/// How often a channel that fails is complained about.
const COMPLAINT: Duration = Duration::from_secs(60);

/// One channel.
pub(crate) struct Channel {
    pub(crate) name: String,
    /// Only requests that ask one of these groups; all if there are none.
    groups: Vec<String>,
    shows: Shows,
    /// Where the API is, for links.
    api: Option<String>,
    pub(crate) way: Way,
}

/// Why a message did not arrive.
pub(crate) enum NotTold {
    /// It never will: the other side wants no such message. What it said.
    Refused(String),
    /// It may, when it is tried again.
    Failed(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for NotTold {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl NotTold {
    /// By the status that a server answered with. Those are for good that speak of the message; a
    /// server that asks for another sign-in, or that is not there, may think better of it.
    fn by_status(who: &str, status: u16) -> Self {
        let why = format!("{who} answers {status}");
        match status {
            400 | 411 | 413 | 414 | 415 | 422 | 431 => Self::Refused(why),
            _ => Self::Failed(anyhow::anyhow!(why)),
        }
    }
}

/// The ways out.
pub(crate) enum Way {
    Slack(Box<Slack>),
    Teams(Post),
    Email(Box<email::Email>),
    Webhook(Box<webhook::Webhook>),
}

/// Every channel of the configuration. A secret that cannot be read keeps Weir from starting:
/// somebody would wait for words that never come.
pub(crate) fn read(config: &config::Config) -> anyhow::Result<Vec<Arc<Channel>>> {
    let api = config.api.url.clone();
    let channel = |one: &config::Channel| {
        let way = way(&one.to).with_context(|| format!("channel \"{}\"", one.name))?;
        let (name, groups, shows) = (one.name.clone(), one.groups.clone(), one.shows);
        Ok(Arc::new(Channel { name, groups, shows, api: api.clone(), way }))
    };
    config.channels.iter().map(channel).collect()
}

fn way(to: &ChannelTo) -> anyhow::Result<Way> {
    Ok(match to {
        ChannelTo::Slack(slack) => Way::Slack(Box::new(Slack::new(slack)?)),
        ChannelTo::Teams { url, ca } => {
            Way::Teams(Post::new(secret(url)?.expose(), ca.as_deref())?)
        }
        ChannelTo::Email(email) => Way::Email(Box::new(email::Email::new(email)?)),
        ChannelTo::Webhook(webhook) => Way::Webhook(Box::new(webhook::Webhook::new(webhook)?)),
    })
}

fn secret(source: &SecretSource) -> anyhow::Result<config::Secret> {
    Ok(source.read()?)
}

fn key(source: &SecretSource) -> anyhow::Result<Key> {
    Ok(Key::new(secret(source)?.expose()))
}

/// Follows the store for ever.
pub(crate) async fn follow(shared: Arc<Shared>, channel: Arc<Channel>) {
    let follower = follower(&channel.name);
    let (mut pause, mut complained) = (PAUSE_FIRST, None::<Instant>);
    let mut changes = shared.holds.subscribe();
    let mut begun = false;
    loop {
        match step(&shared, &channel, &follower, &mut begun).await {
            Ok(0) => {
                pause = PAUSE_FIRST;
                if wait(&mut changes).await.is_err() {
                    return;
                }
            }
            Ok(_) => pause = PAUSE_FIRST,
            Err(error) => {
                if complained.is_none_or(|at| at.elapsed() >= COMPLAINT) {
                    tracing::warn!(channel = channel.name, "not delivered, tried again: {error:#}");
                    complained = Some(Instant::now());
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_LONGEST);
            }
        }
    }
}

async fn wait(changes: &mut watch::Receiver<u64>) -> Result<(), watch::error::RecvError> {
    changes.changed().await
}

/// Carries the next events out; gives how many there were.
async fn step(
    shared: &Shared,
    channel: &Channel,
    follower: &str,
    begun: &mut bool,
) -> anyhow::Result<usize> {
    let store = &shared.store;
    if !*begun {
        store.follow_from_now(follower).await?;
        *begun = true;
    }
    let events = store.events(follower, BATCH).await?;
    for event in &events {
        if let Some(step) = Step::of(event) {
            match channel.tell(store, event, &step).await {
                Ok(()) => {}
                Err(NotTold::Failed(error)) => return Err(error),
                Err(NotTold::Refused(why)) => give_up(shared, channel, step.about, why).await?,
            }
            store.followed(follower, event.id).await?;
        }
    }
    if let Some(last) = events.last() {
        store.followed(follower, last.id).await?;
    }
    Ok(events.len())
}

/// A message that the other side wants never is given up, aloud: those behind it must not wait for
/// it.
async fn give_up(
    shared: &Shared,
    channel: &Channel,
    about: &str,
    why: String,
) -> anyhow::Result<()> {
    tracing::error!(channel = channel.name, about, "a message is given up, nobody hears: {why}");
    let one = Undelivered {
        at: SystemTime::now(),
        follower: follower(&channel.name),
        about: about.to_owned(),
        why: visible(&why).chars().filter(|c| !c.is_control()).take(WHY).collect(),
    };
    shared.store.give_up(&one).await?;
    shared.metrics.channels_gave_up.get_or_create(&[("channel", channel.name.clone())]).inc();
    Ok(())
}

/// What a channel is called among those who follow.
fn follower(channel: &str) -> String {
    format!("channel {channel}")
}

impl Channel {
    async fn tell(&self, store: &Store, event: &Event, step: &Step<'_>) -> Result<(), NotTold> {
        // What is deleted already concerns nobody.
        let Some(about) = About::read(store, event, step.about).await? else { return Ok(()) };
        if !self.groups.is_empty() && !about.asks(&self.groups) {
            return Ok(());
        }
        let new = about.is_new(step.what);
        // Each mail has a limit of its own: what some have already is not to be forgotten.
        if let Way::Email(email) = &self.way {
            return if new { email.tell(self, &about, event.id).await } else { Ok(()) };
        }
        let telling = async {
            match &self.way {
                Way::Slack(slack) => slack.tell(store, self, &about, new).await,
                Way::Webhook(webhook) => webhook.tell(self, event, step, &about).await,
                Way::Teams(post) if new => teams::tell(post, self, &about).await,
                Way::Teams(_) | Way::Email(_) => Ok(()),
            }
        };
        tokio::time::timeout(DELIVERY, telling).await.context("no answer in time")?
    }

    /// Where something is in the API, if people can reach that.
    fn link(&self, kind: &str, name: &str) -> Option<String> {
        self.api.as_ref().map(|api| format!("{api}/api/v1/{kind}/{name}"))
    }
}
