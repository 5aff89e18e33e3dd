//! `[vault]`: where passwords of upstreams can stand. Knows no protocol.

use crate::{
    kind::{Fault, FilePath, SecretRef, Text},
    secret::SecretSource,
    settings::{Database, Vault, VaultAuth},
    table::Table,
};

pub(super) const VAULT: &str = "A HashiCorp Vault or OpenBao that holds, or makes, what Weir signs \
in with at upstreams (`vault` in [database.upstream]). It stands with one of `token`, `role_id` \
(AppRole) and `kubernetes_role`. See docs/upstream.md.";

/// Where Kubernetes puts a service account's token.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// The section; nothing if the file has none.
pub(super) fn vault(mut table: Table<'_>, present: bool) -> Option<Vault> {
    let span = table.span_of("address").unwrap_or(table.span());
    let address = table.optional(
        "address",
        &Text { what: "a URL" },
        "Where it is: https, or http on this machine.",
    );
    let namespace = table.optional(
        "namespace",
        &Text { what: "a namespace" },
        "Its namespace, where it has those.",
    );
    let ca = table.optional(
        "ca",
        &FilePath,
        "PEM file of certificate authorities. Without it, the system's.",
    );
    let auth = auth(&mut table);
    if present && auth.is_none() {
        let help = "token = { file = \"…\" }, or role_id and secret_id, or kubernetes_role";
        let fault = Fault::help("[vault] says not in one way how Weir signs in there", help);
        table.fault(table.span(), fault);
    }
    let own = |rest: &str| {
        is_own(rest.split(['/', ':']).next().unwrap_or_default()) || rest.starts_with("[::1]")
    };
    let fits = |address: &String| {
        address.starts_with("https://") || address.strip_prefix("http://").is_some_and(own)
    };
    let address = address.filter(|address| {
        let fits = fits(address);
        if !fits {
            table.fault(span.clone(), Fault::new("`address` is https, or http on this machine"));
        }
        fits
    });
    if present && address.is_none() {
        table.fault(span, Fault::new("[vault] needs `address`"));
    }
    table.finish();
    let address = address?.trim_end_matches('/').to_owned();
    Some(Vault { address, namespace, ca, auth: auth? })
}

/// True if a URL with this host stays on this machine.
pub(super) fn is_own(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// How Weir signs in there; nothing if it is said in no way or in several.
fn auth(table: &mut Table<'_>) -> Option<VaultAuth> {
    let token = table.optional(
        "token",
        &SecretRef,
        "Where a token is. It is read anew each time: an agent of Vault's may keep it fresh.",
    );
    let role_id = table.optional("role_id", &Text { what: "an id" }, "AppRole: the role's id.");
    let secret_id =
        table.optional("secret_id", &SecretRef, "AppRole: where the role's secret id is.");
    let kubernetes = table.optional(
        "kubernetes_role",
        &Text { what: "a role" },
        "Kubernetes: the role at Vault.",
    );
    let jwt = table.optional(
        "kubernetes_token",
        &SecretRef,
        "Kubernetes: where the service account's token is, if not where Kubernetes puts it.",
    );
    let mount = table.optional(
        "mount",
        &Text { what: "a path" },
        "Where AppRole or Kubernetes is mounted, if not at `approle` or `kubernetes`.",
    );
    let mount = |usual: &str| mount.clone().unwrap_or_else(|| usual.to_owned());
    match (token, role_id, secret_id, kubernetes) {
        (Some(token), None, None, None) => Some(VaultAuth::Token(token)),
        (None, Some(role_id), Some(secret_id), None) => {
            Some(VaultAuth::AppRole { mount: mount("approle"), role_id, secret_id })
        }
        (None, None, None, Some(role)) => {
            let jwt = jwt.unwrap_or_else(|| SecretSource::File(SERVICE_ACCOUNT.into()));
            Some(VaultAuth::Kubernetes { mount: mount("kubernetes"), role, jwt })
        }
        _ => None,
    }
}

/// Upstreams whose credentials are to come from a Vault that the file does not name.
pub(super) fn missing<'d>(
    vault: Option<&Vault>,
    databases: &'d [Database],
) -> impl Iterator<Item = &'d str> {
    let none = vault.is_none();
    let wants = databases.iter().filter(move |database| none && database.upstream.vault.is_some());
    wants.map(|database| database.name.as_str())
}
