//! A provider that provisions: people and groups come, change and go over SCIM, and what is open
//! ends within a second.

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use testkit::{Postgres, Weir, postgres, weir::ADMIN};
use tests::{
    Stage,
    api::Api,
    provider::{Person, Provider},
    wire::Raw,
};

const TOKEN: &str = "a provisioning token that is long enough to be one";
const MAIL: &str = "select email from customers where id = 1";

struct Scene {
    stage: Stage,
    _provider: Provider,
    api: Api,
}

impl Scene {
    fn new() -> Self {
        let provider = Provider::start().unwrap();
        let upstream = Postgres::options().shop().start().unwrap();
        let section = provider.section("scim_token = { file = \"scim.secret\" }");
        let mut weir = Weir::options(&upstream).api().sections(&section).prepare().unwrap();
        std::fs::write(weir.folder().join("scim.secret"), TOKEN).unwrap();
        weir.start_again().unwrap();
        let api = Api::of(&weir);
        Self { stage: Stage { weir, upstream }, _provider: provider, api }
    }

    fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.call_as(TOKEN, method, path, body)
    }

    fn call_as(&self, token: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        let authorization = format!("Authorization: Bearer {token}");
        let headers = ["Content-Type: application/scim+json", &authorization];
        let body = (!body.is_null()).then(|| body.to_string());
        let path = format!("/scim/v2{path}");
        let answer = self.api.raw(method, &path, &headers, body.as_deref());
        if !answer.body.is_null() {
            assert_eq!(answer.header("content-type"), "application/scim+json", "{answer:?}");
        }
        (answer.status, answer.body)
    }

    fn add(&self, name: &str) {
        let user = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name,
            "externalId": format!("x-{name}"), "active": true,
            "name": { "familyName": "kept nowhere" },
        });
        let (status, body) = self.call("POST", "/Users", user);
        assert_eq!((status, body["id"].as_str()), (201, Some(name)), "{body}");
    }

    fn session(&self, person: &Person, name: &str) -> Raw {
        let token = person.token().unwrap();
        Raw::sign_in(self.stage.weir.port(), name, &token, "shop").unwrap()
    }

    fn psql(&self, name: &str, token: &str) -> Option<i32> {
        let url = postgres::url(name, token, self.stage.weir.port(), "shop");
        postgres::psql(&url, "select 1").unwrap().code
    }
}

fn value(raw: &mut Raw, sql: &str) -> String {
    raw.query(sql).unwrap();
    let said = raw.until(b'Z').unwrap();
    let row = said.iter().find(|message| message.tag == b'D').unwrap();
    String::from_utf8(row.body[6..].to_vec()).unwrap()
}

/// Waits for the end of a session that should come at once.
fn ends(mut raw: Raw) {
    let begun = Instant::now();
    raw.rest().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

fn members(op: &str, value: Value) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": op, "path": "members", "value": value }],
    })
}

