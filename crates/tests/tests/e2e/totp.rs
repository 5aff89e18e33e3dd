//! People of Weir's own with a second factor: the password alone is enough nowhere, and a code is
//! worth something once.

use serde_json::{Value, json};
use std::path::Path;
use testkit::{
    Postgres, Weir, tool,
    weir::{PASSWORD, PERSON},
};
use tests::{
    Stage, api::Api, client, hold::until, provider::Person, wire::Raw, written::assert_nowhere,
};

struct Scene {
    stage: Stage,
    api: Api,
    secret: String,
    recovery: Vec<String>,
}

fn scene() -> Scene {
    let upstream = Postgres::options().shop().start().unwrap();
    let weir = Weir::options(&upstream).api().start().unwrap();
    let api = Api::of(&weir);
    Scene { stage: Stage { weir, upstream }, api, secret: String::new(), recovery: Vec::new() }
}

impl Scene {
    fn enrol(&mut self) {
        let words = ["identity", "totp", "enrol", PERSON, "--json"];
        let said = self.stage.weir.run(&words).unwrap().success().unwrap();
        let said: Value = serde_json::from_str(&said).unwrap();
        self.secret = said["secret"].as_str().unwrap().to_owned();
        let text = |code: &Value| code.as_str().unwrap().to_owned();
        self.recovery = said["codes"].as_array().unwrap().iter().map(text).collect();
        assert!(said["uri"].as_str().unwrap().contains(&self.secret));
        until("it is known", || (self.sign_in(PASSWORD, None).1 == "second-factor").then_some(()));
    }

    /// The code so many steps from now.
    fn code(&self, steps: i32) -> String {
        let steps = steps.to_string();
        let arguments = [Path::new(&self.secret), Path::new(&steps)];
        client::python("totp.py", &arguments).unwrap().trim().to_owned()
    }

    /// Status and kind of problem.
    fn sign_in(&self, password: &str, code: Option<&str>) -> (u16, String) {
        let body = json!({ "name": PERSON, "password": password, "code": code });
        let answer = self.api.call("POST", "/api/v1/session", "", Some(body));
        (answer.status, answer.problem().to_owned())
    }
}

#[test]
fn the_password_alone_is_enough_nowhere() {
    let mut scene = scene();
    let weir = &scene.stage.weir;
    let mut open = Raw::sign_in(weir.port(), PERSON, PASSWORD, "shop").unwrap();
    let before = scene.api.sign_in(PERSON);
    scene.enrol();
    // What was had by less is over.
    let rest = open.rest().unwrap();
    let words = rest.iter().find(|one| one.tag == b'E').and_then(|one| one.field(b'M')).unwrap();
    assert!(words.contains("was revoked"), "{words}");
    assert_eq!(scene.api.call("GET", "/api/v1/session", &before, None).status, 401);
    let refused = scene.stage.weir.psql(PERSON, "shop", "select 1").unwrap();
    assert!(refused.stderr.contains("second factor"), "{refused}");
    let words = [
        "approvals",
        "delegate",
        "carol",
        "--as",
        PERSON,
        "--for",
        "1h",
        "--reason",
        "x",
        "--password-stdin",
    ];
    let said = scene.stage.weir.run_as_somebody(&words).unwrap();
    assert!(said.code != Some(0) && said.stderr.contains("second factor"), "{said}");
    assert_eq!(scene.sign_in("wrong", Some(&scene.code(0))).1, "wrong-password");
    assert_eq!(scene.sign_in(PASSWORD, Some("000000")).1, "second-factor");
    // A code counts once, and none of before it does.
    let (early, code) = (scene.code(-1), scene.code(0));
    assert_eq!(scene.sign_in(PASSWORD, Some(&code)), (201, String::new()));
    for used in [&code, &early] {
        assert_eq!(scene.sign_in(PASSWORD, Some(used)).1, "second-factor");
    }
    // So do those for when the device is gone.
    let recovery = &scene.recovery[3];
    assert_eq!(scene.sign_in(PASSWORD, Some(&recovery.to_uppercase())), (201, String::new()));
    assert_eq!(scene.sign_in(PASSWORD, Some(recovery)).1, "second-factor");
    for part in ["second factor: enrolled", "a recovery code was used", "the code is wrong"] {
        until(part, || {
            let record = scene.stage.weir.record(100).unwrap().join("\n");
            record.contains(part).then_some(())
        });
    }
    // Somebody without one is asked for nothing.
    scene.stage.weir.run(&["identity", "totp", "remove", PERSON]).unwrap().success().unwrap();
    until("it is known", || {
        scene.stage.weir.psql(PERSON, "shop", "select 1").unwrap().stderr.is_empty().then_some(())
    });
    let mut secrets = scene.recovery.clone();
    secrets.push(scene.secret.clone());
    scene.stage.weir.stop().unwrap();
    assert_nowhere(scene.stage.weir.folder(), &secrets);
}

#[test]
fn wrong_codes_cost_time_as_wrong_passwords_do() {
    let mut scene = scene();
    scene.enrol();
    let mut tries = 0;
    while scene.sign_in(PASSWORD, Some("000000")).0 != 429 {
        tries += 1;
        assert!(tries < 20, "nobody stops it");
    }
    let code = scene.code(0);
    assert_eq!(scene.sign_in(PASSWORD, Some(&code)).1, "too-many", "a right one has to wait, too");
}

