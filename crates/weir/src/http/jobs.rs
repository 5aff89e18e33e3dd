//! What is made in the background, one after the other, each for whoever asked for it: nobody else
//! is told that there is one. Each tells how far it is and can be stopped. They are kept in memory
//! and end with the process. Knows no page, no route, and not what is made.

use crate::exit::Failure;
use ::console::job::{How, Listed};
use ledger::Time;
use std::{
    collections::VecDeque,
    ops::ControlFlow,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};
use store::{Store, StoreError};
use tokio::sync::Semaphore;

/// The most of one person, and of all.
const OF_ONE: usize = 5;
const OF_ALL: usize = 50;

/// All of a kind.
pub(super) struct Jobs<T, A = ()> {
    kept: Mutex<VecDeque<Arc<Job<T, A>>>>,
    turn: Arc<Semaphore>,
}

/// One.
pub(super) struct Job<T, A = ()> {
    id: String,
    /// What it is about, for whoever asked.
    about: A,
    by: String,
    words: String,
    asked: SystemTime,
    /// It is to end: whoever makes it looks now and then.
    stop: Arc<AtomicBool>,
    state: Mutex<State<T>>,
}

struct State<T> {
    how: How,
    made: Option<Arc<T>>,
}

/// What is to be made, in words for the record and for whoever asked.
pub(super) struct Asked<'a> {
    pub(super) who: &'a str,
    pub(super) words: &'a str,
    /// By what it is asked for: the console, the API.
    pub(super) how: &'a str,
}

/// Ends one that was not begun: whoever asked for it went away meanwhile.
struct Unbegun<T, A>(Option<Arc<Job<T, A>>>);

impl<T, A> Drop for Unbegun<T, A> {
    fn drop(&mut self) {
        if let Some(job) = self.0.take() {
            let why = "Whoever asked for it went away before it was begun.";
            job.set(How::Failed(why.to_owned()), None);
        }
    }
}

impl<T, A> Default for Jobs<T, A> {
    fn default() -> Self {
        Self { kept: Mutex::default(), turn: Arc::new(Semaphore::new(1)) }
    }
}

/// The process ends only when nothing is made any more.
impl<T, A> Drop for Jobs<T, A> {
    fn drop(&mut self) {
        for job in self.kept.get_mut().unwrap_or_else(PoisonError::into_inner) {
            job.stop();
        }
    }
}

impl<T: Send + Sync + 'static, A: Send + Sync + 'static> Jobs<T, A> {
    /// Somebody's, newest first.
    pub(super) fn of(&self, who: &str) -> Vec<Listed> {
        self.lock().iter().rev().filter(|one| one.by == who).map(|one| one.listed()).collect()
    }

    /// One of somebody's.
    pub(super) fn one(&self, who: &str, id: &str) -> Option<Arc<Job<T, A>>> {
        self.lock().iter().find(|one| one.by == who && one.id == id).map(Arc::clone)
    }

    /// Forgets one of somebody's, and stops it if it is under way; false if there is none.
    pub(super) fn forget(&self, who: &str, id: &str) -> bool {
        let mut kept = self.lock();
        let found = kept.iter().position(|one| one.by == who && one.id == id);
        let gone = found.and_then(|at| kept.remove(at));
        gone.inspect(|job| job.stop()).is_some()
    }

    /// Stops one of somebody's; false if there is none under way.
    pub(super) fn stop(&self, who: &str, id: &str) -> bool {
        let found = self.one(who, id).filter(|job| !job.is_over());
        found.inspect(|job| job.stop()).is_some()
    }

