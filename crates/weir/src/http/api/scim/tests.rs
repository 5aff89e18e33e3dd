//! Requests as providers send them.

use super::*;
use store::Members;

#[test]
fn a_user_is_switched_off_in_every_provider_s_way() {
    let change = |operations: Value| patch::user(&json!({ "Operations": operations }));
    for off in [
        json!([{ "op": "replace", "path": "active", "value": false }]),
        json!([{ "op": "Replace", "path": "active", "value": "False" }]),
        json!([{ "op": "replace", "value": { "active": false } }]),
        json!([{ "op": "add", "path": "title", "value": "x" }, { "op": "replace", "value": { "active": false } }]),
    ] {
        assert_eq!(change(off.clone()).unwrap().active, Some(false), "{off}");
    }
    let renamed = change(json!([{ "op": "replace", "path": "userName", "value": "eve" }])).unwrap();
    assert_eq!((renamed.active, renamed.name.as_deref()), (None, Some("eve")));
    for bad in [
        json!([{ "op": "replace", "path": "active", "value": "no" }]),
        json!([{ "op": "replace", "path": "active" }]),
        json!([{ "op": "remove", "path": "active" }]),
        json!([{ "op": "erase", "path": "active", "value": false }]),
        json!([{ "op": "replace", "path": 5, "value": false }]),
        json!([{ "op": "replace", "value": false }]),
        json!("active"),
    ] {
        assert!(change(bad.clone()).is_err(), "{bad}");
    }
}

#[test]
fn members_come_and_go_in_every_provider_s_way() {
    let change = |operation: Value| {
        patch::group(&json!({ "Operations": [operation] })).map(|change| change.members)
    };
    let alice = || vec!["alice".to_owned()];
    let list = json!([{ "value": "alice" }]);
    for (operation, expected) in [
        (json!({ "op": "Add", "path": "members", "value": list }), Members::Also(alice())),
        (json!({ "op": "replace", "path": "members", "value": list }), Members::Are(alice())),
        (json!({ "op": "remove", "path": "members", "value": list }), Members::Without(alice())),
        (json!({ "op": "remove", "path": "members" }), Members::Are(Vec::new())),
        (
            json!({ "op": "remove", "path": "members[value eq \"alice\"]" }),
            Members::Without(alice()),
        ),
        (json!({ "op": "replace", "value": { "members": list } }), Members::Are(alice())),
        (
            json!({ "op": "add", "path": "members", "value": { "value": "alice" } }),
            Members::Also(alice()),
        ),
    ] {
        assert_eq!(change(operation.clone()).unwrap(), [expected], "{operation}");
    }
    for bad in [
        json!({ "op": "add", "path": "members" }),
        json!({ "op": "add", "path": "members", "value": ["alice"] }),
        json!({ "op": "add", "path": "members[value eq \"alice\"]", "value": list }),
        json!({ "op": "remove", "path": "members[display eq \"alice\"]" }),
        json!({ "op": "remove", "path": "members[value eq \"alice\"" }),
        json!({ "op": "remove", "path": "others[value eq \"alice\"]" }),
    ] {
        assert!(change(bad.clone()).is_err(), "{bad}");
    }
}

#[test]
fn filters_are_equalities_and_others_are_refused() {
    let read = |filter: &str| Wanted::read(&[("filter".to_owned(), filter.to_owned())]);
    let wanted = read("userName eq \"a \\\"b\"").ok().unwrap();
    assert_eq!(wanted.filter, Some(("username".to_owned(), "a \"b".to_owned())));
    for bad in ["userName", "userName sw \"a\"", "userName eq a", "a eq \"b\" or c eq \"d\"", ""] {
        assert!(read(bad).is_err(), "{bad}");
    }
    let page = |start: &str, count: &str| {
        let query = [("startIndex", start), ("count", count)];
        Wanted::read(&query.map(|(name, value)| (name.to_owned(), value.to_owned())))
    };
    let wanted = page("-3", "100000").ok().unwrap();
    assert_eq!((wanted.start, wanted.count), (1, MOST));
    assert!(page("x", "1").is_err());
}
