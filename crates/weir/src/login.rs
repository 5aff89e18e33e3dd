//! A person's own sign-in, kept in a file of theirs: where Weir is, who vouches for them, and a
//! token that is fresh enough. Knows no weir.toml: this runs on people's machines.
//!
//! The file has mode 0600 and is replaced as a whole. One process at a time asks the provider: a
//! refresh token is used once.

use anyhow::{Context, bail};
use identity::Secret;
use serde::{Deserialize, Serialize};
use sso::{Flow, SsoError, Tokens, Web};
use std::{
    fmt,
    fs::{DirBuilder, File, OpenOptions},
    io::{ErrorKind, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The longest file that is read: bytes.
const MAX_BYTES: u64 = 1 << 20;
/// How long after a token that Weir would not have another one is asked for: two of the same second
/// may be the same.
const AGAIN: Duration = Duration::from_millis(1_100);

/// What is kept.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    /// Where Weir's API is.
    pub(crate) weir: String,
    /// By which certificates Weir is believed; the system's if nothing.
    pub(crate) ca: Option<PathBuf>,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) provider: Vouching,
    /// With what the provider is asked again, if it gave that.
    pub(crate) refresh: Option<String>,
    /// The sign-in to Weir's API that tokens follow from, if nobody else vouches.
    #[serde(default)]
    pub(crate) sign_in: Option<String>,
    pub(crate) identity: String,
    pub(crate) token: Option<Kept>,
}

/// Who vouches for the person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Vouching {
    pub(crate) name: String,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) scopes: Vec<String>,
    /// By which certificates it is believed; the system's if nothing.
    #[serde(default)]
    pub(crate) ca: Option<PathBuf>,
}

/// A token, and until when it is good: seconds since 1970.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    secret: String,
    from: u64,
    until: u64,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({} at {})", self.identity, self.weir)
    }
}

/// A token as it is handed out.
pub(crate) struct Token {
    pub(crate) secret: Secret,
    pub(crate) until: SystemTime,
}

/// Why a Weir could not be asked, in words about Weir: what asks is made for providers.
pub(crate) fn unreached(weir: &str, error: SsoError) -> anyhow::Error {
    match error {
        SsoError::Untrusted(why) => anyhow::anyhow!(
            "the certificate of {weir} is not trusted here ({why}): --ca FILE (in development: \
             STATE_DIR/dev-cert.pem)"
        ),
        SsoError::Unreachable(why) => anyhow::anyhow!("Weir at {weir} cannot be reached: {why}"),
        SsoError::Provider(what) => anyhow::anyhow!("{weir} is not Weir's API: {what}"),
        other => anyhow::Error::new(other).context(format!("Weir at {weir} cannot be asked")),
    }
}

/// What a token is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// Good for a while.
    Fresh,
    /// Good for longer than the one there is: sessions go on with it.
    Longer,
}

/// The file of the person who runs this.
pub(crate) fn file() -> anyhow::Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let folder = match (set("XDG_CONFIG_HOME"), set("HOME")) {
        (Some(folder), _) => PathBuf::from(folder),
        (None, Some(home)) => PathBuf::from(home).join(".config"),
        (None, None) => bail!("neither XDG_CONFIG_HOME nor HOME is set"),
    };
    Ok(folder.join("weir").join("login.json"))
}

