//! A pooled application that says in each transaction for whom it acts: decisions and records are
//! of both until the transaction is over, and nothing is decided as the application alone that is
//! said to be somebody's.

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use testkit::{
    Postgres, Weir,
    weir::{PASSWORD, PERSON, SERVICE},
};
use tests::{
    Stage, client,
    hold::until,
    provider::{Provider, rewritten},
    wire::{Message, Raw, frame},
    written::assert_nowhere,
};

const POLICY: &str = r#"
@id("payments-are-for-finance")
@reason("payments are looked at by finance")
forbid (principal is Person, action == Action::"select", resource == Table::"shop.public.payments")
unless { principal in Group::"finance" };

@id("the-app-has-a-user")
@reason("the application says for whom it acts")
forbid (principal == Service::"reports", action == Action::"select",
    resource in Schema::"shop.public")
unless { context has acts_for };

@id("mailers-see-addresses")
@reason("mailers see addresses")
permit (principal in Group::"mailers", action == Action::"disclose", resource in Label::"email");

@id("orders-are-not-the-apps")
@reason("orders are no application's")
forbid (principal is Service, action == Action::"select", resource == Table::"shop.public.orders");
"#;

const PAYMENTS: &str = "select id from payments where id = 1";

struct Scene {
    stage: Stage,
    provider: Provider,
}

fn scene() -> Scene {
    let provider = Provider::start().unwrap();
    let upstream = Postgres::options().shop().start().unwrap();
    let keys = format!("keys_url = \"{}/jwks\"", provider.issuer());
    let sections = format!(
        "[[end_user]]\nservice = \"{SERVICE}\"\nissuer = \"app\"\naudience = \"weir\"\n\
         clock_skew = \"5s\"\nreplay = \"allow\"\n{keys}\n\
         [[end_user]]\nservice = \"other\"\nissuer = \"other\"\naudience = \"weir\"\n\
         clock_skew = \"0s\"\n{keys}\n"
    );
    let options = Weir::options(&upstream).sections(&sections);
    let mut weir = options.policy("90-end-users.cedar", POLICY).prepare().unwrap();
    weir.add("carol", "person", &["--group", "finance", "--group", "mailers"]).unwrap();
    weir.run(&["identity", "group", "add", SERVICE, "mailers"]).unwrap().success().unwrap();
    weir.add("other", "service", &[]).unwrap();
    weir.start_again().unwrap();
    Scene { stage: Stage { weir, upstream }, provider }
}

impl Scene {
    /// A token about somebody, as the application signs it, with this changed.
    fn signed(&self, name: &str, how: Value) -> String {
        let mut claims = json!({ "iss": "app", "aud": "weir", "sub": name });
        if let Some(more) = how["claims"].as_object() {
            claims.as_object_mut().unwrap().extend(more.clone());
        }
        let mut all = how;
        all["claims"] = claims;
        self.provider.sign(all).unwrap()
    }

    fn token(&self, name: &str) -> String {
        self.signed(name, json!({}))
    }

    fn session(&self, name: &str) -> Raw {
        Raw::sign_in(self.stage.weir.port(), name, PASSWORD, "shop").unwrap()
    }
}

/// What a simple query comes to: its first error, or nothing.
fn said(raw: &mut Raw, sql: &str) -> Option<String> {
    raw.query(sql).unwrap();
    error(&raw.until(b'Z').unwrap())
}

fn error(messages: &[Message]) -> Option<String> {
    messages.iter().find(|one| one.tag == b'E').and_then(|one| one.field(b'M'))
}

fn set(token: &str) -> String {
    format!("SET LOCAL weir.end_user = '{token}'")
}

/// Begins a transaction for somebody.
fn begun(raw: &mut Raw, token: &str) {
    assert_eq!(said(raw, "begin"), None);
    assert_eq!(said(raw, &set(token)), None);
}

