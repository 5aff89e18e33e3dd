//! What the claims of a provider mean here.

use super::*;
use model::IdentityKind;
use serde_json::json;
use std::time::Duration;

fn provider(name_claim: &str, prefix: &str) -> Provider {
    Provider::new(&settings(name_claim, prefix)).unwrap()
}

fn settings(name_claim: &str, prefix: &str) -> config::Provider {
    config::Provider {
        name: "corp".to_owned(),
        issuer: "https://id.example".to_owned(),
        client_id: "weir".to_owned(),
        audience: None,
        scopes: Vec::new(),
        name_claim: name_claim.to_owned(),
        name_suffix: String::new(),
        groups_claim: "groups".to_owned(),
        groups_prefix: prefix.to_owned(),
        algorithms: vec!["RS256".to_owned()],
        require: Vec::new(),
        kind: IdentityKind::Person,
        lifetime: Duration::from_secs(60),
        longest: Duration::from_secs(60),
        skew: Duration::ZERO,
        ca: None,
        scim_token: None,
    }
}

fn person(provider: &Provider, all: Value) -> Result<(String, Option<Vec<String>>), String> {
    let all = all.as_object().unwrap();
    let name = provider.name(all).map_err(|why| why.to_string())?;
    Ok((name, provider.groups(all).map_err(|why| why.to_string())?))
}

#[test]
fn names_come_from_their_claim() {
    let plain = provider("preferred_username", "");
    assert_eq!(
        person(&plain, json!({ "preferred_username": "alice", "groups": [] })).unwrap().0,
        "alice"
    );
    let name = |said: Value| plain.name(json!({ "preferred_username": said }).as_object().unwrap());
    assert!(plain.name(&Map::new()).is_err());
    for bad in [json!(5), json!("a/b"), json!("os:root"), json!("weir"), json!("\u{430}lice")] {
        assert!(name(bad.clone()).is_err(), "{bad}");
    }
    let suffixed = config::Provider { name_suffix: "@corp".to_owned(), ..settings("sub", "") };
    let suffixed = Provider::new(&suffixed).unwrap();
    let alice = json!({ "sub": "alice", "groups": [] });
    assert_eq!(person(&suffixed, alice).unwrap().0, "alice@corp");
    let mail = provider("email", "");
    let address = "alice@example.com";
    let said =
        |verified: Value| json!({ "email": address, "email_verified": verified, "groups": [] });
    assert!(person(&mail, said(json!(true))).is_ok());
    assert!(person(&mail, said(json!(false))).is_err());
    assert!(person(&mail, said(json!("true"))).is_err());
    assert!(person(&mail, json!({ "email": "alice@example.com", "groups": [] })).is_err());
}

#[test]
fn groups_are_names_with_their_prefix() {
    let corp = provider("sub", "corp:");
    let groups = |groups: Value| {
        let said = person(&corp, json!({ "sub": "alice", "groups": groups }))?.1;
        Ok::<_, String>(said.unwrap())
    };
    assert_eq!(groups(json!(["b", "a", "b"])).unwrap(), ["corp:a", "corp:b"]);
    assert_eq!(groups(json!("support")).unwrap(), ["corp:support"]);
    assert!(groups(json!([])).unwrap().is_empty());
    let unsaid = "it does not say the groups";
    assert_eq!(groups(json!(null)).unwrap_err(), unsaid);
    assert_eq!(person(&corp, json!({ "sub": "alice" })).unwrap_err(), unsaid);
    assert_eq!(groups(json!(["Domain Users", "ok", "a/b"])).unwrap(), ["corp:ok"]);
    assert!(groups(json!([1])).is_err());
    assert!(groups(json!({ "a": 1 })).is_err());
    assert!(groups(json!(vec!["x"; MAX_GROUPS + 1])).is_err());
    let elsewhere = json!({ "sub": "alice", "_claim_names": { "groups": "src1" } });
    assert!(person(&corp, elsewhere).is_err(), "unknown groups are not no groups");
}

#[test]
fn groups_that_a_token_is_not_to_say_are_not_read_from_it() {
    let none = config::Provider { groups_claim: "none".to_owned(), ..settings("sub", "corp:") };
    let none = Provider::new(&none).unwrap();
    let scim = Provider { scim: Some([0; 32]), ..provider("sub", "corp:") };
    for provider in [none, scim] {
        for said in [json!({ "sub": "a" }), json!({ "sub": "a", "groups": ["x"], "none": ["y"] })] {
            assert_eq!(person(&provider, said).unwrap().1, None);
        }
    }
}
