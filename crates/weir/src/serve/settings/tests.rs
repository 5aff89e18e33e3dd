//! What a changed file changes, and what it does not.

use super::merge;
use config::{Config, parse};

fn config(top: &str) -> Config {
    let text = format!("{top}\n[[database]]\nname='a'\n[database.upstream]\nhost='h'\nuser='u'\n");
    parse("weir.toml".as_ref(), &text).unwrap()
}

#[test]
fn limits_change_and_addresses_wait() {
    let old = config("");
    let new = config("[listen]\npostgres='127.0.0.1:7000'\n[limits]\nidle_timeout='1h'");
    let (merged, left) = merge(&old, new.clone());
    assert_eq!(left, ["listen.postgres"]);
    assert_eq!(merged.listen, old.listen);
    assert_eq!(merged.limits, new.limits);
    let (merged, left) = merge(
        &old,
        config(
            "[listen]\napi='127.0.0.1:7001'\n[limits]\nmax_signing_in=7\n[ledger]\nname='other'\n\
             [[provider]]\nname='p'\nissuer='https://p.example'\nclient_id='weir'",
        ),
    );
    assert_eq!(left, ["listen.api", "[[provider]]", "ledger.name", "limits.max_signing_in"]);
    assert_eq!(merged, old, "nothing is half applied");
    let (_, left) =
        merge(&old, config("state_dir='/x'\n[tls]\nplaintext='never'\n[log]\nlevel='warn'"));
    assert_eq!(left, ["state_dir", "[tls]", "[log]"]);
}
