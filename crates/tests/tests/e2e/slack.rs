//! Deciding in Slack: a server that behaves as Slack documents its methods, requests signed as
//! Slack documents it, and psql that waits.

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::HeaderMap,
    routing::post,
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use std::{
    fmt::Write,
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};
use testkit::{TestDir, port, weir::PERSON};
use tests::{
    Stage,
    api::{Answer, Api},
    hold::{ended, jobs, next_request, psql, request, stage_with, state, until},
};
use tokio::{net::TcpListener, runtime::Runtime};

const TOKEN: &str = "xoxb-of-the-test";
const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const TEAM: &str = "T0TEST";
const CHANNEL: &str = "C0OPS";
/// Who may have a grant.
const GRANTS: &str = r#"
@id("stewards")
@approval("dba")
@review("security")
permit (principal is Person, action == Action::"assume", resource == Group::"stewards");
"#;

/// What Weir called: the method, and the arguments.
type Calls = Arc<Mutex<Vec<(String, Value)>>>;

async fn method(
    State(calls): State<Calls>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> String {
    if headers["authorization"] != format!("Bearer {TOKEN}") {
        return json!({ "ok": false, "error": "invalid_auth" }).to_string();
    }
    let arguments: Value = serde_json::from_slice(&body).unwrap();
    if arguments["blocks"].to_string().contains("unwanted") {
        return json!({ "ok": false, "error": "invalid_blocks" }).to_string();
    }
    let mut calls = calls.lock().unwrap();
    let ts = match method.as_str() {
        "chat.postMessage" => format!("1700000000.{:06}", calls.len()),
        "chat.update" => arguments["ts"].as_str().unwrap().to_owned(),
        "chat.postEphemeral" => {
            calls.push((method, arguments));
            return json!({ "ok": true, "message_ts": "1.0" }).to_string();
        }
        _ => return json!({ "ok": false, "error": "unknown_method" }).to_string(),
    };
    calls.push((method, arguments));
    json!({ "ok": true, "channel": CHANNEL, "ts": ts, "message": {} }).to_string()
}

struct Place {
    stage: Stage,
    api: Api,
    calls: Calls,
    port: u16,
    runtime: Runtime,
    _folder: TestDir,
}

impl Place {
    /// Weir with a channel in a Slack that does not answer yet.
    fn new(statement: &str) -> Self {
        let folder = TestDir::new("slack").unwrap();
        let (token, secret) = (folder.join("token"), folder.join("secret"));
        std::fs::write(&token, TOKEN).unwrap();
        std::fs::write(&secret, SECRET).unwrap();
        let port = port::free_port().unwrap();
        let section = format!(
            "[[channel]]\nname = \"ops\"\nkind = \"slack\"\nurl = \"http://127.0.0.1:{port}/api\"\n\
             token = {{ file = {token:?} }}\nsigning_secret = {{ file = {secret:?} }}\n\
             team = \"{TEAM}\"\nchannel = \"{CHANNEL}\"\nstatement = \"{statement}\"\n\
             people = {{ UCAROL = \"carol\", UALICE = \"{PERSON}\", UERIN = \"erin\" }}\n"
        );
        let stage = stage_with(|options| {
            options.api().sections(&section).policy("92-grants.cedar", GRANTS)
        });
        let api = Api::of(&stage.weir);
        let (calls, runtime) = (Calls::default(), Runtime::new().unwrap());
        Self { stage, api, calls, port, runtime, _folder: folder }
    }

    fn answering(statement: &str) -> Self {
        let place = Self::new(statement);
        place.answer();
        place
    }

    fn answer(&self) {
        let (port, calls) = (self.port, Arc::clone(&self.calls));
        self.runtime.spawn(async move {
            let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
            let app = Router::new().route("/api/{method}", post(method)).with_state(calls);
            axum::serve(listener, app).await.unwrap();
        });
    }

    /// The arguments of the calls of a method that concern a request.
    fn called(&self, method: &str, hold: &str) -> Vec<Value> {
        let calls = self.calls.lock().unwrap();
        let ours = calls.iter().filter(|(name, _)| name == method).map(|(_, call)| call.clone());
        ours.filter(|call| call.to_string().contains(hold)).collect()
    }

    /// The message about a request, once there is one: what Slack calls it, and its arguments.
    fn message(&self, hold: &str) -> (String, Value) {
        until("a message", || {
            let calls = self.calls.lock().unwrap();
            let posted = calls.iter().position(|(name, call)| {
                name == "chat.postMessage" && call.to_string().contains(hold)
            });
            posted.map(|at| (format!("1700000000.{at:06}"), calls[at].1.clone()))
        })
    }

    /// Sends what Slack would, with these headers.
    fn send(&self, body: &str, time: &str, signature: &str) -> Answer {
        let time = format!("X-Slack-Request-Timestamp: {time}");
        let signature = format!("X-Slack-Signature: {signature}");
        let kind = "Content-Type: application/x-www-form-urlencoded";
        self.api.raw("POST", "/hooks/slack", &[kind, &time, &signature], Some(body))
    }

    /// Presses a button.
    fn press(&self, press: &Press) -> Answer {
        let (body, time) = (press.body(), now().to_string());
        self.send(&body, &time, &sign(SECRET, &time, &body))
    }
}

/// A button that somebody presses.
#[derive(Clone)]
struct Press {
    user: &'static str,
    team: &'static str,
    channel: &'static str,
    action: &'static str,
    hold: String,
    message: String,
    reason: &'static str,
}

impl Press {
    fn approve(hold: &str, message: &str) -> Self {
        Self {
            user: "UCAROL",
            team: TEAM,
            channel: CHANNEL,
            action: "approve",
            hold: hold.to_owned(),
            message: message.to_owned(),
            reason: "",
        }
    }

    /// As Slack documents a `block_actions` payload.
    fn body(&self) -> String {
        let payload = json!({
            "type": "block_actions",
            // What the payload says beside ids is a user's to choose.
            "user": {
                "id": self.user, "username": "carol", "name": "carol", "team_id": self.team,
            },
            "api_app_id": "A0TEST", "token": "deprecated",
            "container": {
                "type": "message", "message_ts": self.message, "channel_id": self.channel,
                "is_ephemeral": false,
            },
            "trigger_id": "12466734323.1395872398", "team": { "id": self.team, "domain": "test" },
            "channel": { "id": self.channel, "name": "ops" },
            "state": { "values": {
                "reason": { "reason": { "type": "plain_text_input", "value": self.reason } },
            } },
            "response_url": "https://hooks.slack.com/actions/T0/1/x",
            "actions": [{
                "type": "button", "block_id": "decide", "action_id": self.action,
                "value": self.hold, "action_ts": "1700000001.000001",
            }],
        });
        let mut body = String::from("payload=");
        for byte in payload.to_string().bytes() {
            write!(body, "%{byte:02X}").unwrap();
        }
        body
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// "Verifying requests from Slack".
fn sign(secret: &str, time: &str, body: &str) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("v0:{time}:{body}").as_bytes());
    let mut text = String::from("v0=");
    for byte in mac.finalize().into_bytes() {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

#[test]
fn psql_waits_and_goes_on_when_the_button_is_pressed() {
    let place = Place::answering("shape");
    let child = psql(&place.stage, PERSON, "delete from jobs where note = 'job 4711' or id = 1");
    let hold = request(&place.stage);
    let (message, posted) = place.message(&hold);
    assert_eq!(posted["channel"], CHANNEL);
    let text = posted.to_string();
    assert!(text.contains("delete from jobs where note = ? or id = ?"), "{text}");
    assert!(text.contains("two people") && text.contains(r#""action_id":"approve""#), "{text}");
    assert!(!text.contains("4711"), "no value leaves unless it is said: {text}");
    let answer = place.press(&Press { reason: "OPS-17", ..Press::approve(&hold, &message) });
    assert_eq!(answer.status, 200, "{answer:?}");
    let (out, err) = ended(child);
    assert_eq!(out, "DELETE 1\n", "{err}");
    assert_eq!((jobs(&place.stage), state(&place.stage, &hold).as_str()), (49, "used"));
    let last = until("the outcome", || {
        let updates = place.called("chat.update", &hold);
        updates.last().filter(|last| last.to_string().contains("approved; it runs once")).cloned()
    });
    assert_eq!(last["ts"], message.as_str());
    let last = last.to_string();
    assert!(last.contains("carol OPS-17") && !last.contains("action_id"), "{last}");
    let record = place.stage.weir.record(400).unwrap().join("\n");
    let said = r#""by":"carol","what":"approved","reason":"OPS-17","via":"ops""#;
    assert!(record.contains(said), "{record}");
    let again = place.press(&Press::approve(&hold, &message));
    assert_eq!(again.status, 200);
    let told = place.called("chat.postEphemeral", "used already");
    assert_eq!((told.len(), &told[0]["user"]), (1, &json!("UCAROL")));
}

#[test]
fn psql_is_told_what_was_said_in_slack() {
    let place = Place::answering("text");
    let sql = "delete from jobs where note = '<!channel> *job* \u{202e}' or id = 2";
    let child = psql(&place.stage, PERSON, sql);
    let hold = request(&place.stage);
    let (message, posted) = place.message(&hold);
    let text = posted.to_string();
    assert!(text.contains("<!channel> *job* \\\\u{202e}"), "written out, and no markup: {text}");
    let blocks = posted["blocks"].as_array().unwrap();
    let markup = |block: &Value| block.to_string().contains("mrkdwn");
    assert!(!blocks.iter().any(markup) && posted["mrkdwn"] == false, "{text}");
    let press = Press { action: "deny", reason: "not today", ..Press::approve(&hold, &message) };
    assert_eq!(place.press(&press).status, 200);
    let (out, err) = ended(child);
    assert!(out.is_empty() && err.contains("carol denied it: not today"), "{out}{err}");
    // What is cut is not consented to: there is no such button.
    let long = format!("delete from jobs where note = '{}'", "x".repeat(5_000));
    let child = psql(&place.stage, PERSON, &long);
    let hold = request(&place.stage);
    let (_, posted) = place.message(&hold);
    let text = posted.to_string();
    let (deny, approve) = (r#""action_id":"deny""#, r#""action_id":"approve""#);
    assert!(text.contains(deny) && !text.contains(approve), "{text}");
    place.stage.weir.run(&["identity", "disable", PERSON]).unwrap().success().unwrap();
    ended(child);
    assert_eq!(jobs(&place.stage), 50);
}

#[test]
fn what_slack_did_not_sign_or_nobody_may_say_decides_nothing() {
    let place = Place::answering("none");
    let mut child = psql(&place.stage, PERSON, "delete from jobs where id = 3");
    let hold = request(&place.stage);
    let (message, posted) = place.message(&hold);
    assert!(!posted.to_string().contains("delete from"), "{posted}");
    let good = Press::approve(&hold, &message);
    let body = good.body();
    let (time, old, early) =
        (now().to_string(), (now() - 301).to_string(), (now() + 302).to_string());
    let right = sign(SECRET, &time, &body);
    for (body, time, signature) in [
        (body.as_str(), time.as_str(), ""),
        (&body, &time, "v0=00"),
        (&body, &time, &sign("another secret", &time, &body)),
        (&body, &time, &right.replace("v0=", "v1=")),
        (&format!("{body}&x=1"), &time, &right),
        (&body, &old, &sign(SECRET, &old, &body)),
        (&body, &early, &sign(SECRET, &early, &body)),
        (&body, &old, &right),
        (&body, "", &sign(SECRET, "", &body)),
        (&body, "now", &sign(SECRET, "now", &body)),
    ] {
        let answer = place.send(body, time, signature);
        assert_eq!((answer.status, answer.problem()), (401, "unsigned"), "{time} {signature}");
    }
    let other = |press: Press| place.press(&press).problem().to_owned();
    assert_eq!(other(Press { team: "T0OTHER", ..good.clone() }), "elsewhere");
    assert_eq!(other(Press { channel: "C0OTHER", ..good.clone() }), "elsewhere");
    assert_eq!(other(Press { message: "1.0".to_owned(), ..good.clone() }), "elsewhere");
    assert_eq!(other(Press { hold: "none".to_owned(), ..good.clone() }), "elsewhere");
    // Whoever is no person here, whoever asked, and whoever is not asked are told so.
    for (user, words) in [
        ("UMALLORY", "no person by your Slack account"),
        ("UALICE", "asked for it"),
        ("UERIN", "in none of the groups"),
    ] {
        let answer = place.press(&Press { user, ..good.clone() });
        assert_eq!(answer.status, 200, "{answer:?}");
        let told = place.called("chat.postEphemeral", words);
        assert_eq!((told.len(), &told[0]["user"]), (1, &json!(user)), "{words}");
    }
    assert_eq!((jobs(&place.stage), state(&place.stage, &hold).as_str()), (50, "open"));
    assert!(child.try_wait().unwrap().is_none(), "it still waits");
    // What was refused is not taken later either: erin's word, when erin is in the group.
    let press = Press { user: "UERIN", ..good.clone() };
    let (body, time) = (press.body(), now().to_string());
    let signature = sign(SECRET, &time, &body);
    place.send(&body, &time, &signature);
    place.stage.weir.run(&["identity", "group", "add", "erin", "dba"]).unwrap().success().unwrap();
    let answer = place.send(&body, &time, &signature);
    assert_eq!((answer.status, answer.problem()), (409, "replayed"));
    assert_eq!((jobs(&place.stage), state(&place.stage, &hold).as_str()), (50, "open"));
    assert_eq!(place.press(&good).status, 200);
    assert_eq!(ended(child).0, "DELETE 1\n");
    let record = place.stage.weir.record(400).unwrap().join("\n");
    assert!(record.contains(r#""claimed":"slack UMALLORY""#), "{record}");
}

#[test]
fn a_slack_that_is_down_delays_nobody_and_hears_of_what_still_waits() {
    let place = Place::new("shape");
    let first = psql(&place.stage, PERSON, "delete from jobs where id = 4");
    let hold = request(&place.stage);
    let (taken, said) = tests::hold::say(&place.stage, "deny", &hold, "carol");
    assert!(taken, "{said}");
    ended(first);
    let child = psql(&place.stage, PERSON, "delete from jobs where id = 5");
    let open = request(&place.stage);
    let log = || std::fs::read_to_string(place.stage.weir.folder().join("weir.log")).unwrap();
    until("a try", || log().contains("not delivered, tried again").then_some(()));
    place.answer();
    let (message, _) = place.message(&open);
    assert!(place.called("chat.postMessage", &hold).is_empty(), "it was over before");
    assert_eq!(place.press(&Press::approve(&open, &message)).status, 200);
    assert_eq!(ended(child).0, "DELETE 1\n");
    assert!(!log().contains(TOKEN) && !log().contains(SECRET));
}

#[test]
fn a_message_that_slack_wants_never_holds_up_no_other() {
    let place = Place::answering("shape");
    let first = psql(&place.stage, PERSON, "delete from jobs as unwanted where id = 6");
    let lost = request(&place.stage);
    let second = psql(&place.stage, PERSON, "delete from jobs where id = 7");
    let told = next_request(&place.stage, &lost);
    let (message, _) = place.message(&told);
    assert_eq!(place.press(&Press::approve(&told, &message)).status, 200);
    assert_eq!(ended(second).0, "DELETE 1\n");
    // Whoever looks sees that nobody was told of the other, and can still decide about it.
    let weir = &place.stage.weir;
    let log = std::fs::read_to_string(weir.folder().join("weir.log")).unwrap();
    let aloud = |line: &str| line.contains("ERROR") && line.contains(&lost);
    assert!(log.lines().any(aloud), "{log}");
    let text = weir.run(&["channels", "--json"]).unwrap().success().unwrap();
    let channels: Value = serde_json::from_str(&text).unwrap();
    let given_up = &channels[0]["given_up"];
    assert_eq!((&channels[0]["channel"], &channels[0]["kind"]), (&json!("ops"), &json!("slack")));
    assert_eq!(given_up[0]["about"], lost.as_str(), "{text}");
    assert_eq!(given_up[0]["why"], "Slack answers invalid_blocks", "{text}");
    assert_eq!(given_up.as_array().unwrap().len(), 1, "{text}");
    let shown = weir.run(&["channels"]).unwrap().success().unwrap();
    assert!(shown.contains("GIVEN UP") && shown.contains(&lost), "{shown}");
    let page = weir.http("/metrics").unwrap();
    let series = "weir_channel_messages_given_up_total{channel=\"ops\"} 1\n";
    assert!(page.contains(series), "{page}");
    let what = format!("channel ops gave up telling of {lost}: Slack answers invalid_blocks");
    until("the record", || weir.record(400).unwrap().join("\n").contains(&what).then_some(()));
    tests::hold::approve(&place.stage, &lost, "carol");
    assert_eq!(ended(first).0, "DELETE 1\n");
    assert_eq!(jobs(&place.stage), 48);
}

/// A grant in Slack: asked for, taken back and reviewed by buttons, and by nobody who asked.
#[test]
fn a_grant_is_decided_and_reviewed_by_buttons() {
    let place = Place::answering("shape");
    let ask = ["grants", "request", "--as", PERSON, "--group", "stewards", "--database", "shop"];
    let rest = ["--for", "10m", "--purpose", "<!here> *OPS*", "--json", "--password-stdin"];
    let asked = place.stage.weir.run_as_somebody(&[&ask[..], &rest].concat()).unwrap();
    let asked: Value = serde_json::from_str(&asked.success().unwrap()).unwrap();
    let grant = asked["grant"].as_str().unwrap();
    let (message, posted) = place.message(grant);
    let text = posted.to_string();
    assert!(text.contains("<!here> *OPS*") && !text.contains("mrkdwn\":true"), "{text}");
    let press = |user, action, reason| {
        let press = Press { user, action, reason, ..Press::approve(grant, &message) };
        assert_eq!(place.press(&press).status, 200);
    };
    let told = |words: &str| place.called("chat.postEphemeral", words).len();
    let state = || {
        let show = ["grants", "show", grant, "--json"];
        let text = place.stage.weir.run(&show).unwrap().success().unwrap();
        let shown: Value = serde_json::from_str(&text).unwrap();
        (shown["state"].as_str().unwrap().to_owned(), shown["review"].as_str().unwrap().to_owned())
    };
    press("UALICE", "approve", "mine");
    assert_eq!((told("asked for it"), state().0.as_str()), (1, "open"));
    press("UERIN", "approve", "seen");
    assert_eq!((told("in none of the groups"), state().0.as_str()), (1, "open"));
    press("UCAROL", "approve", "OPS-17");
    let begun = ("begun".to_owned(), "open".to_owned());
    until("an answer", || (state().0 != "open" && state().0 != "granted").then_some(()));
    assert_eq!(state(), begun, "{}", place.stage.weir.record(50).unwrap().join("\n"));
    until("its review", || {
        let updates = place.called("chat.update", grant);
        updates.last().filter(|last| last.to_string().contains("not_fine")).map(|_| ())
    });
    press("UALICE", "fine", "mine");
    assert_eq!((told("asked for it"), state().1.as_str()), (2, "open"));
    press("UERIN", "fine", "");
    assert_eq!((told("what was looked at"), state().1.as_str()), (1, "open"));
    press("UERIN", "not_fine", "nobody asked me");
    assert_eq!(state().1, "not_fine");
    press("UCAROL", "revoke", "enough");
    assert_eq!(state().0, "revoked");
    until("its end", || {
        let updates = place.called("chat.update", grant);
        let last = updates.last()?.to_string();
        (last.contains("revoked") && !last.contains("action_id")).then_some(())
    });
}
