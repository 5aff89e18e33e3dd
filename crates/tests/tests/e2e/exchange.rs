//! An agent that acts for whoever gave it their token (RFC 8693 with an actor): its right is what
//! the person, the agent and the task have in common, the record has the chain, and it ends with
//! each of the three.

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use testkit::{
    Postgres, Weir, postgres, tool,
    weir::{ADMIN, AGENT, PERSON, SERVICE},
};
use tests::{
    Stage,
    api::Api,
    client,
    hold::until,
    provider::{Person, Provider},
    wire::Raw,
    written::assert_nowhere,
};

/// An agent that acts for nobody by itself.
const HELPER: &str = "helper";

const POLICY: &str = r#"
@id("payments-are-for-finance")
@reason("payments are looked at by finance")
forbid (principal is Person, action == Action::"select", resource == Table::"shop.public.payments")
unless { principal in Group::"finance" };

@id("helpers-look-at-no-orders")
@reason("orders are no agent's")
forbid (principal is Agent, action == Action::"select", resource == Table::"shop.public.orders");
"#;

struct Scene {
    stage: Stage,
    provider: Provider,
    api: Api,
    /// The agent's key, and its name.
    key: String,
    key_name: String,
}

fn scene() -> Scene {
    let provider = Provider::start().unwrap();
    let upstream = Postgres::options().shop().start().unwrap();
    let sections = format!(
        "{}\n[[workload]]\nname = \"ci\"\nissuer = \"https://ci.example\"\n\
         audience = \"weir\"\nkeys_url = \"{}/jwks\"\n[[workload.rule]]\n\
         identity = \"{HELPER}\"\nclaims = [\"sub=job:helper\"]\n[[workload.rule]]\n\
         identity = \"{SERVICE}\"\nclaims = [\"sub=job:reports\"]\n",
        provider.section(""),
        provider.issuer()
    );
    let options = Weir::options(&upstream).api().sections(&sections);
    let mut weir = options.policy("90-exchange.cedar", POLICY).prepare().unwrap();
    weir.add(HELPER, "agent", &[]).unwrap();
    let said = weir.run(&["key", "create", HELPER, "--json"]).unwrap().success().unwrap();
    let said: Value = serde_json::from_str(&said).unwrap();
    let text = |name: &str| said[name].as_str().unwrap().to_owned();
    let (key, key_name) = (text("secret"), text("key"));
    weir.start_again().unwrap();
    let api = Api::of(&weir);
    Scene { stage: Stage { weir, upstream }, provider, api, key, key_name }
}

impl Scene {
    /// What the token endpoint says to a subject's and an actor's token of these kinds.
    fn asked(&self, subject: (&str, &str), actor: (&str, &str), more: &str) -> (u16, Value) {
        let kind = |kind: &str| format!("urn:ietf:params:oauth:token-type:{kind}");
        let form = format!(
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={}\
             &subject_token_type={}&actor_token={}&actor_token_type={}{more}",
            subject.1,
            kind(subject.0),
            actor.1,
            kind(actor.0)
        );
        let headers = ["Content-Type: application/x-www-form-urlencoded"];
        let answer = self.api.raw("POST", "/oauth2/token", &headers, Some(&form));
        (answer.status, answer.body)
    }

    /// A token by which the agent acts for whoever's token this is.
    fn exchanged(&self, subject: (&str, &str), more: &str) -> Value {
        let (status, body) = self.asked(subject, ("access_token", &self.key), more);
        assert_eq!(status, 200, "{body}");
        body
    }

    fn psql(&self, name: &str, secret: &str, sql: &str) -> tool::Outcome {
        let url = postgres::url(name, secret, self.stage.weir.port(), "shop");
        postgres::psql(&url, sql).unwrap()
    }

    fn live(&self, name: &str, secret: &str) -> Raw {
        Raw::sign_in(self.stage.weir.port(), name, secret, "shop").unwrap()
    }

    fn signed_in(&self, name: &str) -> (Person, String) {
        let person = Person::new(name).unwrap();
        person.login(&self.stage.weir).unwrap().success().unwrap();
        let token = person.token().unwrap();
        (person, token)
    }
}

fn token(body: &Value) -> &str {
    body["access_token"].as_str().unwrap()
}

/// A task as it goes into a form.
fn details(tables: &str) -> String {
    let text = format!(
        "[{{\"type\":\"weir_task\",\"purpose\":\"refunds\",\"databases\":[\"shop\"],\
         \"tables\":[{{\"table\":\"{tables}\",\"actions\":[\"read\"]}}],\
         \"budget\":{{\"rows\":50}}}}]"
    );
    let coded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("&authorization_details={coded}")
}