/// Seconds since 1970.
fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn a_transaction_is_for_whom_it_says_and_for_nobody_behind_it() {
    let scene = scene();
    let (carol, alice) = (scene.token("carol"), scene.token(PERSON));
    let mut app = scene.session(SERVICE);
    let alone = said(&mut app, PAYMENTS).unwrap();
    assert!(alone.contains("says for whom it acts"), "{alone}");
    begun(&mut app, &carol);
    assert_eq!(said(&mut app, PAYMENTS), None);
    let orders = said(&mut app, "select id from orders where id = 1").unwrap();
    assert!(orders.contains("no application's"), "what it may not itself: {orders}");
    assert_eq!(said(&mut app, "rollback"), None);
    begun(&mut app, &alice);
    let payments = said(&mut app, PAYMENTS).unwrap();
    assert!(payments.contains("looked at by finance"), "what she may not: {payments}");
    assert_eq!(said(&mut app, "rollback"), None);
    let alone = said(&mut app, PAYMENTS).unwrap();
    assert!(alone.contains("says for whom it acts"), "{alone}");
    // Once more, by what is known by then.
    begun(&mut app, &carol);
    assert_eq!(said(&mut app, PAYMENTS), None);
    assert_eq!(said(&mut app, "commit"), None);
    let record = scene.stage.weir.record(300).unwrap().join("\n");
    for part in [
        r#""identity":"carol/reports","kind":"service""#,
        r#""acts_for":"carol""#,
        r#""method":"end-user token""#,
        "the transaction of the end user is over",
    ] {
        assert!(record.contains(part), "{part}: {record}");
    }
    // Outside of a transaction it is over as soon as it is said.
    assert_eq!(said(&mut app, &set(&carol)), None);
    assert!(said(&mut app, PAYMENTS).unwrap().contains("says for whom it acts"));
}

#[test]
fn neither_savepoints_nor_pipelines_nor_names_get_around_it() {
    let scene = scene();
    let (carol, alice) = (scene.token("carol"), scene.token(PERSON));
    let mut app = scene.session(SERVICE);
    assert_eq!(said(&mut app, "begin; savepoint before"), None);
    assert_eq!(said(&mut app, &set(&alice)), None);
    assert_eq!(said(&mut app, "rollback to before"), None);
    let still = said(&mut app, PAYMENTS).unwrap();
    assert!(still.contains("looked at by finance"), "still for her: {still}");
    assert_eq!(said(&mut app, "rollback to before"), None);
    let other = said(&mut app, &set(&carol)).unwrap();
    assert!(other.contains("for another end user"), "{other}");
    assert_eq!(said(&mut app, "rollback"), None);
    for text in [
        format!("SET weir.end_user = '{carol}'"),
        format!("begin; {}; {PAYMENTS}", set(&carol)),
        format!("select set_config('weir.end_user', '{carol}', true)"),
        "reset weir.end_user".to_owned(),
    ] {
        let words = said(&mut app, &text).unwrap();
        assert!(words.contains("says nothing"), "{text}: {words}");
        said(&mut app, "rollback");
    }
    // What follows the end of the transaction in the same text, or before the same Sync.
    begun(&mut app, &carol);
    let words = said(&mut app, &format!("commit; {PAYMENTS}")).unwrap();
    assert!(words.contains("others follow"), "{words}");
    said(&mut app, "rollback");
    begun(&mut app, &carol);
    app.send(&[extended("commit"), extended(PAYMENTS), frame(b'S', b"")].concat()).unwrap();
    let words = error(&app.until(b'Z').unwrap()).unwrap();
    assert!(words.contains("before a Sync"), "{words}");
    // Sent at once, and decided one by one.
    begun(&mut app, &carol);
    let text = |sql: &str| frame(b'Q', &[sql.as_bytes(), b"\0"].concat());
    app.send(&[text(PAYMENTS), text("commit"), text(PAYMENTS)].concat()).unwrap();
    assert_eq!(error(&app.until(b'Z').unwrap()), None);
    assert_eq!(error(&app.until(b'Z').unwrap()), None);
    let words = error(&app.until(b'Z').unwrap()).unwrap();
    assert!(words.contains("says for whom it acts"), "{words}");
    // Prepared for one, run for another.
    begun(&mut app, &carol);
    let parse = frame(b'P', &[b"few\0", PAYMENTS.as_bytes(), b"\0\0\0"].concat());
    let run = [frame(b'B', b"\0few\0\0\0\0\0\0\0"), frame(b'E', b"\0\0\0\0\0"), frame(b'S', b"")]
        .concat();
    app.send(&[parse, run.clone()].concat()).unwrap();
    assert_eq!(error(&app.until(b'Z').unwrap()), None);
    assert_eq!(said(&mut app, "commit"), None);
    begun(&mut app, &alice);
    app.send(&run).unwrap();
    let words = error(&app.until(b'Z').unwrap()).unwrap();
    assert!(words.contains("looked at by finance"), "{words}");
    assert_eq!(said(&mut app, "rollback"), None);
    app.send(&run).unwrap();
    let words = error(&app.until(b'Z').unwrap()).unwrap();
    assert!(words.contains("says for whom it acts"), "{words}");
    // By SQL's own names, and by a cursor that outlives its transaction.
    begun(&mut app, &carol);
    let held = "declare held cursor with hold for select id from payments";
    for sql in [&format!("prepare own as {PAYMENTS}"), "execute own", held, "commit"] {
        assert_eq!(said(&mut app, sql), None, "{sql}");
    }
    begun(&mut app, &alice);
    for sql in ["execute own", "fetch 1 from held"] {
        assert_eq!(said(&mut app, "savepoint s"), None);
        let words = said(&mut app, sql).unwrap();
        assert!(words.contains("looked at by finance"), "{sql}: {words}");
        assert_eq!(said(&mut app, "rollback to s"), None);
    }
}