#[test]
fn people_come_change_and_go() {
    let scene = Scene::new();
    let ann = Person::new("ann").unwrap();
    let refused = ann.login(&scene.stage.weir).unwrap();
    assert!(refused.stderr.contains("has not provisioned"), "{refused}");
    scene.add("ann");
    ann.login(&scene.stage.weir).unwrap().success().unwrap();
    let raw = scene.stage.truth(MAIL).unwrap();
    let mut live = scene.session(&ann, "ann");
    assert_ne!(value(&mut live, MAIL), raw.trim());

    // Into a group that sees more, by whatever the provider says; its own claim does not count.
    let group = json!({ "displayName": "admins", "members": [] });
    assert_eq!(scene.call("POST", "/Groups", group.clone()).0, 201);
    assert_eq!(scene.call("POST", "/Groups", group).0, 409);
    let (status, body) =
        scene.call("PATCH", "/Groups/admins", members("add", json!([{ "value": "ann" }])));
    assert_eq!((status, &body["members"][0]["value"]), (200, &json!("ann")), "{body}");
    ends(live);
    let mut live = scene.session(&ann, "ann");
    assert_eq!(value(&mut live, MAIL), raw.trim());
    ann.ask_again().unwrap().success().unwrap();
    assert_eq!(value(&mut live, MAIL), raw.trim(), "the claim took nothing away");

    // Out of it again.
    let out = json!({ "Operations": [{ "op": "remove", "path": "members[value eq \"ann\"]" }] });
    assert_eq!(scene.call("PATCH", "/Groups/admins", out).0, 200);
    ends(live);

    // Switched off, as one of the large providers writes it, and on again.
    let live = scene.session(&ann, "ann");
    let token = ann.token().unwrap();
    let off = json!({ "Operations": [{ "op": "Replace", "path": "active", "value": "False" }] });
    let (status, body) = scene.call("PATCH", "/Users/ann", off);
    assert_eq!((status, &body["active"]), (200, &json!(false)), "{body}");
    ends(live);
    assert_ne!(scene.psql("ann", &token), Some(0));
    assert!(ann.login(&scene.stage.weir).unwrap().stderr.contains("disabled"));
    let on = json!({ "userName": "ann", "active": true });
    assert_eq!(scene.call("PUT", "/Users/ann", on.clone()).0, 200);
    assert_ne!(scene.psql("ann", &token), Some(0), "what was ended does not come back");
    ann.login(&scene.stage.weir).unwrap().success().unwrap();

    // In the long spelling too; and what an operator said stands.
    let live = scene.session(&ann, "ann");
    let path = "urn:ietf:params:scim:schemas:core:2.0:User:Active";
    let off = json!({ "Operations": [{ "op": "replace", "path": path, "value": false }] });
    assert_eq!(scene.call("PATCH", "/Users/ann", off).1["active"], false);
    ends(live);
    assert_eq!(scene.call("PUT", "/Users/ann", on.clone()).1["active"], true);
    scene.stage.weir.run(&["identity", "disable", "ann"]).unwrap().success().unwrap();
    assert_eq!(scene.call("PUT", "/Users/ann", on).1["active"], false);
    assert!(ann.login(&scene.stage.weir).unwrap().stderr.contains("disabled"));
    scene.stage.weir.run(&["identity", "enable", "ann"]).unwrap().success().unwrap();
    ann.login(&scene.stage.weir).unwrap().success().unwrap();

    // Removed: nobody sees them, they cannot come, and the name is kept for them.
    let live = scene.session(&ann, "ann");
    assert_eq!(scene.call("DELETE", "/Users/ann", Value::Null).0, 204);
    ends(live);
    assert_eq!(scene.call("GET", "/Users/ann", Value::Null).0, 404);
    assert_eq!(scene.call("DELETE", "/Users/ann", Value::Null).0, 404);
    assert!(ann.login(&scene.stage.weir).unwrap().stderr.contains("disabled"));
    scene.add("ann");
    ann.login(&scene.stage.weir).unwrap().success().unwrap();
    let record = scene.stage.weir.record(200).unwrap().join("\n");
    for what in ["added: person from corp", "groups: +admins", "groups: -admins", "disabled"] {
        assert!(record.contains(what), "{what} is not in the record");
    }
    assert!(!record.contains("kept nowhere") && !record.contains(TOKEN));
}

#[test]
fn a_provider_sees_and_changes_its_own_alone() {
    let scene = Scene::new();
    let none = Value::Null;
    for token in ["", "wrong", scene.api.sign_in(ADMIN).as_str()] {
        assert_eq!(scene.call_as(token, "GET", "/Users", none.clone()).0, 401, "{token}");
    }
    for (method, path) in [("GET", "/Users/root"), ("DELETE", "/Users/root"), ("GET", "/Groups/a")]
    {
        assert_eq!(scene.call(method, path, none.clone()).0, 404, "{method} {path}");
    }
    let off = json!({ "Operations": [{ "op": "replace", "path": "active", "value": false }] });
    assert_eq!(scene.call("PATCH", "/Users/root", off).0, 404);
    let (status, body) = scene.call("POST", "/Users", json!({ "userName": ADMIN }));
    assert_eq!((status, &body["scimType"]), (409, &json!("uniqueness")), "{body}");
    let root = json!({ "displayName": "admins", "members": [{ "value": ADMIN }] });
    let (status, body) = scene.call("POST", "/Groups", root);
    assert_eq!((status, &body["scimType"]), (400, &json!("invalidValue")), "{body}");
    scene.add("ann");
    scene.add("bob");
    let (_, body) = scene.call("GET", "/Users", none.clone());
    assert_eq!(body["totalResults"], 2, "{body}");
    let (_, body) = scene.call("GET", "/Users?startIndex=2&count=1", none.clone());
    assert_eq!(body["Resources"][0]["userName"], "bob", "{body}");
    let (_, body) = scene.call("GET", "/Users?filter=userName%20eq%20%22ann%22", none.clone());
    assert_eq!(
        (&body["totalResults"], &body["Resources"][0]["externalId"]),
        (&json!(1), &json!("x-ann"))
    );
    let (status, body) = scene.call("GET", "/Users?filter=userName%20sw%20%22a%22", none.clone());
    assert_eq!((status, &body["scimType"]), (400, &json!("invalidFilter")), "{body}");
    let renamed =
        json!({ "Operations": [{ "op": "replace", "path": "userName", "value": "eve" }] });
    let (status, body) = scene.call("PATCH", "/Users/ann", renamed);
    assert_eq!((status, &body["scimType"]), (400, &json!("mutability")), "{body}");
    assert_eq!(scene.call("POST", "/Users", json!({ "userName": "a/b" })).0, 400);
    assert_eq!(
        scene.call("GET", "/ServiceProviderConfig", none.clone()).1["patch"]["supported"],
        true
    );
    assert_eq!(scene.call("GET", "/ResourceTypes", none).1["totalResults"], 2);
}