fn last_words(mut raw: Raw) -> String {
    let rest = raw.rest().unwrap();
    rest.iter().find(|message| message.tag == b'E').unwrap().field(b'M').unwrap()
}

/// It ends within a second, whatever it runs.
fn ends(scene: &Scene, mut live: Raw, what: &str, why: &str, end: impl FnOnce()) {
    live.query("select pg_sleep(63)").unwrap();
    let asleep = "select count(*) from pg_stat_activity where query like '%pg_sleep(63)%' \
                  and state = 'active' and pid <> pg_backend_pid()";
    let sleeps = || scene.stage.truth(asleep).unwrap().trim() != "0";
    until("it runs", || sleeps().then_some(()));
    end();
    let ended = Instant::now();
    let words = last_words(live);
    assert!(ended.elapsed() < Duration::from_secs(1), "{what}: {:?}", ended.elapsed());
    assert!(words.contains(why), "{what}: {words}");
    until("it is cancelled there", || (!sleeps()).then_some(()));
}

#[test]
fn an_agent_acts_for_whoever_gave_it_a_token() {
    let scene = scene();
    // By itself it is nobody.
    let said = scene.psql(HELPER, &scene.key, "select 1");
    assert!(said.stderr.contains("missing or disabled"), "{said}");
    let (_ann, of_ann) = scene.signed_in("ann");
    let body = scene.exchanged(("access_token", &of_ann), "");
    assert_eq!((&body["identity"], &body["act"]["sub"]), (&json!("ann/helper"), &json!(HELPER)));
    assert!(body["expires_in"].as_u64().unwrap() <= 15 * 60, "no longer than hers: {body}");
    assert_eq!(scene.psql("ann/helper", token(&body), "select 1").success().unwrap().trim(), "1");
    for client in [client::PSYCOPG, client::NODE, client::JDBC] {
        // Its program writes, which an agent may not: it is let in, and its right is what it is.
        let port = scene.stage.weir.port();
        let target =
            client::Target { user: "ann/helper", password: token(&body), port, database: "shop" };
        let said = format!("{:#}", client.run(target).unwrap_err());
        assert!(said.contains("Weir refused") && !said.contains("authentication"), "{said}");
    }
    // Under no other name.
    for name in ["helper", "ann", "bob/helper", PERSON] {
        let said = scene.psql(name, token(&body), "select 1");
        assert!(said.stderr.contains("password authentication failed"), "{name}: {said}");
    }
    // Nor by the agent's own key.
    assert_ne!(scene.psql("ann/helper", &scene.key, "select 1").code, Some(0));
    let record = scene.stage.weir.record(200).unwrap().join("\n");
    for part in [r#""identity":"ann/helper","kind":"agent""#, r#""acts_for":"ann""#] {
        assert!(record.contains(part), "{part}: {record}");
    }
    // Somebody else's agent acts for her too, by her token and no other way.
    let said = scene.stage.weir.run(&["key", "create", AGENT, "--json"]).unwrap();
    let said: Value = serde_json::from_str(&said.success().unwrap()).unwrap();
    let other = said["secret"].as_str().unwrap();
    let own = until("its key is known", || {
        let own = scene.psql(AGENT, other, "select 1");
        own.code.filter(|code| *code == 0)
    });
    assert_eq!(own, 0, "by its key it acts for whom it always does");
    let (status, body) = scene.asked(("access_token", &of_ann), ("access_token", other), "");
    assert_eq!((status, &body["identity"]), (200, &json!("ann/copilot")), "{body}");
    let opened = scene.psql("ann/copilot", token(&body), "select 1");
    opened.success().unwrap();
    let record = scene.stage.weir.record(200).unwrap().join("\n");
    assert!(record.contains("alice/copilot") && record.contains("ann/copilot"), "{record}");
}