/// A statement of the extended protocol without a Sync.
fn extended(sql: &str) -> Vec<u8> {
    [
        frame(b'P', &[b"\0", sql.as_bytes(), b"\0\0\0"].concat()),
        frame(b'B', b"\0\0\0\0\0\0\0\0"),
        frame(b'E', b"\0\0\0\0\0"),
    ]
    .concat()
}

#[test]
fn a_token_that_does_not_hold_is_nobodys_and_the_statement_is_refused() {
    let mut scene = scene();
    let mut app = scene.session(SERVICE);
    let now = now();
    let mut shown = Vec::new();
    for (name, how, why) in [
        ("carol", json!({ "claims": { "iss": "other" } }), "another issuer"),
        ("carol", json!({ "claims": { "aud": "elsewhere" } }), "another audience"),
        ("carol", json!({ "claims": { "aud": ["weir", "elsewhere"] } }), "another audience"),
        ("carol", json!({ "claims": { "exp": now - 60 } }), "expired"),
        ("carol", json!({ "claims": { "iat": now + 60, "exp": now + 90 } }), "from the future"),
        ("carol", json!({ "claims": { "exp": now + 3_600 } }), "for longer than it may"),
        ("carol", json!({ "by": "foreign" }), "signature is wrong"),
        ("carol", json!({ "by": "none" }), "algorithm"),
        ("carol", json!({ "by": "public", "alg": "HS256" }), "algorithm"),
        ("nobody", json!({}), "no person"),
        ("other", json!({}), "no person"),
        (SERVICE, json!({}), "no person"),
        ("copilot", json!({}), "no person"),
    ] {
        let token = scene.signed(name, how);
        assert_eq!(said(&mut app, "begin"), None);
        let words = said(&mut app, &set(&token)).unwrap();
        assert!(words.contains("end user is not known") && words.contains(why), "{why}: {words}");
        let after = said(&mut app, PAYMENTS).unwrap();
        assert!(after.contains("it is for nobody"), "nothing runs behind it: {after}");
        assert_eq!(said(&mut app, "rollback"), None);
        shown.push(token.rsplit('.').next().unwrap().to_owned());
    }
    // By another service, by a person, and by one that may not say anything.
    let carol = scene.token("carol");
    for who in ["other", PERSON] {
        let mut raw = scene.session(who);
        assert_eq!(said(&mut raw, "begin"), None);
        let words = said(&mut raw, &set(&carol)).unwrap();
        assert!(words.contains("end user is not known"), "{who}: {words}");
    }
    // It goes neither to the server nor into anything that is written.
    begun(&mut app, &carol);
    let seen = "select string_agg(query, ' ') from pg_stat_activity where pid <> pg_backend_pid()";
    let seen = scene.stage.truth(seen).unwrap();
    assert!(seen.contains("SET LOCAL weir.end_user TO ''") && !seen.contains("eyJ"), "{seen}");
    shown.push(carol.rsplit('.').next().unwrap().to_owned());
    shown.retain(|signature| !signature.is_empty());
    scene.stage.weir.stop().unwrap();
    assert_nowhere(scene.stage.weir.folder(), &shown);
}

