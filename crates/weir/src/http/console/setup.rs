//! Setup: how everything is, trying a connection, and a database that is to be added. Nothing is
//! written into weir.toml; who tried what is in the record.

use super::{
    Console,
    answer::{Answer, No},
    looker::{Looker, Pressed},
    sign_in::html,
};
use crate::{http::setup, serve::upstream};
use axum::{
    extract::{Query, State},
    response::Html,
};
use console::{
    layout::{Place, Tone},
    parts::grouped,
    setup::{self as pages, Attempt, Draft, Endpoint, Found, Setup},
};
use serde::Deserialize;
use std::{sync::Arc, time::SystemTime};

/// What the page is asked for with.
#[derive(Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    identity: String,
    #[serde(default)]
    database: String,
}

/// `GET /console/setup`.
pub(super) async fn page(
    State(console): State<Arc<Console>>,
    looker: Looker,
    Query(asked): Query<Asked>,
) -> Answer {
    let looker = looker.need(Place::Setup.right())?;
    html(console.setup_page(&looker, &asked, None).await?)
}

/// `POST /console/setup/test`.
pub(super) async fn test(
    State(console): State<Arc<Console>>,
    pressed: Pressed,
) -> Result<Html<String>, No> {
    let name = pressed.field("database").to_owned();
    let looker = pressed.looker.need(Place::Setup.right())?;
    if console.shared.config.load().database(&name).is_none() {
        return Err(looker.nothing());
    }
    let what = format!("tried the connection to the database {name} by the console");
    console.tried(&looker, &what).await?;
    let found = setup::test(&console.shared, &name).await.ok_or_else(|| looker.nothing())?;
    let said = match found {
        Ok(found) => (Tone::Good, format!("{name} answers: {}", words(&found))),
        Err(why) => (Tone::Bad, format!("{name} was not reached: {why}")),
    };
    html(console.setup_page(&looker, &Asked::default(), Some(said)).await?)
}

fn words(found: &Found) -> String {
    let (tables, columns) = found.counts;
    let labelled: usize = found.labels.iter().map(|(_, count)| count).sum();
    format!(
        "{} tables, {} of {} columns would bear a label, in {}.",
        grouped(tables as u64),
        grouped(labelled as u64),
        grouped(columns as u64),
        found.took
    )
}

/// `GET /console/setup/new`.
pub(super) async fn begin(looker: Looker) -> Answer {
    let looker = looker.need(Place::Setup.right())?;
    let draft = Draft {
        environment: "production".to_owned(),
        port: "5432".to_owned(),
        tls: "verify-full".to_owned(),
        ..Draft::default()
    };
    html(pages::new(&Attempt { draft, ..Attempt::default() }, &looker.viewer))
}

/// `POST /console/setup/new`.
pub(super) async fn attempt(
    State(console): State<Arc<Console>>,
    pressed: Pressed,
) -> Result<Html<String>, No> {
    let field = |name: &str| pressed.field(name).trim().to_owned();
    let draft = Draft {
        name: field("name"),
        environment: field("environment"),
        host: field("host"),
        port: field("port"),
        database: field("database"),
        user: field("user"),
        tls: field("tls"),
        variable: field("variable"),
    };
    let (secret, tries) = (pressed.field("secret").to_owned(), pressed.field("word") == "test");
    let looker = pressed.looker.need(Place::Setup.right())?;
    let text = section(&draft);
    let mut page = Attempt { draft, ..Attempt::default() };
    match setup::with_section(&console.shared, &text) {
        Err(problems) => page.problems = problems,
        Ok(config) => {
            page.section = Some(text);
            if tries {
                let draft = &page.draft;
                let what = format!(
                    "tried to reach {}:{} as {} by the console",
                    draft.host, draft.port, draft.user
                );
                console.tried(&looker, &what).await?;
                page.tried = Some(reach(&config, &draft.name, secret).await);
            }
        }
    }
    html(pages::new(&page, &looker.viewer))
}

