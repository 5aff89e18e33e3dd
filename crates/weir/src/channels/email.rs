//! Email by SMTP: a mail for each new request. A link in a mail proves nothing about who follows
//! it, so the mail says where to decide, and deciding there takes a sign-in.

use super::{Channel, key, message::Message};
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
use std::time::Duration;
use store::KeptHold;

/// How long one command of SMTP may take.
const COMMAND: Duration = Duration::from_secs(20);

/// A way to a server, with everybody who is told.
pub(crate) struct Email {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
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
        })
    }

    pub(super) async fn tell(&self, channel: &Channel, hold: &KeptHold) -> anyhow::Result<()> {
        let message = Message::new(channel, hold);
        let mut mail = lettre::Message::builder()
            .from(self.from.clone())
            // The same each time it is sent: what comes twice can be told to be one.
            .message_id(Some(format!("<{}@weir>", hold.asked.hold)))
            .subject(message.title.clone())
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            mail = mail.to(to.clone());
        }
        let mail = mail.body(message.text())?;
        self.transport.send(mail).await?;
        Ok(())
    }
}