#[test]
fn it_ends_within_a_second_with_the_person() {
    let scene = scene();
    for end in [["group", "remove", "carol", "finance"].as_slice(), &["disable", "carol"]] {
        let mut app = scene.session(SERVICE);
        begun(&mut app, &scene.token("carol"));
        app.query("select pg_sleep(65)").unwrap();
        let asleep = "select count(*) from pg_stat_activity where query like '%pg_sleep(65)%' \
                      and state = 'active' and pid <> pg_backend_pid()";
        let sleeps = || scene.stage.truth(asleep).unwrap().trim() != "0";
        until("it runs", || sleeps().then_some(()));
        scene.stage.weir.run(&[&["identity"], end].concat()).unwrap().success().unwrap();
        let ended = Instant::now();
        let words = error(&app.rest().unwrap()).unwrap();
        assert!(ended.elapsed() < Duration::from_secs(1), "{:?}", ended.elapsed());
        assert!(words.contains("the end user of this transaction was"), "{words}");
        until("it is cancelled there", || (!sleeps()).then_some(()));
    }
}

#[test]
fn what_did_not_hold_is_nobodys_until_the_transaction_is_over() {
    let scene = scene();
    let (carol, foreign) =
        (scene.token("carol"), scene.signed("carol", json!({ "by": "foreign" })));
    let mut app = scene.session("other");
    let free = "select sku from products limit 1";
    let nobodys = ["select count(*) from products", "fetch 1 from a", "set search_path to public"];
    let code = format!("do $$ begin perform set_config('weir.end_user', '{carol}', true); end $$");
    for wrong in [set(&foreign), set(&carol), code, format!("set weir.end_user = '{carol}'")] {
        for sql in ["begin", free, "savepoint s"] {
            assert_eq!(said(&mut app, sql), None, "{sql}");
        }
        assert!(said(&mut app, &wrong).is_some(), "{wrong}");
        // The server would let it go on from here, as itself.
        assert_eq!(said(&mut app, "rollback to s"), None);
        for sql in nobodys {
            let words = said(&mut app, sql).unwrap();
            assert!(words.contains("so it is for nobody"), "{sql}: {words}");
            assert_eq!(said(&mut app, "rollback to s"), None);
        }
        app.send(&[extended(free), frame(b'S', b"")].concat()).unwrap();
        let words = error(&app.until(b'Z').unwrap()).unwrap();
        assert!(words.contains("so it is for nobody"), "{words}");
        assert_eq!(said(&mut app, "rollback and chain"), None);
        assert!(said(&mut app, free).unwrap().contains("so it is for nobody"));
        assert_eq!(said(&mut app, "rollback"), None);
        assert_eq!(said(&mut app, free), None, "the next one is another");
    }
    let record = scene.stage.weir.record(300).unwrap().join("\n");
    assert!(
        record.contains("its end user is not known: the token's signature is wrong"),
        "{record}"
    );
}

