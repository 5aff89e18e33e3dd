//! Azure: an access token of Microsoft Entra is the password (Azure Database for PostgreSQL). It is
//! asked of the instance's metadata service for a managed identity, or of Entra for an application.

use super::{
    Token,
    ask::{Web, send},
};
use config::{Application, Proof};

/// What a token is for: open-source databases.
const RESOURCE: &str = "https://ossrdbms-aad.database.windows.net";
/// The version of the metadata service's questions.
const VERSION: &str = "2018-02-01";
/// How a platform's token is named.
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Whoever asks for tokens.
pub(super) struct Azure {
    web: Web,
    settings: config::Azure,
}

impl Azure {
    pub(super) fn new(settings: &config::Azure) -> anyhow::Result<Self> {
        Ok(Self { web: Web::new()?, settings: settings.clone() })
    }

    pub(super) async fn token(&self) -> anyhow::Result<Token> {
        match &self.settings.application {
            Some(application) => self.of_application(application).await,
            None => self.of_instance().await,
        }
    }

    async fn of_instance(&self) -> anyhow::Result<Token> {
        let mut query = vec![("api-version", VERSION), ("resource", RESOURCE)];
        query.extend(self.settings.client_id.as_deref().map(|id| ("client_id", id)));
        let (metadata, query) = (&self.settings.metadata, serde_urlencoded::to_string(query)?);
        let request = self.web.get(&format!("{metadata}/metadata/identity/oauth2/token?{query}"));
        send(request.header("metadata", "true"), "the metadata service").await?.token()
    }

    async fn of_application(&self, application: &Application) -> anyhow::Result<Token> {
        let Application { authority, tenant, proof } = application;
        let scope = format!("{RESOURCE}/.default");
        let id = self.settings.client_id.as_deref().unwrap_or_default();
        let mut form =
            vec![("grant_type", "client_credentials"), ("client_id", id), ("scope", &scope)];
        let shown = match proof {
            Proof::Secret(source) | Proof::Token(source) => source.read()?,
        };
        match proof {
            Proof::Secret(_) => form.push(("client_secret", shown.expose())),
            Proof::Token(_) => {
                form.push(("client_assertion_type", ASSERTION));
                form.push(("client_assertion", shown.expose()));
            }
        }
        let url = format!("{authority}/{tenant}/oauth2/v2.0/token");
        send(self.web.post(&url, &form)?, "Entra").await?.token()
    }
}
