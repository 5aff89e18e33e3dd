//! Lines to paste, for each client and language. They hold no password: where one is needed it
//! stands as an ellipsis, or comes from the environment.

use crate::{Shown, layout::Place};
use maud::{Markup, html};

/// What clients are told.
#[derive(Clone, Debug, Default)]
pub struct Endpoint {
    /// The host that clients connect to.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The API's URL, where tools are.
    pub api: String,
    /// For whom.
    pub identity: String,
    /// The database.
    pub database: String,
    /// Identities that there are.
    pub identities: Vec<String>,
    /// Databases that there are.
    pub databases: Vec<String>,
}

/// A client with its lines.
fn clients(of: &Endpoint) -> Vec<(&'static str, String)> {
    let Endpoint { host, port, api, identity, database, .. } = of;
    let url = format!("postgresql://{identity}@{host}:{port}/{database}");
    vec![
        ("psql", format!("psql '{url}?sslmode=require&channel_binding=require'")),
        ("weir connect", format!("weir login --url {api}\nweir connect {database}")),
        (
            "Python (psycopg)",
            format!(
                "import os, psycopg\nconnection = psycopg.connect(\n    host=\"{host}\", \
                 port={port}, dbname=\"{database}\", user=\"{identity}\",\n    \
                 password=os.environ[\"PGPASSWORD\"], sslmode=\"require\")"
            ),
        ),
        (
            "Java (JDBC)",
            format!(
                "jdbc:postgresql://{host}:{port}/{database}?user={identity}&sslmode=require\n\
                 # password: the property \"password\", or PGPASSWORD of your pool"
            ),
        ),
        (
            "Node.js (pg)",
            format!(
                "const client = new (require('pg').Client)({{\n  host: '{host}', port: {port}, \
                 database: '{database}', user: '{identity}',\n  password: process.env.PGPASSWORD, \
                 ssl: {{ ca: fs.readFileSync('ca.pem') }},\n}});"
            ),
        ),
        (
            "Go (pgx)",
            format!(
                "// PGPASSWORD in the environment\nconn, err := pgx.Connect(ctx, \
                 \"{url}?sslmode=require\")"
            ),
        ),
        (
            "DBeaver",
            format!(
                "Driver: PostgreSQL\nHost: {host}\nPort: {port}\nDatabase: {database}\nUsername: \
                 {identity}\nSSL: use SSL, mode require"
            ),
        ),
        (
            "Tools of models (MCP)",
            format!(
                "{{\n  \"mcpServers\": {{\n    \"weir\": {{\n      \"type\": \"http\",\n      \
                 \"url\": \"{api}/mcp\",\n      \"headers\": {{ \"Authorization\": \"Bearer \
                 ${{WEIR_TOKEN}}\" }}\n    }}\n  }}\n}}"
            ),
        ),
    ]
}

/// All of them.
pub fn lines(of: &Endpoint) -> Markup {
    html! {
        section .card aria-labelledby="clients" {
            header { h2 #clients { "Lines to paste" } }
            div .body {
                form .filter method="get" action=(Place::Setup.path()) {
                    (choice("identity", "For", &of.identities, &of.identity))
                    (choice("database", "Database", &of.databases, &of.database))
                    button type="submit" { "Show" }
                }
                @for (at, (name, text)) in clients(of).iter().enumerate() {
                    details open[at == 0] {
                        summary { (name) }
                        pre .sql tabindex="0" role="region" aria-label=(name) {
                            code { (Shown(text)) }
                        }
                    }
                }
                p .soft.small {
                    "Passwords are theirs, or tokens: " code { "weir token" } " prints one after "
                    code { "weir login" } "."
                }
            }
        }
    }
}

fn choice(name: &str, label: &str, all: &[String], chosen: &str) -> Markup {
    html! {
        div .field {
            label for=(name) { (label) }
            select id=(name) name=(name) {
                @for one in all {
                    option value=(Shown(one)) selected[one == chosen] { (Shown(one)) }
                }
            }
        }
    }
}