#[test]
fn a_token_is_taken_once_and_not_beyond_its_end() {
    let scene = scene();
    let other = |claims: Value| {
        let mut all = json!({ "iss": "other" });
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        scene.signed("carol", json!({ "claims": all, "alg": "ES256" }))
    };
    let mut app = scene.session("other");
    let named = other(json!({ "jti": "one" }));
    begun(&mut app, &named);
    assert_eq!(said(&mut app, &set(&named)), None, "said again, of the same");
    assert_eq!(said(&mut app, PAYMENTS), None);
    assert_eq!(said(&mut app, "commit"), None);
    for again in [named.clone(), rewritten(&named), other(json!({ "jti": "one", "x": 1 }))] {
        assert_eq!(said(&mut app, "begin"), None);
        let words = said(&mut app, &set(&again)).unwrap();
        assert!(words.contains("was shown before"), "{words}");
        assert_eq!(said(&mut app, "rollback"), None);
    }
    // Its end comes in the middle of a transaction.
    begun(&mut app, &other(json!({ "exp": now() + 3 })));
    assert_eq!(said(&mut app, "savepoint s"), None);
    assert_eq!(said(&mut app, "select pg_sleep(4)"), None);
    let words = said(&mut app, PAYMENTS).unwrap();
    assert!(words.contains("token of its end user has expired"), "{words}");
    assert_eq!(said(&mut app, "rollback to s"), None);
    let words = said(&mut app, PAYMENTS).unwrap();
    assert!(words.contains("token of its end user has expired"), "{words}");
    // A fresh one of the same person goes on.
    assert_eq!(said(&mut app, "rollback to s"), None);
    assert_eq!(said(&mut app, &set(&other(json!({ "jti": "two" })))), None);
    assert_eq!(said(&mut app, PAYMENTS), None);
    assert_eq!(said(&mut app, "commit"), None);
}

#[test]
fn a_pool_resets_what_it_likes() {
    let scene = scene();
    let (carol, alice) = (scene.token("carol"), scene.token(PERSON));
    let mut app = scene.session(SERVICE);
    begun(&mut app, &alice);
    for sql in ["reset all", "set session characteristics as transaction read only"] {
        assert_eq!(said(&mut app, sql), None, "{sql}");
    }
    assert!(said(&mut app, PAYMENTS).unwrap().contains("looked at by finance"), "still for her");
    assert_eq!(said(&mut app, "rollback"), None);
    assert_eq!(said(&mut app, "deallocate all"), None);
    assert!(said(&mut app, PAYMENTS).unwrap().contains("says for whom it acts"));
    begun(&mut app, &carol);
    assert_eq!(said(&mut app, PAYMENTS), None);
    assert_eq!(said(&mut app, "commit and chain"), None);
    assert_eq!(said(&mut app, PAYMENTS), None, "the transaction that follows is hers, too");
    let words = said(&mut app, &set(&alice)).unwrap();
    assert!(words.contains("for another end user"), "{words}");
    assert_eq!(said(&mut app, "rollback"), None);
    // In one batch, without a transaction of its own: until the Sync.
    let batch = [extended(&set(&carol)), extended(PAYMENTS), frame(b'S', b"")].concat();
    app.send(&batch).unwrap();
    assert_eq!(error(&app.until(b'Z').unwrap()), None);
    assert!(said(&mut app, PAYMENTS).unwrap().contains("says for whom it acts"));
}

#[test]
fn every_pool_lets_people_be_told_apart_over_one_connection() {
    let scene = scene();
    let (carol, alice) = (scene.token("carol"), scene.token(PERSON));
    let email = scene.stage.truth("select email from customers where id = 1").unwrap();
    let part = [carol.as_str(), &alice, &carol].join(" ");
    let port = scene.stage.weir.port();
    let target = client::Target { user: SERVICE, password: PASSWORD, port, database: "shop" };
    for client in [client::END_USER_PSYCOPG, client::END_USER_NODE, client::END_USER_JDBC] {
        let said = client.run_part(target, &part).unwrap();
        let lines: Vec<&str> = said.lines().collect();
        let raw = format!("email: {}", email.trim());
        let [one, two, masked, refused, three, four, alone, connections, done] = lines[..] else {
            panic!("{client:?}: {said}");
        };
        assert_eq!((one, two), (raw.as_str(), "payments: 2"), "{client:?}");
        assert!(masked.starts_with("email: ") && masked != raw, "{client:?}: {masked}");
        assert_eq!(refused, "error: 42501", "{client:?}");
        assert_eq!((three, four), (raw.as_str(), "payments: 2"), "{client:?}");
        assert_eq!((alone, connections, done), ("error: 42501", "connections: 1", "done"));
    }
}
