//! A database that is to be added: what stands in weir.toml then, whether it can be reached, what
//! is in it. Nothing is written, and no password is kept.

use crate::{
    Icon, Shown, icon,
    layout::{Page, Place, Tone, Viewer, csrf, notice},
    parts::grouped,
};
use maud::{Markup, html};

/// What somebody wants to add.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The name clients will ask for.
    pub name: String,
    /// What policies know it as.
    pub environment: String,
    /// Where it is.
    pub host: String,
    /// Its port.
    pub port: String,
    /// Its own name of the database; the same if empty.
    pub database: String,
    /// As whom Weir signs in.
    pub user: String,
    /// How it is spoken to.
    pub tls: String,
    /// The name of the environment's variable that has the password.
    pub variable: String,
}

/// What was found in it.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Tables and columns.
    pub counts: (usize, usize),
    /// Labels with how many columns would bear them.
    pub labels: Vec<(String, usize)>,
    /// How long it took, in words.
    pub took: String,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Attempt {
    /// What is wanted.
    pub draft: Draft,
    /// What is to be pasted into weir.toml, if it is sound.
    pub section: Option<String>,
    /// What is wrong with it.
    pub problems: Vec<String>,
    /// What was found, or why nothing was.
    pub tried: Option<Result<Found, String>>,
}

/// The page.
pub fn new(attempt: &Attempt, viewer: &Viewer) -> String {
    let content = html! {
        p .small { a href=(Place::Setup.path()) { "Setup" } }
        div .head { h1 { "Add a database" } }
        @for problem in &attempt.problems {
            (notice(Tone::Bad, &html! { (Shown(problem)) }))
        }
        @if let Some(tried) = &attempt.tried { (told(tried)) }
        div .columns {
            section .card aria-labelledby="draft" {
                header { h2 #draft { "1. Where it is" } }
                div .body { (form(&attempt.draft, viewer)) }
            }
            div { @if let Some(section) = &attempt.section { (paste(section, &attempt.draft)) } }
        }
    };
    Page { title: "Add a database", ..Page::of(Place::Setup, viewer) }.whole(&content)
}

fn told(tried: &Result<Found, String>) -> Markup {
    match tried {
        Err(why) => notice(Tone::Bad, &html! { "It was not reached: " (Shown(why)) }),
        Ok(found) => notice(
            Tone::Good,
            &html! {
                "It answers. " (grouped(found.counts.0 as u64)) " tables, "
                (grouped(found.counts.1 as u64)) " columns, in " (found.took) ". "
                @if found.labels.is_empty() {
                    "No column would bear a label."
                } @else {
                    "Labels that columns would bear: "
                    span .badges {
                        @for (label, count) in &found.labels {
                            span .badge.mask {
                                (icon(Icon::Mask)) (Shown(label)) " × " (count)
                            }
                        }
                    }
                }
            },
        ),
    }
}

fn field(name: &str, label: &str, value: &str, hint: &str) -> Markup {
    html! {
        div .field {
            label for=(name) { (label) }
            input id=(name) name=(name) value=(Shown(value)) placeholder=(hint) maxlength="255"
                autocomplete="off" autocapitalize="none" spellcheck="false";
        }
    }
}

fn form(draft: &Draft, viewer: &Viewer) -> Markup {
    let ways = [
        ("verify-full", "TLS, certificate and host name checked"),
        ("require", "TLS, whoever answers"),
        ("disable", "without TLS"),
    ];
    html! {
        form .stack method="post" action=(format!("{}/new", Place::Setup.path())) {
            (csrf(viewer))
            (field("name", "Name that clients ask for", &draft.name, "shop"))
            (field("environment", "Environment", &draft.environment, "production"))
            div .filter {
                (field("host", "Host", &draft.host, "db.internal"))
                (field("port", "Port", &draft.port, "5432"))
            }
            (field("database", "Its own name, if another", &draft.database, ""))
            (field("user", "Role that Weir signs in as", &draft.user, "weir"))
            div .field {
                label for="tls" { "Connection" }
                select #tls name="tls" {
                    @for (word, text) in ways {
                        option value=(word) selected[draft.tls == word] { (text) }
                    }
                }
            }
            (field("variable", "Environment variable with the password", &draft.variable,
                "SHOP_PASSWORD"))
            div .field {
                label for="secret" { "Password, for the test alone: it is not kept" }
                input #secret name="secret" type="password" autocomplete="off" maxlength="1000";
            }
            div .row {
                button #test .main type="submit" name="word" value="test" {
                    "Test the connection"
                }
                button #draft-only type="submit" name="word" value="draft" { "Only the section" }
            }
            p .soft.small {
                "Weir connects from where it runs, reads the catalog and samples values to find \
                 labels; nothing is written anywhere but that you tried."
            }
        }
    }
}

fn paste(section: &str, draft: &Draft) -> Markup {
    html! {
        section .card aria-labelledby="paste" {
            header { h2 #paste { "2. Into weir.toml" } }
            div .body {
                pre .sql tabindex="0" role="region" aria-label="section" {
                    code #section { (Shown(section)) }
                }
                p {
                    "Give Weir the password as " code { (Shown(&draft.variable)) } ", then "
                    code { "weir check" } " and SIGHUP: sessions that are open go on."
                }
            }
        }
        section .card aria-labelledby="then" {
            header { h2 #then { "3. Then" } }
            div .body {
                p {
                    "Its columns are labelled when it is first served: see the data map. What \
                     policy does to a statement on it is explained under "
                    a href="/console/policies/explain" { "Policies" } "."
                }
            }
        }
    }
}