impl Login {
    /// The sign-in that is kept; nothing if there is none.
    pub(crate) fn read(file: &Path) -> anyhow::Result<Option<Self>> {
        let opened = match File::open(file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened.with_context(|| file.display().to_string())?,
        };
        if opened.metadata()?.permissions().mode() & 0o077 != 0 {
            bail!("{} can be read by others: chmod 600 it, or `weir login` anew", file.display());
        }
        let mut text = String::new();
        opened.take(MAX_BYTES).read_to_string(&mut text)?;
        let login = serde_json::from_str(&text);
        // The text holds secrets; the error's place is enough.
        login.map(Some).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            anyhow::anyhow!("{} is not understood at {place}", file.display())
        })
    }

    /// Keeps it, readable by its owner only.
    pub(crate) fn write(&self, file: &Path) -> anyhow::Result<()> {
        let folder = file.parent().context("a file without a folder")?;
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let draft = file.with_extension("draft");
        let _ = std::fs::remove_file(&draft);
        let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        out.write_all(serde_json::to_string_pretty(self)?.as_bytes())?;
        out.sync_all()?;
        std::fs::rename(&draft, file).with_context(|| file.display().to_string())
    }

    /// Signs in: exchanges what a provider said for Weir's own token, and keeps both.
    pub(crate) async fn begin(mut self, file: &Path, tokens: Tokens) -> anyhow::Result<Self> {
        let _alone = lock(file)?;
        let given = self.exchange(&tokens.id, &[], None).await?;
        self.refresh = tokens.refresh;
        self.identity = given.0;
        self.token = Some(given.1);
        self.write(file)?;
        Ok(self)
    }

    /// The same by a sign-in to Weir's API.
    pub(crate) async fn begin_local(mut self, file: &Path) -> anyhow::Result<Self> {
        let _alone = lock(file)?;
        let sign_in = self.sign_in.clone().unwrap_or_default();
        let (identity, token) = self.exchange(&sign_in, &[], None).await?;
        (self.identity, self.token) = (identity, Some(token));
        self.write(file)?;
        Ok(self)
    }

    /// A client of the provider.
    pub(crate) async fn flow(&self) -> anyhow::Result<Flow> {
        let Vouching { issuer, client_id, scopes, ca, .. } = &self.provider;
        Ok(Flow::new(Web::new(ca.as_deref())?, issuer, client_id, scopes).await?)
    }

    /// Exchanges a provider's token at Weir: who it is here, and the token.
    async fn exchange(
        &self,
        id: &str,
        databases: &[String],
        renews: Option<&str>,
    ) -> anyhow::Result<(String, Kept)> {
        let kind = match self.sign_in {
            Some(_) => "urn:ietf:params:oauth:token-type:access_token",
            None => "urn:ietf:params:oauth:token-type:id_token",
        };
        let scopes: Vec<String> = databases.iter().map(|one| format!("database:{one}")).collect();
        let scope = scopes.join(" ");
        let mut form = vec![
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token_type", kind),
            ("subject_token", id),
        ];
        if !scope.is_empty() {
            form.push(("scope", &scope));
        }
        form.extend(renews.map(|token| ("renews", token)));
        let url = format!("{}/oauth2/token", self.weir);
        let answer = Web::new(self.ca.as_deref())?.post(&url, &form).await;
        let answer = answer.map_err(|error| unreached(&self.weir, error))?;
        let text = |name: &str| answer.body.get(name).and_then(serde_json::Value::as_str);
        if !answer.good {
            let words = text("error_description").or(text("error")).unwrap_or("no reason given");
            let words: String = words.chars().filter(|c| !c.is_control()).take(300).collect();
            bail!("Weir refuses: {words}");
        }
        let seconds = answer.body.get("expires_in").and_then(serde_json::Value::as_u64);
        let given = (text("identity"), text("access_token"), seconds);
        let (Some(identity), Some(secret), Some(seconds)) = given else {
            bail!("Weir's answer is not understood");
        };
        let from = now();
        let until = from.saturating_add(seconds);
        Ok((identity.to_owned(), Kept { secret: secret.to_owned(), from, until }))
    }

    /// Asks the provider anew, keeps what it gives for the next time, and exchanges it.
    async fn refreshed(
        &mut self,
        file: &Path,
        databases: &[String],
        renews: Option<&str>,
    ) -> anyhow::Result<Kept> {
        let again = "sign in again: weir login";
        if let Some(sign_in) = self.sign_in.clone() {
            return Ok(self.exchange(&sign_in, databases, None).await.context(again)?.1);
        }
        let Some(refresh) = self.refresh.clone() else {
            bail!("{} gave nothing to ask it again with; {again}", self.provider.name);
        };
        let tokens = self.flow().await?.refreshed(&refresh).await.context(again)?;
        self.refresh = tokens.refresh;
        // Before anything else can go wrong: the one before may be used up.
        self.write(file)?;
        let (identity, kept) = self.exchange(&tokens.id, databases, renews).await?;
        if identity != self.identity {
            bail!("that is {identity}, not {}; {again}", self.identity);
        }
        Ok(kept)
    }
}

