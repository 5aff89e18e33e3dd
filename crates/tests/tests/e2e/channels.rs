//! Channels beside Slack: signed webhooks in both directions, cards for Teams, mail through a real
//! SMTP server. Nobody is slowed by them, and only what is signed decides.

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};
use testkit::{TestDir, port, weir::PERSON};
use tests::{
    api::{Answer, Api},
    client,
    hold::{approve, ended, jobs, next_request, psql, request, say, stage_with, state, until},
};
use tokio::{net::TcpListener, runtime::Runtime};

const OWN: &str = "the key that Weir signs with";
const CAROL: &str = "whsec_Y2Fyb2wncyBrZXkgaXMgaGVycyBhbG9uZQ==";

/// What was posted to a path: headers and body.
type Posted = Arc<Mutex<Vec<(HeaderMap, Value)>>>;

async fn take(State(posted): State<Posted>, headers: HeaderMap, body: Bytes) -> StatusCode {
    posted.lock().unwrap().push((headers, serde_json::from_slice(&body).unwrap()));
    StatusCode::ACCEPTED
}

fn listen(runtime: &Runtime, port: u16) -> Posted {
    let posted = Posted::default();
    let app = Router::new().route("/in", post(take)).with_state(Arc::clone(&posted));
    runtime.spawn(async move {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        axum::serve(listener, app).await.unwrap();
    });
    posted
}

