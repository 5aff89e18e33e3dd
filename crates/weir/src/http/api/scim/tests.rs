//! Requests as providers send them.

use super::{
    attributes::{GROUP, USER, attribute, attributes},
    *,
};
use store::Members;

#[test]
fn a_user_is_switched_off_in_every_provider_s_way() {
    let change = |operations: Value| patch::user(&json!({ "Operations": operations }));
    for off in [
        json!([{ "op": "replace", "path": "active", "value": false }]),
        json!([{ "op": "Replace", "path": "active", "value": "False" }]),
        json!([{ "op": "replace", "value": { "active": false } }]),
        json!([{ "op": "add", "path": "title", "value": "x" }, { "op": "replace", "value": { "active": false } }]),
        json!([{ "op": "replace", "path": format!("{USER}:active"), "value": false }]),
        json!([{ "OP": "replace", "Path": "ACTIVE", "Value": false }]),
        json!([{ "op": "replace", "value": { "Active": "false" } }]),
        json!([{ "op": "replace", "value": { format!("{USER}:active"): false } }]),
        json!([{ "op": "replace", "value": { USER: { "active": false } } }]),
        json!([{ "op": "replace", "path": USER, "value": { "active": false } }]),
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
        json!([{ "op": "replace", "path": "active.value", "value": false }]),
        json!([{ "op": "replace", "path": "/active", "value": false }]),
        json!([{ "op": "replace", "path": "active[value eq \"true\"]", "value": false }]),
        json!([{ "op": "replace", "path": "urn:x:2.0:User:active", "value": false }]),
        json!([{ "op": "replace", "value": { "urn:x:2.0:User": { "active": false } } }]),
        json!([{ "op": "replace", "value": { "active": true, "Active": false } }]),
        json!([{ "op": "replace", "path": "active", "Path": "title", "value": false }]),
        json!([{ "op": "replace", "value": false }]),
        json!("active"),
    ] {
        assert!(change(bad.clone()).is_err(), "{bad}");
    }
    let body = json!({ "userName": "ann", "Active": false, "emails": [{ "primary": true }] });
    let fields = attributes(USER, &body).unwrap();
    assert_eq!((fields["username"], fields["active"]), (&json!("ann"), &json!(false)));
    let path = "emails[type eq \"active\"].value";
    assert_eq!(attribute(USER, path).unwrap(), path, "what a filter compares with is no name");
    let error = attribute(USER, "active.value").unwrap_err();
    assert_eq!(error.kind, Some("invalidPath"));
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
        (json!({ "op": "replace", "value": { "Members": list } }), Members::Are(alice())),
        (
            json!({ "op": "remove", "path": format!("{GROUP}:Members[value eq \"alice\"]") }),
            Members::Without(alice()),
        ),
        (
            json!({ "op": "remove", "path": format!("{GROUP}:members"), "value": list }),
            Members::Without(alice()),
        ),
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
        json!({ "op": "remove", "path": "members[value eq \"alice\"].value" }),
        json!({ "op": "remove", "path": "members.value", "value": list }),
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