#[test]
fn a_token_by_password_and_code_is_the_password_of_every_client() {
    let mut scene = scene();
    scene.enrol();
    let alice = Person::new(PERSON).unwrap();
    let (url, ca) = scene.stage.weir.api().unwrap();
    let ca = ca.display().to_string();
    let words = ["login", &url, "--local", "--user", PERSON, "--ca", &ca, "--password-stdin"];
    let login = |code: &str| {
        let mut command = alice.command(&words).unwrap();
        tool::finish_with(&mut command, &format!("{PASSWORD}\n{code}\n")).unwrap()
    };
    assert!(login("").stderr.contains("a code is missing"));
    assert_eq!(
        login(&scene.code(0)).success().unwrap().lines().next(),
        Some("Signed in as alice.")
    );
    let token = alice.token().unwrap();
    let port = scene.stage.weir.port();
    let mut session = Raw::sign_in(port, PERSON, &token, "shop").unwrap();
    let narrow = alice.run(&["token", "--database", "other"]).unwrap().success().unwrap();
    assert!(Raw::sign_in(port, PERSON, narrow.trim(), "shop").is_err(), "for another database");
    // Signing out ends all of it.
    alice.run(&["logout"]).unwrap().success().unwrap();
    let rest = session.rest().unwrap();
    let words = rest.iter().find(|one| one.tag == b'E').and_then(|one| one.field(b'M')).unwrap();
    assert!(words.contains("revoked"), "{words}");
    assert!(Raw::sign_in(port, PERSON, &token, "shop").is_err());
    let kept = std::fs::read_dir(alice.folder().join("config/weir")).unwrap();
    assert!(kept.flatten().all(|file| file.file_name() != "login.json"));
    // A token that follows from a sign-in exchanges nothing itself, and neither does nothing.
    let body = |token: &str| {
        let form = format!(
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={token}\
             &subject_token_type=urn:ietf:params:oauth:token-type:access_token"
        );
        let kind = ["Content-Type: application/x-www-form-urlencoded"];
        scene.api.raw("POST", "/oauth2/token", &kind, Some(&form)).status
    };
    assert_eq!((body(&token), body(narrow.trim()), body("x")), (400, 400, 400));
}

#[test]
fn signing_out_of_the_api_ends_the_sessions_that_follow_from_it() {
    let mut scene = scene();
    scene.enrol();
    let body = json!({ "name": PERSON, "password": PASSWORD, "code": scene.code(0) });
    let signed_in = scene.api.call("POST", "/api/v1/session", "", Some(body)).body;
    let sign_in = signed_in["token"].as_str().unwrap();
    let form = format!(
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={sign_in}\
         &subject_token_type=urn:ietf:params:oauth:token-type:access_token"
    );
    let kind = ["Content-Type: application/x-www-form-urlencoded"];
    let exchanged = scene.api.raw("POST", "/oauth2/token", &kind, Some(&form)).body;
    let token = exchanged["access_token"].as_str().unwrap();
    let port = scene.stage.weir.port();
    let (mut idle, mut busy) = (
        Raw::sign_in(port, PERSON, token, "shop").unwrap(),
        Raw::sign_in(port, PERSON, token, "shop").unwrap(),
    );
    busy.query("select pg_sleep(60)").unwrap();
    let begun = std::time::Instant::now();
    assert_eq!(scene.api.call("DELETE", "/api/v1/session", sign_in, None).status, 204);
    for session in [&mut idle, &mut busy] {
        let rest = session.rest().unwrap();
        let error = rest.iter().find(|one| one.tag == b'E').and_then(|one| one.field(b'M'));
        let error = error.unwrap();
        assert!(error.contains("revoked"), "{error}");
    }
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    assert!(Raw::sign_in(port, PERSON, token, "shop").is_err());
    assert_eq!(scene.api.call("GET", "/api/v1/session", sign_in, None).status, 401);
}

#[test]
fn what_the_command_says_is_so_when_it_returns() {
    let scene = scene();
    let totp = |what: &str| {
        let said = scene.stage.weir.run(&["identity", "totp", what, PERSON]).unwrap();
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said}");
    };
    for _ in 0..3 {
        totp("enrol");
        let refused = scene.stage.weir.psql(PERSON, "shop", "select 1").unwrap();
        assert!(refused.stderr.contains("second factor"), "{refused}");
        totp("remove");
        scene.stage.weir.psql(PERSON, "shop", "select 1").unwrap().success().unwrap();
    }
}

#[test]
fn without_a_terminal_a_sign_in_says_what_to_do() {
    let scene = scene();
    let (url, ca) = scene.stage.weir.api().unwrap();
    let alice = Person::new(PERSON).unwrap();
    let weir = alice.command(&[]).unwrap();
    let mut command = std::process::Command::new("setsid");
    command.arg("--wait").arg(weir.get_program());
    command.args(["login", &url, "--local", "--user", PERSON, "--ca"]).arg(ca);
    command.env("HOME", alice.folder()).env("XDG_CONFIG_HOME", alice.folder().join("config"));
    let said = tool::finish(&mut command).unwrap();
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.stderr.contains("there is no terminal"), "{said}");
    assert!(said.stderr.contains("--password-stdin"), "{said}");
}
