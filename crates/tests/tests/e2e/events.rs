//! Security events that a transmitter pushes (RFC 8935, CAEP, RISC): sessions of whom they are
//! about end within a second, whatever they signed in with; what does not hold is refused by its
//! name.

use serde_json::{Value, json};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use testkit::{
    Postgres, Weir, postgres, tool,
    weir::{PASSWORD, PERSON},
};
use tests::{
    Stage,
    api::Api,
    hold::until,
    provider::{Person, Provider},
    wire::Raw,
};

const SCHEMAS: &str = "https://schemas.openid.net/secevent/";

struct Scene {
    stage: Stage,
    provider: Provider,
    api: Api,
}

fn scene(more: &str) -> Scene {
    let provider = Provider::start().unwrap();
    let upstream = Postgres::options().shop().start().unwrap();
    let section = format!(
        "{}\n[[transmitter]]\nname = \"corp\"\nissuer = \"{}\"\naudience = \"weir-events\"\n\
         provider = \"corp\"\nclock_skew = \"5s\"\n{more}\n",
        provider.section(""),
        provider.issuer()
    );
    let mut weir = Weir::options(&upstream).api().sections(&section).prepare().unwrap();
    let secret = weir.folder().join("events.secret");
    std::fs::write(secret, "the-transmitters-own-token").unwrap();
    weir.start_again().unwrap();
    let api = Api::of(&weir);
    Scene { stage: Stage { weir, upstream }, provider, api }
}

impl Scene {
    /// A token with one event about somebody, changed by `how`.
    fn event(&self, kind: &str, sub: &str, how: Value) -> String {
        let mut claims = json!({
            "aud": "weir-events",
            "sub_id": { "format": "iss_sub", "iss": self.provider.issuer(), "sub": sub },
            "events": { (format!("{SCHEMAS}{kind}")): { "event_timestamp": 1 } },
        });
        if let Some(more) = how["claims"].as_object() {
            claims.as_object_mut().unwrap().extend(more.clone());
        }
        let mut all = how.clone();
        all["claims"] = claims;
        let mut header = json!({ "typ": "secevent+jwt" });
        if let Some(more) = how["header"].as_object() {
            header.as_object_mut().unwrap().extend(more.clone());
        }
        all["header"] = header;
        let mut without = vec![json!("exp"), json!("sub")];
        without.extend(how["without"].as_array().into_iter().flatten().cloned());
        all["without"] = json!(without);
        self.provider.sign(all).unwrap()
    }

    fn push(&self, token: &str, more: &[&str]) -> (u16, Value) {
        let headers = [&["Content-Type: application/secevent+jwt"], more].concat();
        let answer = self.api.raw("POST", "/events", &headers, Some(token));
        (answer.status, answer.body)
    }

    fn session(&self, name: &str, secret: &str) -> Raw {
        Raw::sign_in(self.stage.weir.port(), name, secret, "shop").unwrap()
    }

    fn psql(&self, name: &str, secret: &str) -> tool::Outcome {
        let url = postgres::url(name, secret, self.stage.weir.port(), "shop");
        postgres::psql(&url, "select 1").unwrap()
    }

    /// Signs ann in by the provider.
    fn ann(&self) -> (Person, String) {
        let ann = Person::new("ann").unwrap();
        ann.login(&self.stage.weir).unwrap().success().unwrap();
        let token = ann.token().unwrap();
        (ann, token)
    }

    fn record(&self) -> String {
        self.stage.weir.record(300).unwrap().join("\n")
    }
}

/// A session that is in the middle of a statement ends within a second.
fn ends(scene: &Scene, mut live: Raw, why: &str, end: impl FnOnce()) {
    live.query("select pg_sleep(64)").unwrap();
    let asleep = "select count(*) from pg_stat_activity where query like '%pg_sleep(64)%' \
                  and state = 'active' and pid <> pg_backend_pid()";
    let sleeps = || scene.stage.truth(asleep).unwrap().trim() != "0";
    until("it runs", || sleeps().then_some(()));
    end();
    let ended = Instant::now();
    let rest = live.rest().unwrap();
    assert!(ended.elapsed() < Duration::from_secs(1), "{:?}", ended.elapsed());
    let words = rest.iter().find(|one| one.tag == b'E').unwrap().field(b'M').unwrap();
    assert!(words.contains(why), "{words}");
    until("it is cancelled there", || (!sleeps()).then_some(()));
}

