//! Email by SMTP: a mail for each new request. A link in a mail proves nothing about who follows
//! it, so the mail says where to decide, and deciding there takes a sign-in.

use super::{About, Channel, NotTold, key, message::Message};
use anyhow::Context;
use config::EmailTls;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
        extension::ClientId,
    },
};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How long one command of SMTP may take: a server may look through a mail before it says that it
/// has it.
const COMMAND: Duration = Duration::from_secs(60);
/// How long one mail may take, with all its commands.
const MAIL: Duration = Duration::from_secs(120);

/// A way to a server, with everybody who is told.
pub(crate) struct Email {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
    told: Mutex<Told>,
}

/// Who is done with, where a mail could not be sent to all at once: nobody gets it twice because
/// somebody else cannot be told yet.
#[derive(Default)]
struct Told {
    event: i64,
    /// Those who have it, and those who were refused for good.
    done: Vec<Mailbox>,
    /// Who was refused for good, and why.
    refused: Vec<String>,
}

impl Email {
    pub(super) fn new(email: &config::Email) -> anyhow::Result<Self> {
        let address = |text: &String| -> anyhow::Result<Mailbox> {
            text.parse().with_context(|| format!("\"{text}\" is no address"))
        };
        let parameters = || -> anyhow::Result<TlsParameters> {
            let mut builder = TlsParameters::builder(email.host.clone());
            if let Some(ca) = &email.ca {
                let pem = std::fs::read(ca).with_context(|| ca.display().to_string())?;
                // These authorities, and not the system's beside them.
                builder = builder.certificate_store(CertificateStore::None);
                builder = builder.add_root_certificate(Certificate::from_pem(&pem)?);
            }
            Ok(builder.build_rustls()?)
        };
        let tls = match email.tls {
            EmailTls::StartTls => Tls::Required(parameters()?),
            EmailTls::Implicit => Tls::Wrapper(parameters()?),
            EmailTls::Disable => Tls::None,
        };
        let mut builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(email.host.as_str())
                .port(email.port)
                .tls(tls)
                .hello_name(ClientId::Domain("weir".to_owned()))
                .timeout(Some(COMMAND));
        if let Some((user, password)) = &email.user {
            let password = key(password)?.expose().to_owned();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Self {
            transport: builder.build(),
            from: address(&email.from)?,
            to: email.to.iter().map(address).collect::<anyhow::Result<_>>()?,
            told: Mutex::default(),
        })
    }

    /// Sends one mail to all. If the server refuses that for good, each is sent their own: who has
    /// no mailbox any more must not keep the others from hearing.
    pub(super) async fn tell(
        &self,
        channel: &Channel,
        about: &About,
        event: i64,
    ) -> Result<(), NotTold> {
        let message = Message::new(channel, about);
        // The same each time it is sent: what comes twice can be told to be one.
        let id = format!("<{}-{event}@weir>", message.name);
        if self.told().event != event {
            match self.send(&message, &id, &self.to).await {
                Err(NotTold::Refused(why)) if self.to.len() > 1 => {
                    let channel = &channel.name;
                    tracing::warn!(channel, "each is sent their own, since to all: {why}");
                }
                sent => return sent,
            }
            *self.told() = Told { event, ..Told::default() };
        }
        let mut passing = None;
        for to in &self.to {
            if self.told().done.contains(to) {
                continue;
            }
            // Noted at once: whatever becomes of the others, and of this attempt.
            match self.send(&message, &id, std::slice::from_ref(to)).await {
                Ok(()) => self.told().done.push(to.clone()),
                Err(NotTold::Refused(why)) => {
                    let mut told = self.told();
                    told.done.push(to.clone());
                    told.refused.push(format!("{}: {why}", to.email));
                }
                Err(why) => passing = Some(why),
            }
        }
        if let Some(why) = passing {
            return Err(why);
        }
        let told = std::mem::take(&mut *self.told());
        match told.refused.is_empty() {
            true => Ok(()),
            false => Err(NotTold::Refused(told.refused.join("; "))),
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(&self, message: &Message, id: &str, to: &[Mailbox]) -> Result<(), NotTold> {
        let mut mail = lettre::Message::builder()
            .from(self.from.clone())
            .message_id(Some(id.to_owned()))
            .subject(message.title.clone())
            .header(ContentType::TEXT_PLAIN);
        for to in to {
            mail = mail.to(to.clone());
        }
        // What cannot be put into a mail now cannot be later.
        let mail = mail.body(message.text()).map_err(|why| NotTold::Refused(why.to_string()))?;
        let sent = tokio::time::timeout(MAIL, self.transport.send(mail)).await;
        match sent.context("no answer in time")? {
            Ok(_) => Ok(()),
            Err(error) if for_good(&error) => Err(NotTold::Refused(error.to_string())),
            Err(error) => Err(error.into()),
        }
    }
}

/// True if a server refused the mail or its recipient for good: a status of 5xx, but for those that
/// speak of signing in or of the server itself.
fn for_good(error: &lettre::transport::smtp::Error) -> bool {
    const ELSEWHERE: [&str; 9] = ["500", "502", "503", "521", "523", "530", "534", "535", "538"];
    let status = error.status().map(|status| status.to_string()).unwrap_or_default();
    let answer = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    error.is_permanent() && !ELSEWHERE.contains(&status.as_str()) && !is_of_the_day(&answer)
}

/// True if an answer begins with an enhanced code (RFC 3463) of the server or of its ways, quotas
/// among them: it speaks of the day and not of the mail. But there are those of mails that are too
/// long for the server (5.3.4), and Exchange says that there is no such mailbox by 5.4.1.
fn is_of_the_day(answer: &str) -> bool {
    let code = answer.split_whitespace().next().unwrap_or_default();
    let parts: Vec<&str> = code.split('.').collect();
    match parts.as_slice() {
        ["5", "3", detail] => *detail != "4",
        ["5", "4", detail] => *detail != "1",
        _ => false,
    }
}

#[cfg(test)]
mod tests;
