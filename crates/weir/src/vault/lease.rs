//! A database user that Vault made for a while: kept as long as somebody has it, taken away then.

use super::{
    Watched,
    client::{Client, Granted},
};
use engine_pg::upstream::credentials::{Credentials, Held};
use identity::Secret;
use std::{
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// A lease is renewed when this part of it is left.
const LEFT: u32 = 2;
/// How soon it is tried again if it cannot be renewed, and the least time between two renewals.
const AGAIN: Duration = Duration::from_millis(500);

/// How long the program waits at its end for all to be given back.
const PATIENCE: Duration = Duration::from_secs(5);

/// The leases that there are.
static HELD: Mutex<Vec<Watched>> = Mutex::new(Vec::new());
/// How many leases are not given back yet, those that are being asked for among them.
static OUT: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

/// A lease that is out, or may come to be.
pub(super) struct Out(());

/// One that is being asked for.
pub(super) fn under_way() -> Out {
    OUT.send_modify(|out| *out += 1);
    Out(())
}

impl Drop for Out {
    fn drop(&mut self) {
        OUT.send_modify(|out| *out = out.saturating_sub(1));
    }
}

/// A lease; revoked by being dropped.
pub(super) struct Leased {
    client: Arc<Client>,
    id: String,
    user: String,
    password: Secret,
    lasts: Duration,
    begun: Instant,
    over: AtomicBool,
    given_back: AtomicBool,
    /// Until it is given back.
    out: Mutex<Option<Out>>,
}

impl Leased {
    pub(super) fn new(client: &Arc<Client>, granted: Granted) -> Arc<Self> {
        let Granted { id, user, password, lasts } = granted;
        let leased = Arc::new(Self {
            client: Arc::clone(client),
            id,
            user,
            password: Secret::from(password),
            lasts,
            begun: Instant::now(),
            over: AtomicBool::new(false),
            given_back: AtomicBool::new(false),
            out: Mutex::new(Some(under_way())),
        });
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|one| one.strong_count() > 0);
        held.push(Arc::downgrade(&leased));
        drop(held);
        leased
    }

    pub(super) fn user(&self) -> &str {
        &self.user
    }

    pub(super) fn credentials(self: &Arc<Self>) -> Credentials {
        Credentials {
            user: Some(self.user.clone()),
            password: self.password.clone(),
            lease: Some(Arc::clone(self) as _),
        }
    }
}

impl Held for Leased {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        if *self.given_back.get_mut() {
            return;
        }
        let (client, id) = (Arc::clone(&self.client), std::mem::take(&mut self.id));
        let user = std::mem::take(&mut self.user);
        let out = self.out.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // Without a runtime the program is over; Vault takes the user away when its time is.
        if let Some(runtime) = client.home() {
            runtime.spawn(async move {
                give_back(&client, &id, &user).await;
                drop(out);
            });
        }
    }
}

async fn give_back(client: &Client, id: &str, user: &str) {
    match client.revoke(id).await {
        Ok(()) => tracing::info!(user, "database user given back"),
        // Vault takes it away when its time is over.
        Err(error) => tracing::warn!(user, "database user not given back: {error:#}"),
    }
}

/// Renews a lease until nobody has it. Once Vault gives it no more of its time, those who come get
/// another, and those who have it keep it to its end.
pub(super) async fn keep(watched: Watched) {
    let Some(mut lasts) = watched.upgrade().map(|leased| leased.lasts) else { return };
    let mut until = match watched.upgrade() {
        Some(leased) => leased.begun + lasts,
        None => return,
    };
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let mut wait = left / LEFT;
        // With the token that it was leased by it would end.
        match watched.upgrade() {
            Some(leased) => wait = wait.min(leased.client.token_left().await.unwrap_or(wait)),
            None => return,
        }
        tokio::time::sleep(wait.max(AGAIN)).await;
        let Some(leased) = watched.upgrade() else { return };
        let now = Instant::now();
        match leased.client.renew(&leased.id, leased.lasts).await {
            Ok(given) => {
                until = now + given;
                lasts = given;
            }
            Err(error) if now < until => {
                tracing::warn!(user = leased.user, "lease not renewed: {error:#}");
            }
            Err(_) => {
                leased.over.store(true, Ordering::Relaxed);
                return;
            }
        }
        // It comes to the end of what it may have: nobody shall begin with it any more.
        if lasts < leased.lasts / LEFT {
            leased.over.store(true, Ordering::Relaxed);
        }
    }
}

/// Gives all back: those that somebody still has, and those that come while it does.
pub(super) async fn close() {
    let all = async {
        let mut out = OUT.subscribe();
        while *out.borrow_and_update() > 0 {
            let held = std::mem::take(&mut *HELD.lock().unwrap_or_else(PoisonError::into_inner));
            let none = held.is_empty();
            for leased in held.iter().filter_map(Watched::upgrade) {
                if !leased.given_back.swap(true, Ordering::Relaxed) {
                    give_back(&leased.client, &leased.id, &leased.user).await;
                    drop(leased.out.lock().unwrap_or_else(PoisonError::into_inner).take());
                }
            }
            // Something is on its way: it says so when it comes, or when it is gone.
            if none && out.changed().await.is_err() {
                return;
            }
        }
    };
    if tokio::time::timeout(PATIENCE, all).await.is_err() {
        tracing::warn!("database users are left to Vault, which takes them away in time");
    }
}