#[test]
fn an_event_ends_the_sessions_of_whom_it_is_about() {
    let scene = scene("");
    for kind in [
        "caep/event-type/session-revoked",
        "caep/event-type/credential-change",
        "caep/event-type/token-claims-change",
    ] {
        let (ann, token) = scene.ann();
        ends(&scene, scene.session("ann", &token), "ended the sessions", || {
            let event = scene.event(kind, "ann", json!({}));
            assert_eq!(scene.push(&event, &[]).0, 202);
        });
        assert_ne!(scene.psql("ann", &token).code, Some(0), "{kind}: and the token with them");
        let words = format!("sessions and tokens ended: {kind}");
        assert!(scene.record().contains(&words), "{kind}: {}", scene.record());
        drop(ann);
    }
    // She may come back; whoever is disabled may not.
    let (ann, token) = scene.ann();
    assert_eq!(scene.psql("ann", &token).code, Some(0));
    ends(&scene, scene.session("ann", &token), "disabled", || {
        let event = scene.event("risc/event-type/account-disabled", "ann", json!({}));
        assert_eq!(scene.push(&event, &[]).0, 202);
    });
    assert!(ann.login(&scene.stage.weir).unwrap().stderr.contains("disabled"));
    let record = scene.record();
    assert!(record.contains(r#""by":"transmitter:corp""#), "{record}");
}

#[test]
fn whatever_they_signed_in_with() {
    let scene = scene("");
    // By password, and bound to the provider's subject.
    let link = ["identity", "link", PERSON, "corp", "--subject", "s-1"];
    scene.stage.weir.run(&link).unwrap().success().unwrap();
    let live = scene.session(PERSON, PASSWORD);
    ends(&scene, live, "ended the sessions", || {
        let event = scene.event("caep/event-type/session-revoked", "s-1", json!({}));
        assert_eq!(scene.push(&event, &[]).0, 202);
    });
    assert_eq!(scene.psql(PERSON, PASSWORD).code, Some(0), "and may come again");
    // An agent's, which is hers too.
    let agent = scene.session("copilot", PASSWORD);
    ends(&scene, agent, "ended the sessions", || {
        let user = json!({ "format": "iss_sub", "iss": scene.provider.issuer(), "sub": "s-1" });
        let complex = json!({ "claims": { "sub_id": { "format": "complex", "user": user } } });
        let event = scene.event("caep/event-type/session-revoked", "s-1", complex);
        assert_eq!(scene.push(&event, &[]).0, 202);
    });
}

#[test]
fn an_event_is_heard_once_and_about_its_own_people_alone() {
    let scene = scene("");
    let (_ann, token) = scene.ann();
    let named = json!({ "alg": "ES256", "claims": { "jti": "e-1" } });
    let event = scene.event("caep/event-type/session-revoked", "ann", named);
    let stays = |what: &str| {
        let mut live = scene.session("ann", &token);
        live.query("select 1").unwrap();
        assert!(live.until(b'Z').unwrap().iter().any(|one| one.tag == b'D'), "{what}");
    };
    stays("before");
    for (sub, issuer) in [("nobody", scene.provider.issuer()), ("ann", "https://x.example".into())]
    {
        let subject = json!({ "format": "iss_sub", "iss": issuer, "sub": sub });
        let how = json!({ "claims": { "sub_id": subject } });
        let other = scene.event("caep/event-type/session-revoked", sub, how);
        assert_eq!(scene.push(&other, &[]).0, 202, "nothing that the sender could mend");
    }
    stays("an event about others");
    let by_name = json!({ "format": "email", "email": PERSON });
    let how = json!({ "claims": { "sub_id": by_name } });
    let local = scene.event("caep/event-type/session-revoked", "x", how);
    let mut alice = scene.session(PERSON, PASSWORD);
    assert_eq!(scene.push(&local, &[]).0, 202);
    alice.query("select 1").unwrap();
    assert!(alice.until(b'Z').is_ok(), "she is not its to speak of");
    assert_eq!(scene.push(&event, &[]).0, 202);
    until("the token's end", || (scene.psql("ann", &token).code != Some(0)).then_some(()));
    let (_ann, token) = scene.ann();
    // Once more, and with its signature written the other way.
    for again in [event.clone(), tests::provider::rewritten(&event)] {
        assert_eq!(scene.push(&again, &[]).0, 202);
    }
    let verification = scene.event("ssf/event-type/verification", "ann", json!({}));
    assert_eq!(scene.push(&verification, &[]).0, 202);
    let mut live = scene.session("ann", &token);
    live.query("select 1").unwrap();
    assert!(live.until(b'Z').is_ok(), "a replay ends nothing");
    // What was taken in is in the record a moment later.
    let record = until("the last event", || {
        let record = scene.record();
        record.contains("nothing is done about: ssf/event-type/verification").then_some(record)
    });
    assert_eq!(record.matches("sessions and tokens ended").count(), 1, "{record}");
    assert!(record.contains("an event about nobody who is known here"), "{record}");
}

#[test]
fn what_does_not_hold_is_refused_by_its_name() {
    let scene = scene("token = { file = \"events.secret\" }");
    let (_ann, token) = scene.ann();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let kind = "caep/event-type/session-revoked";
    let bearer = "Authorization: Bearer the-transmitters-own-token";
    let refused = |how: Value, error: &str| {
        let event = scene.event(kind, "ann", how.clone());
        let (status, body) = scene.push(&event, &[bearer]);
        assert_eq!((status, &body["err"]), (400, &json!(error)), "{how}: {body}");
    };
    refused(json!({ "claims": { "iss": "https://x.example" } }), "invalid_issuer");
    refused(json!({ "claims": { "aud": "other" } }), "invalid_audience");
    refused(json!({ "by": "foreign" }), "invalid_key");
    refused(json!({ "by": "public", "alg": "HS256" }), "invalid_key");
    refused(json!({ "header": { "kid": "nobodys" } }), "invalid_key");
    refused(json!({ "header": { "typ": "JWT" } }), "invalid_request");
    refused(json!({ "claims": { "iat": now + 60 } }), "invalid_request");
    refused(json!({ "claims": { "iat": now - 8 * 24 * 3_600 } }), "invalid_request");
    refused(json!({ "without": ["jti"] }), "invalid_request");
    refused(json!({ "without": ["events"] }), "invalid_request");
    refused(json!({ "without": ["sub_id"] }), "invalid_request");
    refused(json!({ "claims": { "sub_id": { "format": "phone" } } }), "invalid_request");
    let event = scene.event(kind, "ann", json!({}));
    for header in [&[][..], &["Authorization: Bearer another"]] {
        let (status, body) = scene.push(&event, header);
        assert_eq!((status, &body["err"]), (401, &json!("authentication_failed")), "{body}");
    }
    let kinds = ["Content-Type: application/json", bearer];
    let answer = scene.api.raw("POST", "/events", &kinds, Some(&event));
    assert_eq!((answer.status, &answer.body["err"]), (400, &json!("invalid_request")));
    // An event is no sign-in, and a sign-in is no event.
    assert_ne!(scene.psql("ann", &event).code, Some(0));
    let id_token = scene.provider.sign(json!({ "claims": { "aud": "weir-events" } })).unwrap();
    assert_eq!(scene.push(&id_token, &[bearer]).0, 400);
    let mut live = scene.session("ann", &token);
    live.query("select 1").unwrap();
    assert!(live.until(b'Z').unwrap().iter().any(|one| one.tag == b'D'), "nothing of it counted");
    assert!(scene.record().contains("the events endpoint: the token is for another audience"));
    assert_eq!(scene.push(&event, &[bearer]).0, 202, "and the good one does");
}