#[test]
fn its_right_is_what_the_person_the_agent_and_the_task_have_in_common() {
    let scene = scene();
    scene.provider.groups("ann", &["finance"]).unwrap();
    let (_ann, of_ann) = scene.signed_in("ann");
    let (_bob, of_bob) = scene.signed_in("bob");
    let acts = |name: &str, body: &Value, sql: &str| {
        let said = scene.psql(name, token(body), sql);
        (said.code == Some(0), said.all())
    };
    let (for_ann, for_bob) = (
        scene.exchanged(("access_token", &of_ann), ""),
        scene.exchanged(("access_token", &of_bob), ""),
    );
    let payments = "select id from payments limit 1";
    assert!(acts("ann/helper", &for_ann, payments).0, "both may");
    let (may, said) = acts("bob/helper", &for_bob, payments);
    assert!(!may && said.contains("looked at by finance"), "he may not: {said}");
    let orders = "select id from orders limit 1";
    assert_eq!(scene.psql("ann", &of_ann, orders).code, Some(0));
    let (may, said) = acts("ann/helper", &for_ann, orders);
    assert!(!may && said.contains("orders are no agent's"), "the agent may not: {said}");
    // What was decided for one of them is not for the other, on the same text.
    assert!(acts("ann/helper", &for_ann, payments).0);
    assert!(!acts("bob/helper", &for_bob, payments).0);
    let tied = scene.exchanged(("access_token", &of_ann), &details("public.customers"));
    let task = tied["task"].as_str().unwrap();
    assert!(acts("ann/helper", &tied, "select id from customers where id = 1").0);
    let (may, said) = acts("ann/helper", &tied, payments);
    assert!(!may && said.contains("is not part of task"), "the task does not name it: {said}");
    let (may, said) = acts("ann/helper", &tied, "select id from customers");
    assert!(said.contains("withheld") && may, "its budget: {said}");
    // Neither by another task nor without one.
    let url = postgres::url("ann/helper", token(&tied), scene.stage.weir.port(), "shop");
    let other = format!("{url}?options=-c%20weir.task%3Dt-other");
    let said = postgres::psql(&other, "select 1").unwrap();
    assert!(said.stderr.contains(&format!("this token is for task {task} alone")), "{said}");
    let record = scene.stage.weir.record(500).unwrap().join("\n");
    assert!(record.contains(&format!(r#""work":{{"task":"{task}""#)), "{record}");
    assert!(record.contains(r#""purpose":"refunds""#), "{record}");
    // Its token is for the databases of both, and never for more.
    let bound = scene.exchanged(("access_token", &of_bob), "&scope=database:postgres");
    let said = scene.psql("bob/helper", token(&bound), "select 1");
    assert!(said.stderr.contains("not for database \"shop\""), "{said}");
}

#[test]
fn it_ends_with_the_person_the_agent_their_tokens_and_the_task() {
    let scene = scene();
    let weir = |arguments: &[&str]| {
        scene.stage.weir.run(arguments).unwrap().success().unwrap();
    };
    let (ann, of_ann) = scene.signed_in("ann");
    let again = |more: &str| {
        let body = scene.exchanged(("access_token", &of_ann), more);
        (scene.live("ann/helper", token(&body)), body)
    };
    let (live, body) = again(&details("public.*"));
    let task = body["task"].as_str().unwrap().to_owned();
    ends(&scene, live, "the task", "task of this session is over", || {
        let said = ["task", "end", &task, "--as", ADMIN, "--reason", "done", "--password-stdin"];
        scene.stage.weir.run_as_somebody(&said).unwrap().success().unwrap();
    });
    let said = scene.psql("ann/helper", token(&body), "select 1");
    assert!(said.stderr.contains("has no task"), "nor does it go on without: {said}");
    let (live, body) = again("");
    ends(&scene, live, "the agent's key", "was revoked", || {
        weir(&["key", "revoke", &scene.key_name]);
    });
    assert_ne!(scene.psql("ann/helper", token(&body), "select 1").code, Some(0));
    let (status, body) = scene.asked(("access_token", &of_ann), ("access_token", &scene.key), "");
    assert_eq!((status, &body["error"]), (400, &json!("invalid_request")), "{body}");
    // By an issuer's token, which is a rule's, the agent needs no key.
    let job = |sub: &str| {
        let claims = json!({ "iss": "https://ci.example", "sub": sub });
        scene.provider.sign(json!({ "claims": claims })).unwrap()
    };
    let by_job = |token: &str| {
        let (status, body) = scene.asked(("access_token", token), ("jwt", &job("job:helper")), "");
        assert_eq!(status, 200, "{body}");
        body
    };
    let body = by_job(&of_ann);
    let live = scene.live("ann/helper", token(&body));
    ends(&scene, live, "the agent", "disabled or changed", || {
        weir(&["identity", "disable", HELPER]);
    });
    weir(&["identity", "enable", HELPER]);
    assert_ne!(scene.psql("ann/helper", token(&body), "select 1").code, Some(0));
    let body = until("it is enabled", || {
        let (status, body) =
            scene.asked(("access_token", &of_ann), ("jwt", &job("job:helper")), "");
        (status == 200).then_some(body)
    });
    let live = scene.live("ann/helper", token(&body));
    ends(&scene, live, "the person's token", "was revoked", || {
        ann.run(&["logout"]).unwrap().success().unwrap();
    });
    let record = scene.stage.weir.record(500).unwrap().join("\n");
    assert!(record.contains("revoked with t-"), "{record}");
    let (_bob, of_bob) = scene.signed_in("bob");
    let body = by_job(&of_bob);
    let live = scene.live("bob/helper", token(&body));
    ends(&scene, live, "the person", "disabled or changed", || {
        weir(&["identity", "disable", "bob"]);
    });
    weir(&["identity", "enable", "bob"]);
    assert_ne!(scene.psql("bob/helper", token(&body), "select 1").code, Some(0));
}

#[test]
fn nobody_acts_by_tokens_that_are_not_for_it() {
    let mut scene = scene();
    let (_ann, of_ann) = scene.signed_in("ann");
    let by_password = scene.api.sign_in(PERSON);
    let body = scene.exchanged(("access_token", &by_password), "");
    assert_eq!(body["identity"], "alice/helper", "a sign-in to the API is a person's, too");
    let fresh = |claims: Value| scene.provider.sign(json!({ "claims": claims })).unwrap();
    let id_token = fresh(json!({}));
    let by_id = scene.exchanged(("id_token", &id_token), "");
    assert_eq!(by_id["identity"], "ann/helper");
    let job = |sub: &str| fresh(json!({ "iss": "https://ci.example", "sub": sub }));
    let own = scene.exchanged(("access_token", &of_ann), "");
    let delegated = token(&own).to_owned();
    let key = scene.key.clone();
    let (helper, reports) = (job("job:helper"), job("job:reports"));
    for (subject, actor, what) in [
        (("access_token", "weir_t1_guessed"), ("access_token", &*key), "a guess"),
        (("access_token", &*key), ("access_token", &*key), "an agent for itself"),
        (("access_token", &*delegated), ("access_token", &*key), "for whom acts already"),
        (("jwt", &*helper), ("access_token", &*key), "for a service"),
        (("id_token", &*id_token), ("access_token", &*key), "what was exchanged before"),
        (("access_token", &*of_ann), ("access_token", &*of_ann), "a person as an agent"),
        (("access_token", &*of_ann), ("access_token", &*delegated), "by what is not its own"),
        (("access_token", &*of_ann), ("access_token", "weir_k1_guessed"), "a guess"),
        (("access_token", &*of_ann), ("jwt", &*reports), "a service as an agent"),
        (("access_token", &*of_ann), ("id_token", &*id_token), "a person as an agent"),
    ] {
        let (status, body) = scene.asked(subject, actor, "");
        assert_eq!(status, 400, "{what}: {body}");
    }
    // A job's token counts once, here too.
    let (status, _) = scene.asked(("access_token", &of_ann), ("jwt", &helper), "");
    assert_eq!(status, 200);
    assert_eq!(scene.asked(("access_token", &of_ann), ("jwt", &helper), "").0, 400);
    let wrong = details("public.*").replace("77", "78");
    for (more, error) in [
        (wrong.as_str(), "invalid_authorization_details"),
        ("&authorization_details=%5B%5D", "invalid_authorization_details"),
        ("&renews=weir_t1_x", "invalid_scope"),
    ] {
        let (status, body) = scene.asked(("access_token", &of_ann), ("access_token", &key), more);
        assert_eq!((status, &body["error"]), (400, &json!(error)), "{more}: {body}");
    }
    let form = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange\
                &subject_token_type=urn:ietf:params:oauth:token-type:access_token&subject_token=";
    let headers = ["Content-Type: application/x-www-form-urlencoded"];
    let alone = scene.api.raw("POST", "/oauth2/token", &headers, Some(&format!("{form}{of_ann}")));
    assert_eq!(alone.status, 400, "without an agent there is nothing to have");
    // Whoever finds an agent's key can have it revoked, though it lets nobody in by itself; and a
    // sign-in, with what follows from it.
    let revoked = |token: &str| {
        let form = format!("token={token}");
        assert_eq!(scene.api.raw("POST", "/oauth2/revoke", &headers, Some(&form)).status, 200);
    };
    let answer = scene.psql("alice/helper", token(&body), "select 1");
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    revoked(&by_password);
    until("what follows from a sign-in is over with it", || {
        (scene.psql("alice/helper", token(&body), "select 1").code != Some(0)).then_some(())
    });
    revoked(&key);
    until("the key is good no more", || {
        let asked = scene.asked(("access_token", &of_ann), ("access_token", &key), "");
        (asked.0 == 400).then_some(())
    });
    scene.stage.weir.stop().unwrap();
    let secrets = [of_ann, by_password, delegated, key, token(&by_id).to_owned()];
    assert_nowhere(scene.stage.weir.folder(), &secrets);
}