fn secret(folder: &TestDir, name: &str, text: &str) -> String {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    format!("{{ file = {file:?} }}")
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn sign(key: &[u8], id: &str, time: &str, body: &str) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
    mac.update(format!("{id}.{time}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

fn carols_key() -> Vec<u8> {
    STANDARD.decode(CAROL.strip_prefix("whsec_").unwrap()).unwrap()
}

/// Sends a decision with these headers.
fn send(api: &Api, channel: &str, id: &str, time: &str, body: &str, signature: &str) -> Answer {
    let headers = [
        format!("webhook-id: {id}"),
        format!("webhook-timestamp: {time}"),
        format!("webhook-signature: {signature}"),
        "Content-Type: application/json".to_owned(),
    ];
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    api.raw("POST", &format!("/hooks/webhook/{channel}"), &headers, Some(body))
}

fn decision(request: &str, what: &str) -> String {
    json!({ "request": request, "decision": what, "reason": "by the bot" }).to_string()
}

#[test]
fn every_step_is_signed_and_a_signed_decision_is_taken_once() {
    let (runtime, folder) = (Runtime::new().unwrap(), TestDir::new("hook").unwrap());
    let port = port::free_port().unwrap();
    let posted = listen(&runtime, port);
    let section = format!(
        "[[channel]]\nname = \"bot\"\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{port}/in\"\n\
         secret = {}\ndeciders = {{ carol = {}, {PERSON} = {} }}\n",
        secret(&folder, "own", OWN),
        secret(&folder, "carol", CAROL),
        secret(&folder, "alice", "alice's key"),
    );
    let stage = stage_with(|options| options.api().sections(&section));
    let api = Api::of(&stage.weir);
    let child = psql(&stage, PERSON, "delete from jobs where note = 'job 4711' or id = 1");
    let hold = request(&stage);
    let held = until("a call", || posted.lock().unwrap().first().cloned());
    assert_eq!(held.1["type"], "approval.held");
    let approval = &held.1["data"]["approval"];
    assert_eq!(approval["request"], hold.as_str());
    assert_eq!(approval["shape"], "delete from jobs where note = ? or id = ?");
    assert!(!held.1.to_string().contains("4711"), "{}", held.1);

    let (body, time) = (decision(&hold, "approve"), now().to_string());
    let right = sign(&carols_key(), "one", &time, &body);
    let (old, early) = ((now() - 301).to_string(), (now() + 302).to_string());
    let denial = decision(&hold, "deny");
    for (channel, id, time, body, signature) in [
        ("bot", "one", time.as_str(), body.as_str(), ""),
        ("bot", "one", &time, &body, "v1,AAAA"),
        ("bot", "two", &time, &body, &right),
        ("bot", "one", &time, &denial, &right),
        ("bot", "", &time, &body, &sign(&carols_key(), "", &time, &body)),
        ("bot", "one", &old, &body, &sign(&carols_key(), "one", &old, &body)),
        ("bot", "one", &early, &body, &sign(&carols_key(), "one", &early, &body)),
        ("bot", "one", &time, &body, &sign(OWN.as_bytes(), "one", &time, &body)),
        ("other", "one", &time, &body, &right),
    ] {
        let answer = send(&api, channel, id, time, body, signature);
        assert_eq!((answer.status, answer.problem()), (401, "unsigned"), "{channel} {id} {time}");
    }
    let own = sign(b"alice's key", "a", &time, &body);
    let answer = send(&api, "bot", "a", &time, &body, &own);
    assert_eq!((answer.status, answer.problem()), (403, "own-request"));
    assert_eq!((jobs(&stage), state(&stage, &hold).as_str()), (50, "open"));
    let answer = send(&api, "bot", "one", &time, &body, &right);
    assert_eq!((answer.status, &answer.body["state"]), (200, &json!("approved")));
    assert_eq!(ended(child).0, "DELETE 1\n");
    assert_eq!(send(&api, "bot", "one", &time, &body, &right).problem(), "replayed");

    until("every step", || {
        let posted = posted.lock().unwrap();
        let steps: Vec<&str> =
            posted.iter().map(|(_, body)| body["type"].as_str().unwrap()).collect();
        (steps == ["approval.held", "approval.approved", "approval.used"]).then_some(())
    });
    for (headers, body) in posted.lock().unwrap().iter() {
        let header = |name: &str| headers[name].to_str().unwrap();
        let (id, time) = (header("webhook-id"), header("webhook-timestamp"));
        let right = sign(OWN.as_bytes(), id, time, &body.to_string());
        assert_eq!(header("webhook-signature"), right);
    }
    let approved = posted.lock().unwrap()[1].1["data"].clone();
    assert_eq!((&approved["by"], &approved["via"]), (&json!("carol"), &json!("bot")));
    assert_eq!(approved["reason"], "by the bot");
}

#[test]
fn teams_gets_a_card_without_buttons_that_decide() {
    let (runtime, folder) = (Runtime::new().unwrap(), TestDir::new("teams").unwrap());
    let port = port::free_port().unwrap();
    let posted = listen(&runtime, port);
    let hook = secret(&folder, "hook", &format!("http://127.0.0.1:{port}/in"));
    let section = format!(
        "[[channel]]\nname = \"team\"\nkind = \"teams\"\nhook = {hook}\ngroups = [\"dba\"]\n\
         [api]\nurl = \"https://weir.example\"\n"
    );
    let stage = stage_with(|options| options.sections(&section));
    let child = psql(&stage, PERSON, "delete from jobs where id = 2");
    let hold = request(&stage);
    let (_, card) = until("a card", || posted.lock().unwrap().first().cloned());
    let attachment = &card["attachments"][0];
    assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
    let content = &attachment["content"];
    assert_eq!((&content["type"], &content["version"]), (&json!("AdaptiveCard"), &json!("1.4")));
    let text = content.to_string();
    assert!(text.contains(&hold) && text.contains("delete from jobs where id = ?"), "{text}");
    assert!(text.contains("https://weir.example/api/v1/approvals/"), "{text}");
    let actions = content["actions"].as_array().unwrap();
    assert!(actions.iter().all(|action| action["type"] == "Action.OpenUrl"), "{text}");
    approve(&stage, &hold, "carol");
    assert_eq!(ended(child).0, "DELETE 1\n");
    assert_eq!(posted.lock().unwrap().len(), 1, "one card for one request");
}

/// The mail server has no mailbox for one of them, and wants one mail not at all.
#[test]
fn a_mail_that_a_server_wants_never_holds_up_no_other() {
    let folder = TestDir::new("mail").unwrap();
    let authority = testkit::tls::Authority::new(&folder.join("tls")).unwrap();
    let pair = authority.sign("localhost").unwrap();
    let port = port::free_port().unwrap();
    let mails = folder.join("mails");
    std::fs::create_dir(&mails).unwrap();
    let (text, password) = (port.to_string(), Path::new("hunter2"));
    let arguments: [&Path; 5] = [Path::new(&text), &pair.certificate, &pair.key, &mails, password];
    let server = client::serve("smtp_server.py", &arguments, folder.path()).unwrap();
    let section = format!(
        "[[channel]]\nname = \"mail\"\nkind = \"email\"\nhost = \"localhost\"\nport = {port}\n\
         ca = {:?}\nuser = \"weir\"\npassword = {}\nfrom = \"Weir <weir@example.org>\"\n\
         to = [\"gone@example.org\", \"dba@example.org\"]\n",
        authority.certificate(),
        secret(&folder, "password", "hunter2"),
    );
    let stage = stage_with(|options| options.sections(&section));
    let first = psql(&stage, PERSON, "delete from jobs as unwanted where id = 3");
    let lost = request(&stage);
    let second = psql(&stage, PERSON, "delete from jobs where id = 4");
    let told = next_request(&stage, &lost);
    let about = |hold: &str| {
        let mails = std::fs::read_dir(&mails).unwrap();
        let mut texts = mails.map(|mail| std::fs::read_to_string(mail.unwrap().path()).unwrap());
        texts.find(|text| text.contains(hold))
    };
    let mail = until("a mail", || about(&told));
    assert!(mail.contains("X-To: dba@example.org\n"), "those who have a mailbox hear: {mail}");
    assert!(about(&lost).is_none());
    let given_up = |count| {
        until("what was given up", || {
            let text = stage.weir.run(&["channels", "--json"]).unwrap().success().unwrap();
            let channels: Value = serde_json::from_str(&text).unwrap();
            let given_up = channels[0]["given_up"].as_array().unwrap().clone();
            (given_up.len() == count).then_some(given_up)
        })
    };
    let both = given_up(2);
    assert_eq!((&both[0]["about"], &both[1]["about"]), (&json!(told), &json!(lost)));
    let (some, all) = (both[0]["why"].as_str().unwrap(), both[1]["why"].as_str().unwrap());
    assert!(some.contains("gone@example.org: ") && !some.contains("dba@example.org"), "{some}");
    assert!(all.contains("gone@example.org: ") && all.contains("dba@example.org: "), "{all}");
    for (child, hold) in [(first, lost), (second, told)] {
        assert!(say(&stage, "deny", &hold, "carol").0);
        ended(child);
    }
    drop(server);
}

/// One has no mailbox and another takes mail later: whoever has it does not get it again.
#[test]
fn a_mail_comes_once_to_whoever_takes_it() {
    let folder = TestDir::new("mail").unwrap();
    let authority = testkit::tls::Authority::new(&folder.join("tls")).unwrap();
    let pair = authority.sign("localhost").unwrap();
    let port = port::free_port().unwrap();
    let mails = folder.join("mails");
    std::fs::create_dir(&mails).unwrap();
    let (text, password) = (port.to_string(), Path::new("hunter2"));
    let arguments: [&Path; 5] = [Path::new(&text), &pair.certificate, &pair.key, &mails, password];
    let server = client::serve("smtp_server.py", &arguments, folder.path()).unwrap();
    let section = format!(
        "[[channel]]\nname = \"mail\"\nkind = \"email\"\nhost = \"localhost\"\nport = {port}\n\
         ca = {:?}\nuser = \"weir\"\npassword = {}\nfrom = \"Weir <weir@example.org>\"\n\
         to = [\"gone@example.org\", \"dba@example.org\", \"later@example.org\"]\n",
        authority.certificate(),
        secret(&folder, "password", "hunter2"),
    );
    let stage = stage_with(|options| options.sections(&section));
    let child = psql(&stage, PERSON, "delete from jobs where id = 3");
    let hold = request(&stage);
    let to = |whom: &str| {
        let mails = std::fs::read_dir(&mails).unwrap();
        let texts = mails.map(|mail| std::fs::read_to_string(mail.unwrap().path()).unwrap());
        let line = format!("X-To: {whom}@example.org\n");
        texts.filter(|text| text.contains(&hold) && text.contains(&line)).count()
    };
    until("the late mail", || (to("later") == 1).then_some(()));
    assert_eq!((to("dba"), to("later")), (1, 1));
    assert!(say(&stage, "deny", &hold, "carol").0);
    ended(child);
    drop(server);
}

/// aiosmtpd: STARTTLS and a password, or nothing is taken.
#[test]
fn a_mail_says_where_to_decide() {
    let folder = TestDir::new("mail").unwrap();
    let authority = testkit::tls::Authority::new(&folder.join("tls")).unwrap();
    let pair = authority.sign("localhost").unwrap();
    let port = port::free_port().unwrap();
    let mails = folder.join("mails");
    std::fs::create_dir(&mails).unwrap();
    let (text, password) = (port.to_string(), Path::new("hunter2"));
    let arguments: [&Path; 5] = [Path::new(&text), &pair.certificate, &pair.key, &mails, password];
    let section = |password: &str| {
        format!(
            "[[channel]]\nname = \"mail\"\nkind = \"email\"\nhost = \"localhost\"\nport = {port}\n\
             ca = {:?}\nuser = \"weir\"\npassword = {}\nfrom = \"Weir <weir@example.org>\"\n\
             to = [\"dba@example.org\", \"oncall@example.org\"]\n",
            authority.certificate(),
            secret(&folder, "password", password),
        )
    };
    let stage = stage_with(|options| options.sections(&section("hunter2")));
    // Nobody listens yet, and nobody waits for it.
    let child = psql(&stage, PERSON, "delete from jobs where id = 3");
    let hold = request(&stage);
    let server = client::serve("smtp_server.py", &arguments, folder.path()).unwrap();
    let mail = until("a mail", || {
        let first = std::fs::read_dir(&mails).unwrap().next()?;
        std::fs::read_to_string(first.unwrap().path()).ok().filter(|text| text.contains(&hold))
    });
    for part in [
        "X-Tls: yes",
        "X-User: weir",
        "X-To: dba@example.org,oncall@example.org",
        "Subject: alice asks for approval on shop",
        "delete from jobs where id = ?",
        &format!("weir approvals show {hold}"),
    ] {
        assert!(mail.contains(part), "no {part} in\n{mail}");
    }
    let (taken, said) = say(&stage, "deny", &hold, "carol");
    assert!(taken, "{said}");
    ended(child);
    assert_eq!(jobs(&stage), 50);
    drop(server);
}

/// Nobody has to look for it: whoever is called by a channel hears at once who met a canary.
#[test]
fn who_met_a_canary_is_told_of() {
    let (runtime, folder) = (Runtime::new().unwrap(), TestDir::new("alarm").unwrap());
    let port = port::free_port().unwrap();
    let posted = listen(&runtime, port);
    let section = format!(
        "[[canary]]\nname = \"nobody\"\nvalue = \"zephyrine@nobody.example\"\n\
         [[channel]]\nname = \"bot\"\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{port}/in\"\n\
         secret = {own}\ngroups = [\"dba\"]\n\
         [[channel]]\nname = \"cards\"\nkind = \"teams\"\nhook = {cards}\n",
        own = secret(&folder, "own", OWN),
        cards = secret(&folder, "cards", &format!("http://127.0.0.1:{port}/in")),
    );
    let stage = stage_with(|options| options.api().sections(&section));
    // That somebody is disabled by a person is no alarm.
    stage.weir.run(&["identity", "disable", "carol"]).unwrap().success().unwrap();
    stage.truth("insert into jobs (id, note) values (4711, 'zephyrine@nobody.example')").unwrap();
    let _ = stage.weir.psql(PERSON, "shop", "select note from jobs where id = 4711").unwrap();
    let called = |kind: &str| {
        let posted = posted.lock().unwrap();
        let found = posted.iter().map(|(_, body)| body).find(|body| body["type"] == kind);
        found.cloned()
    };
    let call = until("a call", || called("alarm.suspended"));
    assert_eq!(call["data"]["alarm"]["identity"], PERSON, "{call}");
    assert_eq!(call["data"]["by"], "canary \"nobody\"", "{call}");
    let card = until("a card", || called("message")).to_string();
    assert!(card.contains("alice met the canary") && card.contains("is suspended"), "{card}");
    assert!(card.contains("Act: weir audit search identity:alice"), "{card}");
    let all = format!("{:?}", posted.lock().unwrap());
    assert!(!all.contains("zephyrine") && !all.contains("carol"), "{all}");
}
