//! `[aws]`, `[gcp]`, `[azure]`: what Weir is in a cloud that knows who it is. Knows no protocol.

use crate::{
    kind::{Fault, FilePath, SecretRef, Text},
    settings::{Application, Aws, Azure, Clouds, Gcp, Proof},
    table::Table,
};

const AWS: &str = "Where `iam = \"aws\"` in [database.upstream] has its keys from: the \
environment, a role for a web identity, the shared file of keys, the container, or the instance, \
whichever comes first. See docs/upstream.md.";

const GCP: &str = "Where `iam = \"gcp\"` in [database.upstream] has its tokens from: the \
instance's service account, or the one of `key_file`. See docs/upstream.md.";

const AZURE: &str = "Where `iam = \"azure\"` in [database.upstream] has its tokens from: the \
instance's managed identity, or an application (`tenant`, `client_id`, and `client_secret` or \
`federated_token`). See docs/upstream.md.";

/// All three sections.
pub(super) fn clouds(table: &mut Table<'_>) -> Clouds {
    Clouds {
        aws: aws(table.table("aws", "[aws]", AWS)),
        gcp: gcp(table.table("gcp", "[gcp]", GCP)),
        azure: azure(table.table("azure", "[azure]", AZURE)),
    }
}

fn aws(mut table: Table<'_>) -> Aws {
    let region = table.optional(
        "region",
        &Text { what: "a region" },
        "The region of upstreams whose `host` does not say it, as RDS's own names do. Without it, \
         AWS_REGION.",
    );
    let profile = table.optional(
        "profile",
        &Text { what: "a profile" },
        "The profile in the shared file of keys. Without it, AWS_PROFILE, else \"default\".",
    );
    let metadata = metadata(&mut table, "\"http://169.254.169.254\"");
    table.finish();
    Aws { region, profile, metadata }
}

fn gcp(mut table: Table<'_>) -> Gcp {
    let key_file = table.optional(
        "key_file",
        &FilePath,
        "JSON file with the key of a service account, as Google makes it. Without it, the service \
         account that the metadata server speaks for.",
    );
    let metadata = metadata(&mut table, "\"http://metadata.google.internal\"");
    table.finish();
    Gcp { key_file, metadata }
}

fn azure(mut table: Table<'_>) -> Azure {
    let proofs = ["client_secret", "federated_token"];
    let proven = proofs.iter().any(|name| table.span_of(name).is_some());
    let client_id = table.optional(
        "client_id",
        &Text { what: "an id" },
        "The application's id; or that of one managed identity, where there are several.",
    );
    let tenant =
        table.optional("tenant", &Text { what: "an id" }, "An application's tenant, by its id.");
    let secret = table.optional(
        "client_secret",
        &SecretRef,
        "Where the application's secret is. It is read anew each time.",
    );
    let token = table.optional(
        "federated_token",
        &SecretRef,
        "Or where a token of its platform's is that Entra takes for it, as AKS puts it into a \
         file. It is read anew each time.",
    );
    let authority = address(
        &mut table,
        "authority",
        "\"https://login.microsoftonline.com\"",
        "Where applications sign in.",
    );
    let metadata = metadata(&mut table, "\"http://169.254.169.254\"");
    let proof = match (secret, token) {
        (Some(secret), None) => Some(Proof::Secret(secret)),
        (None, Some(token)) => Some(Proof::Token(token)),
        _ => None,
    };
    let application = match (tenant, proof, &client_id) {
        (Some(tenant), Some(proof), Some(_)) => Some(Application { authority, tenant, proof }),
        (None, None, _) if !proven => None,
        _ => {
            let help = "leave all but `client_id` out for a managed identity";
            let message = "an application of [azure] needs `tenant`, `client_id`, and either \
                           `client_secret` or `federated_token`";
            table.fault(table.span(), Fault::help(message, help));
            None
        }
    };
    table.finish();
    Azure { client_id, application, metadata }
}

/// Where a machine is told who it is.
fn metadata(table: &mut Table<'_>, usual: &'static str) -> String {
    address(table, "metadata", usual, "Where the metadata service is, if not where it always is.")
}

/// An address that secrets may be had from.
fn address(
    table: &mut Table<'_>,
    name: &'static str,
    usual: &'static str,
    about: &'static str,
) -> String {
    let span = table.span_of(name).unwrap_or(table.span());
    let address = table.or(name, &Text { what: "a URL" }, usual, about);
    if !address.is_empty() && !is_close(&address) {
        let message = format!("`{name}` is https, or http on this machine or its own link");
        table.fault(span, Fault::new(message));
    }
    address.trim_end_matches('/').to_owned()
}

/// The hosts beside this machine that clouds answer at without TLS.
const LINK: [&str; 2] = ["metadata.google.internal", "[fd00:ec2::254]"];

/// True if nobody on a network can read along.
fn is_close(address: &str) -> bool {
    let Some(rest) = address.strip_prefix("http://") else {
        return address.starts_with("https://");
    };
    let host = rest.split('/').next().unwrap_or_default();
    let bare = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|c| c.is_ascii_digit()));
    let host = bare.map_or(host, |(host, _)| host);
    let link = host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_link_local());
    link || LINK.contains(&host) || super::vault::is_own(host)
}