    /// Begins one. Who asked for what is in the record before it is begun. `make` gives it with
    /// whether it is sound.
    pub(super) async fn begin(
        &self,
        store: &Store,
        asked: &Asked<'_>,
        about: A,
        make: impl FnOnce(&Job<T, A>) -> Result<(T, bool), Failure> + Send + 'static,
    ) -> Result<Result<Arc<Job<T, A>>, String>, StoreError> {
        let Asked { who, words, how } = asked;
        let now = SystemTime::now();
        let job = match self.room(who, words, now, about) {
            Ok(job) => job,
            Err(why) => return Ok(Err(why)),
        };
        let mut unbegun = Unbegun(Some(Arc::clone(&job)));
        let read = format!("read the record: {words} by {how}");
        if let Err(error) = store.administered(now, who, &read).await {
            unbegun.0 = None;
            let why = "It could not be put into the record that it was asked for.";
            job.set(How::Failed(why.to_owned()), None);
            return Err(error);
        }
        let (turn, made) = (Arc::clone(&self.turn), Arc::clone(&job));
        unbegun.0 = None;
        tokio::spawn(async move {
            let Ok(_turn) = turn.acquire().await else { return };
            // It was stopped while it waited.
            if made.is_over() {
                return;
            }
            let making = Arc::clone(&made);
            let done = tokio::task::spawn_blocking(move || make(&making));
            made.end(match done.await {
                Ok(Ok(done)) => Ok(done),
                Ok(Err(why)) => Err(words_of(why)),
                Err(error) => {
                    tracing::error!("what was made in the background came to nothing: {error}");
                    Err(NOTHING.to_owned())
                }
            });
        });
        Ok(Ok(job))
    }

    /// A place for one more of somebody's: the oldest that is over goes.
    fn room(
        &self,
        who: &str,
        words: &str,
        now: SystemTime,
        about: A,
    ) -> Result<Arc<Job<T, A>>, String> {
        let mut all = self.lock();
        for (most, of) in [(OF_ONE, Some(who)), (OF_ALL, None)] {
            let is_of = |one: &Arc<Job<T, A>>| of.is_none_or(|who| one.by == who);
            if all.iter().filter(|one| is_of(one)).count() < most {
                continue;
            }
            let oldest = all.iter().position(|one| is_of(one) && one.is_over());
            if oldest.and_then(|at| all.remove(at)).is_none() {
                let why = "Too many are under way: stop one, or wait until one is done.";
                return Err(why.to_owned());
            }
        }
        let micros = Time::from(now).micros();
        let last = all.back().and_then(|one| one.id.parse::<i64>().ok()).unwrap_or(0);
        let job = Arc::new(Job {
            id: micros.max(last + 1).to_string(),
            about,
            by: who.to_owned(),
            words: words.to_owned(),
            asked: now,
            stop: Arc::default(),
            state: Mutex::new(State { how: How::Waits, made: None }),
        });
        all.push_back(Arc::clone(&job));
        Ok(job)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Job<T, A>>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T, A> Job<T, A> {
    /// By which it is asked for.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// What it is about.
    pub(super) fn about(&self) -> &A {
        &self.about
    }

    /// As lists have it.
    pub(super) fn listed(&self) -> Listed {
        Listed {
            id: self.id.clone(),
            words: self.words.clone(),
            asked: Time::from(self.asked).to_string(),
            how: self.lock().how.clone(),
        }
    }

    /// What was made, once it is there.
    pub(super) fn made(&self) -> Option<Arc<T>> {
        self.lock().made.clone()
    }

    /// Tells how far it is. Whoever was told that it is stopped hears nothing more.
    pub(super) fn tell(&self, how: How) {
        let mut state = self.lock();
        if !state.how.is_over() {
            state.how = how;
        }
    }

    /// Whether it goes on: it was not stopped.
    pub(super) fn goes_on(&self) -> ControlFlow<()> {
        match self.is_stopped() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    /// The same, for what looks by itself.
    pub(super) fn stops(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.tell(How::Stopped);
    }

    fn is_over(&self) -> bool {
        self.lock().how.is_over()
    }

    fn end(&self, made: Result<(T, bool), String>) {
        if self.is_stopped() {
            return;
        }
        match made {
            Ok((made, sound)) => self.set(How::Done(sound), Some(Arc::new(made))),
            Err(why) => self.set(How::Failed(why), None),
        }
    }

    fn set(&self, how: How, made: Option<Arc<T>>) {
        *self.lock() = State { how, made };
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What nobody is to know more of than the log says.
const NOTHING: &str = "It came to nothing: the log says why.";

/// Why there is nothing, as the command line says it.
fn words_of(failure: Failure) -> String {
    match failure {
        Failure::Refused(why) => why,
        failure => {
            tracing::error!("what was made in the background came to nothing: {failure:?}");
            NOTHING.to_owned()
        }
    }
}

#[cfg(test)]
mod tests;
