//! What the claims of a provider mean here.

use super::*;
use model::IdentityKind;
use serde_json::json;
use std::time::Duration;

fn provider(name_claim: &str, prefix: &str) -> Provider {
    Provider::new(&config::Provider {
        name: "corp".to_owned(),
        issuer: "https://id.example".to_owned(),
        client_id: "weir".to_owned(),
        audience: None,
        scopes: Vec::new(),
        name_claim: name_claim.to_owned(),
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
    })
    .unwrap()
}

fn person(provider: &Provider, all: Value) -> Result<(String, Vec<String>), String> {
    let all = all.as_object().unwrap();
    let name = provider.name(all).map_err(|why| why.to_string())?;
    Ok((name, provider.groups(all).map_err(|why| why.to_string())?))
}

#[test]
fn names_come_from_their_claim() {
    let plain = provider("preferred_username", "");
    assert_eq!(person(&plain, json!({ "preferred_username": "alice" })).unwrap().0, "alice");
    for bad in
        [json!({}), json!({ "preferred_username": 5 }), json!({ "preferred_username": "a/b" })]
    {
        assert!(person(&plain, bad).is_err());
    }
    let mail = provider("email", "");
    let said =
        |verified: Value| json!({ "email": "alice@example.com", "email_verified": verified });
    assert!(person(&mail, said(json!(true))).is_ok());
    assert!(person(&mail, said(json!(false))).is_err());
    assert!(person(&mail, said(json!("true"))).is_err());
    assert!(person(&mail, json!({ "email": "alice@example.com" })).is_err());
}

#[test]
fn groups_are_names_with_their_prefix() {
    let corp = provider("sub", "corp:");
    let groups = |groups: Value| {
        person(&corp, json!({ "sub": "alice", "groups": groups })).map(|(_, groups)| groups)
    };
    assert_eq!(groups(json!(["b", "a", "b"])).unwrap(), ["corp:a", "corp:b"]);
    assert_eq!(groups(json!("support")).unwrap(), ["corp:support"]);
    assert!(groups(json!(null)).unwrap().is_empty());
    assert_eq!(groups(json!(["Domain Users", "ok", "a/b"])).unwrap(), ["corp:ok"]);
    assert!(groups(json!([1])).is_err());
    assert!(groups(json!({ "a": 1 })).is_err());
    assert!(groups(json!(vec!["x"; MAX_GROUPS + 1])).is_err());
    let elsewhere = json!({ "sub": "alice", "_claim_names": { "groups": "src1" } });
    assert!(person(&corp, elsewhere).is_err(), "unknown groups are not no groups");
}
