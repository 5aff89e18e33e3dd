//! What the token endpoint takes for a request.

use super::*;

fn form(more: &[(&str, &str)]) -> Vec<(String, String)> {
    let base =
        [("grant_type", EXCHANGE), ("subject_token_type", ID_TOKEN), ("subject_token", "a.b.c")];
    let all = base.iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
    all.chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn what_is_not_understood_is_refused() {
    for (more, error) in [
        (vec![("grant_type", "password")], "unsupported_grant_type"),
        (vec![("subject_token_type", "urn:x")], "invalid_request"),
        (vec![("subject_token", "")], "invalid_request"),
        (vec![("requested_token_type", ID_TOKEN)], "invalid_request"),
        (vec![("audience", "elsewhere")], "invalid_target"),
        (vec![("resource", "https://weir")], "invalid_request"),
        (vec![("scope", "database:shop"), ("scope", "database:crm")], "invalid_request"),
        (vec![("scope", "admin")], "invalid_scope"),
        (vec![("scope", "database:")], "invalid_scope"),
        (vec![("scope", "database:shop"), ("renews", "weir_t1_x")], "invalid_scope"),
        (vec![("scope", ""), ("renews", "weir_t1_x")], "invalid_scope"),
    ] {
        assert_eq!(wanted(&form(&more)).err().unwrap().error, error, "{more:?}");
    }
}

#[test]
fn a_scope_names_databases() {
    let asked = wanted(&form(&[("scope", "database:shop  database:crm")])).ok().unwrap();
    assert_eq!(asked.databases, ["shop", "crm"]);
    assert_eq!(scope(&asked.databases), "database:shop database:crm");
    assert!(wanted(&form(&[])).ok().unwrap().databases.is_empty());
    assert!(wanted(&form(&[("renews", "weir_t1_x")])).ok().unwrap().renews.is_some());
}
