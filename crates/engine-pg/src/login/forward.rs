//! A client of this machine, let through to a Weir elsewhere that is signed in to on its behalf.
//! Who may be let through is the caller's business; it has to be settled before.
//!
//! ```text
//! client ── no password ──▶ forward ── TLS, a token as the password ──▶ Weir
//! ```

use super::{Reason, opening, opening::Opened, startup, startup::Wish, talk::Talk};
use crate::upstream::{self, UpstreamConfig, UpstreamError};
use bytes::BytesMut;
use std::time::Duration;
use tokio::{io, io::AsyncWriteExt, net::TcpStream, time::timeout};
use wire_pg::backend::{Status, encode};

/// How long a client may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a client of this machine asks for.
pub struct Asked {
    talk: Talk,
    what: What,
}

enum What {
    Session(Box<Wish>),
    Cancel { process_id: u32, key: Vec<u8> },
}

/// Takes in a client, up to what it asks for.
///
/// # Errors
/// If it does not speak the protocol, or says nothing; it has been told.
pub async fn asked(tcp: TcpStream) -> Result<Asked, Reason> {
    let reading = async {
        let (stream, _, opened) = opening::open(tcp, None).await?;
        let mut talk = Talk::new(stream);
        let packet = match opened {
            Opened::Startup(packet) => packet,
            Opened::Cancel { process_id, key } => {
                return Ok(Asked { talk, what: What::Cancel { process_id, key } });
            }
            Opened::Unsupported { major, minor } => {
                return Err(talk.refuse(Reason::Version { major, minor }).await);
            }
        };
        match startup::read(&packet) {
            Ok(wish) => {
                startup::negotiate(&mut talk, &wish).await?;
                Ok(Asked { talk, what: What::Session(Box::new(wish)) })
            }
            Err(reason) => Err(talk.refuse(reason).await),
        }
    };
    timeout(PATIENCE, reading).await.unwrap_or(Err(Reason::TooSlow))
}

impl Asked {
    /// Tells the client why it is not let through.
    pub async fn refuse(mut self, code: &str, message: &str, hint: &str) {
        let mut out = BytesMut::new();
        let mut words = encode::Diagnostic::fatal(code, message);
        words.hint = Some(hint);
        words.encode(&mut out);
        let _ = self.talk.send(&out).await;
        let (mut stream, _) = self.talk.into_parts();
        let _ = stream.shutdown().await;
    }

    /// The database that it asks for; nothing if it only cancels.
    pub fn database(&self) -> Option<&str> {
        match &self.what {
            What::Session(wish) => Some(&wish.database),
            What::Cancel { .. } => None,
        }
    }

    /// Lets it through: signs in there, and carries everything both ways until either ends.
    ///
    /// # Errors
    /// If there is no session to be had there; the client has been told.
    pub async fn let_through(self, reached: &UpstreamConfig) -> Result<(), UpstreamError> {
        let wish = match self.what {
            What::Cancel { process_id, ref key } => {
                return upstream::cancel(reached, None, process_id, key).await;
            }
            What::Session(ref wish) => wish,
        };
        let connected = upstream::connect_as(reached, wish.replication, &wish.settings).await;
        let there = match connected {
            Ok(there) => there,
            Err(error) => {
                let said = match &error {
                    UpstreamError::Server(said) => (said.sqlstate.clone(), said.message.clone()),
                    other => ("08001".to_owned(), other.to_string()),
                };
                self.refuse(&said.0, &said.1, "This comes from `weir connect --forward`.").await;
                return Err(error);
            }
        };
        let mut out = BytesMut::new();
        encode::authentication_ok(&mut out);
        for (name, value) in &there.parameter_statuses {
            encode::parameter_status(&mut out, name.as_bytes(), value.as_bytes())?;
        }
        encode::backend_key_data(&mut out, there.process_id, &there.secret_key)?;
        encode::ready_for_query(&mut out, Status::Idle);
        out.extend_from_slice(&there.buffered);
        let (mut here, said) = self.talk.into_parts();
        let mut there = there.stream;
        let carry = async {
            here.write_all(&out).await?;
            here.flush().await?;
            there.write_all(&said).await?;
            there.flush().await?;
            io::copy_bidirectional(&mut here, &mut there).await
        };
        // That either breaks off is how sessions end.
        let _ = carry.await;
        Ok(())
    }
}
