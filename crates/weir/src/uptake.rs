//! How a command learns that the running Weir has taken up what it changed: it asks over a socket
//! in the state folder, and those who follow the store answer once they have read it again. Knows
//! no change, and takes no orders: whoever asks says nothing but that they ask.
//!
//! ```text
//! weir task create ─▶ weir.db
//!        └──────────▶ weir.sock ─▶ identities, tasks, grants: read again ─▶ "taken up"
//! ```

use crate::exit::Failure;
use anyhow::Context;
use std::{
    fs::Permissions,
    io::ErrorKind,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    sync::{mpsc, oneshot},
};

/// The socket's name in the state folder.
const FILE_NAME: &str = "weir.sock";
/// How long it may take until a change is taken up, for both sides.
const WITHIN: Duration = Duration::from_secs(5);
/// Requests of one follower that wait.
const MAX_WAITING: usize = 64;
/// What is answered.
const TAKEN_UP: &str = "taken up\n";

/// Asks a follower to look now.
pub(crate) struct Ask(mpsc::Sender<oneshot::Sender<()>>);

/// A follower's side: who waits until it has looked.
pub(crate) struct Asked {
    requests: mpsc::Receiver<oneshot::Sender<()>>,
    waiting: Vec<oneshot::Sender<()>>,
}

/// Both sides.
pub(crate) fn pair() -> (Ask, Asked) {
    let (sender, requests) = mpsc::channel(MAX_WAITING);
    (Ask(sender), Asked { requests, waiting: Vec::new() })
}

impl Asked {
    /// Returns when somebody asks. Look then, and say that it is done.
    pub(crate) async fn next(&mut self) {
        match self.requests.recv().await {
            Some(one) => self.waiting.push(one),
            // Nobody can ask any more.
            None => std::future::pending().await,
        }
    }

    /// Tells those who asked before the look that has just been done.
    pub(crate) fn done(&mut self) {
        for one in self.waiting.drain(..) {
            // Whoever does not wait any more needs no answer.
            let _gone = one.send(());
        }
    }
}

impl Ask {
    async fn look(&self) -> anyhow::Result<()> {
        let (sender, done) = oneshot::channel();
        self.0.send(sender).await.context("nobody follows any more")?;
        done.await.context("nobody follows any more")
    }
}

/// The socket, for the process that holds the ledger: nobody else listens on it.
pub(crate) fn listen(state_dir: &Path) -> anyhow::Result<UnixListener> {
    let path = state_dir.join(FILE_NAME);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        // What an earlier run left behind.
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers for ever, one after the other.
pub(crate) async fn answer(listener: UnixListener, followers: [Ask; 3]) {
    loop {
        let Ok((mut stream, _)) = listener.accept().await else {
            tokio::time::sleep(WITHIN).await;
            continue;
        };
        let [one, two, three] = &followers;
        let looked = async { tokio::try_join!(one.look(), two.look(), three.look()) };
        // Whoever gets no answer says so: what is not known to be in force is not called so.
        if let Ok(Ok(_)) = tokio::time::timeout(WITHIN, looked).await {
            let _gone = stream.write_all(TAKEN_UP.as_bytes()).await;
        }
    }
}

/// What became of a change.
#[must_use]
pub(crate) enum Uptake {
    /// The running Weir acts by it.
    Done,
    /// No Weir runs on this state.
    NotRunning,
    /// It is kept, and the running Weir may not act by it yet.
    Late(String),
}

/// Waits until the Weir that runs on this state, if one does, acts by what was changed before.
pub(crate) async fn taken_up(state_dir: &Path) -> Uptake {
    let path = state_dir.join(FILE_NAME);
    match tokio::time::timeout(WITHIN, ask(path)).await {
        Ok(Ok(true)) => Uptake::Done,
        Ok(Ok(false)) => Uptake::Late("it does not answer".to_owned()),
        Ok(Err(error))
            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) =>
        {
            Uptake::NotRunning
        }
        Ok(Err(error)) => Uptake::Late(error.to_string()),
        Err(_) => Uptake::Late(format!("nothing is heard of it in {} seconds", WITHIN.as_secs())),
    }
}

async fn ask(path: PathBuf) -> std::io::Result<bool> {
    let stream = UnixStream::connect(path).await?;
    let mut said = String::new();
    stream.take(TAKEN_UP.len() as u64).read_to_string(&mut said).await?;
    Ok(said == TAKEN_UP)
}

impl Uptake {
    /// Says on standard error what whoever made the change has to know, after all else is said.
    pub(crate) fn told(self) -> Result<(), Failure> {
        match self {
            Self::Done => Ok(()),
            Self::NotRunning => {
                eprintln!("No Weir runs here now: it holds from the next start on.");
                Ok(())
            }
            Self::Late(why) => Err(Failure::Failed(anyhow::anyhow!(
                "it is kept, but may not be in force yet: the running Weir has not taken it up \
                 ({why}); see its log"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_who_asked_before_the_look_is_told() {
        let (ask, mut asked) = pair();
        let looked = async {
            asked.next().await;
            asked.done();
            asked.next().await;
        };
        let both = async {
            ask.look().await.unwrap();
            tokio::time::timeout(Duration::from_millis(50), ask.look()).await
        };
        let (_, second) = tokio::join!(looked, both);
        assert!(second.is_err(), "it was not looked since");
    }

    async fn follow(asked: &mut Asked) {
        loop {
            asked.next().await;
            asked.done();
        }
    }

    #[tokio::test]
    async fn whoever_gets_no_answer_says_so() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(taken_up(folder.path()).await, Uptake::NotRunning));
        drop(listen(folder.path()).unwrap());
        assert!(matches!(taken_up(folder.path()).await, Uptake::NotRunning), "it was stopped");
        let pairs = [pair(), pair(), pair()];
        let [(one, mut first), (two, mut second), (three, third)] = pairs;
        let listener = listen(folder.path()).unwrap();
        let mode = folder.path().join(FILE_NAME).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        tokio::spawn(answer(listener, [one, two, three]));
        let two_of_three = async { tokio::join!(follow(&mut first), follow(&mut second)) };
        tokio::select! {
            taken = taken_up(folder.path()) => assert!(matches!(taken, Uptake::Late(_))),
            _ = two_of_three => {}
        }
        let mut third = third;
        tokio::select! {
            taken = taken_up(folder.path()) => assert!(matches!(taken, Uptake::Done)),
            _ = async { tokio::join!(follow(&mut first), follow(&mut second), follow(&mut third)) }
                => {}
        }
    }
}