/// A token for the person whose file this is, for some databases or all. Asks the provider if the
/// one there is will not do.
pub(crate) async fn token(
    file: &Path,
    databases: &[String],
    want: Want,
) -> anyhow::Result<(Login, Token)> {
    let _alone = lock(file)?;
    let login = Login::read(file)?;
    let mut login = login.context("nobody is signed in here: weir login URL")?;
    let good = login.token.clone().filter(|kept| kept.until > now());
    if let Some(kept) = &good
        && databases.is_empty()
        // One that follows from a sign-in to Weir ends with it: another would be good no longer.
        && (login.sign_in.is_some()
            || want == Want::Fresh
                && (kept.until - now()) * 2 > kept.until.saturating_sub(kept.from))
    {
        let token = kept.handed_out();
        return Ok((login, token));
    }
    // What is bound to databases is for them alone, and not what sessions signed in with.
    let renews = good.filter(|_| databases.is_empty()).map(|kept| kept.secret);
    let first = login.refreshed(file, databases, renews.as_deref()).await;
    let kept = match first {
        Ok(kept) => kept,
        Err(error) if login.refresh.is_some() && error.to_string().starts_with("Weir refuses") => {
            tokio::time::sleep(AGAIN).await;
            login.refreshed(file, databases, None).await?
        }
        Err(error) => return Err(error),
    };
    let token = kept.handed_out();
    if databases.is_empty() {
        login.token = Some(kept);
        login.write(file)?;
    }
    Ok((login, token))
}

/// Forgets the sign-in, and tells the provider that it is over. False if there was none.
pub(crate) async fn end(file: &Path) -> anyhow::Result<bool> {
    let _alone = lock(file)?;
    let login = Login::read(file)?;
    let there = login.is_some();
    if let Some(login) = login {
        std::fs::remove_file(file)?;
        if let Some(sign_in) = &login.sign_in {
            login.revoke(sign_in).await.context("the sign-in at Weir goes on until its end")?;
        } else if let Some(kept) = &login.token {
            login.revoke(&kept.secret).await.context("the token at Weir goes on until its end")?;
        }
        if let Some(refresh) = &login.refresh {
            let ended = async { anyhow::Ok(login.flow().await?.ended(refresh).await?) };
            ended.await.context("the sign-in is forgotten here, and goes on at the provider")?;
        }
    }
    Ok(there)
}

impl Login {
    /// Ends a token at Weir (RFC 7009).
    async fn revoke(&self, secret: &str) -> anyhow::Result<()> {
        let url = format!("{}/oauth2/revoke", self.weir);
        let form = [("token", secret), ("token_type_hint", "access_token")];
        let answer = Web::new(self.ca.as_deref())?.post(&url, &form).await;
        let answer = answer.map_err(|error| unreached(&self.weir, error))?;
        if answer.good { Ok(()) } else { bail!("Weir refuses to end it") }
    }
}

impl Kept {
    fn handed_out(&self) -> Token {
        let until = UNIX_EPOCH + Duration::from_secs(self.until);
        Token { secret: Secret::from(self.secret.clone()), until }
    }
}

/// Waits until no other process of this person asks; holds as long as the file is open.
fn lock(file: &Path) -> anyhow::Result<File> {
    let folder = file.parent().context("a file without a folder")?;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let place = file.with_extension("lock");
    let lock = OpenOptions::new().create(true).append(true).mode(0o600).open(&place)?;
    lock.lock().with_context(|| place.display().to_string())?;
    Ok(lock)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