/// Reaches what a section names, with a password that somebody typed: never with one that stands in
/// a file or a variable of this machine, for a section may name any server.
async fn reach(config: &config::Config, name: &str, secret: String) -> Result<Found, String> {
    let (database, _) = config.database(name).ok_or("there is no such database")?;
    // On a socket the account that Weir runs as is what signs in: nobody typed that.
    if database.upstream.host.starts_with('/') {
        return Err("a socket of this machine is not tried from here: put the section into \
                    weir.toml, and run `weir labels scan`"
            .to_owned());
    }
    let mut database = database.clone();
    database.upstream.password = None;
    let mut reached = upstream(config, &database).map_err(|error| format!("{error:#}"))?;
    reached.password = (!secret.is_empty()).then(|| secret.into());
    setup::look(config, name, &reached).await
}

/// A section of weir.toml. Texts are quoted as JSON has them, which TOML reads.
fn section(draft: &Draft) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut lines = vec!["[[database]]".to_owned(), format!("name = {}", quoted(&draft.name))];
    if !draft.environment.is_empty() {
        lines.push(format!("environment = {}", quoted(&draft.environment)));
    }
    lines.push("\n[database.upstream]".to_owned());
    lines.push(format!("host = {}", quoted(&draft.host)));
    match draft.port.parse::<u16>() {
        Ok(port) => lines.push(format!("port = {port}")),
        Err(_) => lines.push(format!("port = {}", quoted(&draft.port))),
    }
    if !draft.database.is_empty() {
        lines.push(format!("database = {}", quoted(&draft.database)));
    }
    lines.push(format!("user = {}", quoted(&draft.user)));
    if !draft.variable.is_empty() {
        lines.push(format!("password = {{ env = {} }}", quoted(&draft.variable)));
    }
    lines.push(format!("tls = {}", quoted(&draft.tls)));
    lines.join("\n") + "\n"
}

impl Console {
    /// Puts it into the record that somebody tried something.
    async fn tried(&self, looker: &Looker, what: &str) -> Result<(), No> {
        let (who, now) = (&looker.who.name, SystemTime::now());
        self.shared.store.administered(now, who, what).await?;
        Ok(())
    }

    async fn setup_page(
        &self,
        looker: &Looker,
        asked: &Asked,
        said: Option<(Tone, String)>,
    ) -> Result<String, No> {
        let (shared, config) = (&self.shared, self.shared.config.load_full());
        let accounts = shared.store.identities().await?;
        let identities: Vec<String> = accounts.iter().map(|one| one.name.to_string()).collect();
        // Lines are pasted into shells and programs: no name that means something there.
        let plain = |one: &String| {
            let letter = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            one.chars().all(letter) && !one.starts_with('-')
        };
        let names = setup::names(shared).await?;
        let databases: Vec<String> = names.into_iter().filter(plain).collect();
        let chosen = |all: &[String], wanted: &str, or: &str| {
            let found = all.iter().find(|one| *one == wanted).or_else(|| all.first());
            found.cloned().unwrap_or_else(|| or.to_owned())
        };
        let address = config.listen.postgres;
        let host = match address.ip().is_unspecified() {
            true => "weir.internal".to_owned(),
            false => address.ip().to_string(),
        };
        let endpoint = Endpoint {
            host,
            port: address.port(),
            api: setup::api_url(&config),
            identity: chosen(&identities, &asked.identity, "alice"),
            database: chosen(&databases, &asked.database, "shop"),
            identities,
            databases,
        };
        let page = Setup {
            obstacles: shared.health.obstacles(),
            databases: setup::databases(shared).await?,
            ledger: setup::ledger(shared),
            exports: setup::exports(shared),
            endpoint,
            said,
        };
        Ok(pages::page(&page, &looker.viewer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_a_text_in_a_section() {
        let hostile = "x\"\n[listen]\npostgres = \"0.0.0.0:1";
        let draft = Draft {
            name: hostile.to_owned(),
            host: "db".to_owned(),
            port: "1; x = 2".to_owned(),
            user: "a'b\\".to_owned(),
            tls: "require".to_owned(),
            ..Draft::default()
        };
        let text = section(&draft);
        let sections = text.lines().filter(|line| line.starts_with('[')).count();
        assert_eq!(sections, 2, "{text}");
        let keys = text.lines().filter(|line| !line.is_empty() && !line.starts_with('['));
        assert!(keys.clone().all(|line| line.contains(" = ")), "{text}");
        assert_eq!(keys.count(), 5, "{text}");
    }
}
