//! Passkeys without a browser: what their signatures are good for, how often, and at which site.

use serde_json::Value;
use std::path::Path;
use testkit::{Weir, weir::PASSWORD};
use tests::{
    Stage,
    authenticator::{Authenticator, Fields},
    browser::Browser,
    client,
    console::{APPROVER, Reply, Visitor, sign_in_at, stage},
    hold::until,
};

/// Where the console is by name.
fn named(weir: &Weir) -> String {
    weir.api().unwrap().0.replace("127.0.0.1", "localhost")
}

/// Somebody who is signed in, with a browser that goes to a name.
struct At<'v> {
    visitor: &'v Visitor,
    origin: String,
}

impl At<'_> {
    /// The challenge of the form that holds this.
    fn challenge(&self, holds: &str) -> String {
        let page = self.visitor.get("/console/passkeys").text;
        let form = page.split("<form").find(|form| form.contains(holds));
        let form = form.unwrap_or_else(|| panic!("no form with {holds}: {page}"));
        let (_, rest) = form.split_once("data-challenge=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    fn press(&self, path: &str, fields: &[Fields]) -> Reply {
        let csrf = self.visitor.csrf();
        let mut form = vec![("csrf", csrf.as_str())];
        form.extend(fields.iter().flatten().map(|(name, value)| (*name, value.as_str())));
        let host = format!("Host: {}", self.origin.trim_start_matches("https://"));
        self.visitor.post(path, &form, &[&host, &format!("Origin: {}", self.origin)])
    }

    fn add(&self, name: &str, key: &Authenticator, by: Option<&Authenticator>) -> Reply {
        let challenge = self.challenge("id=\"make\"");
        let mut fields = vec![name_of(name), key.makes(&self.origin, &challenge)];
        fields.extend(by.map(|by| by.signs(&self.origin, &challenge)));
        self.press("/console/passkeys", &fields)
    }
}

fn name_of(name: &str) -> Fields {
    vec![("name", name.to_owned())]
}

#[test]
fn a_word_about_keys_counts_once_and_for_what_it_was_said() {
    let stage = stage();
    let visitor = Visitor::signed_in(&stage.weir, APPROVER);
    let at = At { visitor: &visitor, origin: named(&stage.weir) };
    let keys = [Authenticator::new(), Authenticator::new(), Authenticator::new()];
    for (name, key) in ["desk", "bag", "safe"].into_iter().zip(&keys) {
        let by = (name != "desk").then_some(&keys[0]);
        let said = at.add(name, key, by);
        assert!(said.text.contains(&format!("{name} is among your passkeys now")), "{said:?}");
    }
    let remove = |name: &str, word: &Fields| {
        at.press("/console/passkeys/remove", &[name_of(name), word.clone()])
    };
    // A word for another key to be added, or taken away, is none.
    for holds in ["id=\"make\"", "value=\"safe\""] {
        let word = keys[0].signs(&at.origin, &at.challenge(holds));
        let said = remove("bag", &word);
        assert!(said.text.contains("Not removed"), "{holds}: {said:?}");
    }
    let word = keys[0].signs(&at.origin, &at.challenge("value=\"bag\""));
    let said = remove("bag", &word);
    assert!(said.text.contains("bag is none of your passkeys any more"), "{said:?}");
    // It has been said: neither for another key nor for the same one, when it is there again.
    assert!(remove("safe", &word).text.contains("Not removed"));
    assert!(at.add("bag", &keys[1], Some(&keys[0])).text.contains("bag is among your passkeys"));
    assert!(remove("bag", &word).text.contains("Not removed"));
    let left = stage.weir.run(&["identity", "passkeys", APPROVER]).unwrap().success().unwrap();
    assert!(["desk", "bag", "safe"].iter().all(|name| left.contains(name)), "{left}");
}

#[test]
fn a_key_is_made_for_the_site_that_is_named_and_for_no_other() {
    let mut stage = stage();
    let visitor = Visitor::signed_in(&stage.weir, APPROVER);
    let key = Authenticator::new();
    // Somebody in between calls the console what they like.
    let port = stage.weir.api().unwrap().0.rsplit_once(':').unwrap().1.to_owned();
    let other = At { visitor: &visitor, origin: format!("https://weir.evil.example:{port}") };
    let said = other.add("desk", &key, None);
    assert!(said.text.contains("Not added: keys are for one site"), "{said:?}");
    assert!(said.text.contains("`url` in [api]"), "{said:?}");
    // With a name it is that one, whatever the browser was sent to.
    let site = format!("https://weir.example:{port}");
    let file = stage.weir.folder().join("weir.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}\n[api]\nurl = \"{site}\"\n")).unwrap();
    stage.weir.stop().unwrap();
    stage.weir.start_again().unwrap();
    let visitor = Visitor::signed_in(&stage.weir, APPROVER);
    let other = At { visitor: &visitor, ..other };
    let said = other.add("desk", &key, None);
    assert!(said.text.contains("Not added: it was signed for another site"), "{said:?}");
    let named = At { visitor: &visitor, origin: site };
    let said = named.add("desk", &key, None);
    assert!(said.text.contains("desk is among your passkeys now"), "{said:?}");
}

/// Gives somebody a second factor; its secret.
fn enrol(stage: &Stage, name: &str) -> String {
    let said = stage.weir.run(&["identity", "totp", "enrol", name, "--json"]).unwrap();
    let said: Value = serde_json::from_str(&said.success().unwrap()).unwrap();
    said["secret"].as_str().unwrap().to_owned()
}

/// What somebody's browser says who is not signed in.
fn send(visitor: &Visitor, origin: &str, path: &str, fields: &[(&str, &str)]) -> Reply {
    let host = format!("Host: {}", origin.trim_start_matches("https://"));
    visitor.post(path, fields, &[&host, &format!("Origin: {origin}")])
}

/// What the page for the second half carries: its word and what is to be signed.
fn carried(page: &Reply) -> (String, String) {
    let between = |before: &str| {
        let (_, rest) = page.text.split_once(before).unwrap_or_else(|| panic!("{page:?}"));
        rest.split('"').next().unwrap().to_owned()
    };
    (between("name=\"word\" value=\""), between("data-challenge=\""))
}

#[test]
fn a_passkey_is_the_second_factor_in_a_codes_place() {
    let stage = stage();
    let origin = named(&stage.weir);
    let visitor = Visitor::signed_in(&stage.weir, APPROVER);
    let at = At { visitor: &visitor, origin: origin.clone() };
    let (key, other) = (Authenticator::new(), Authenticator::new());
    assert!(at.add("desk", &key, None).text.contains("desk is among"));
    // Without a second factor the password is enough, as ever.
    let nobody = Visitor::new(&stage.weir);
    let by_password = |password: &str| {
        let form = [("name", APPROVER), ("password", password), ("next", "/console/passkeys")];
        send(&nobody, &origin, "/console/sign-in", &form)
    };
    assert!(by_password(PASSWORD).cookie("__Host-weir").is_some());
    let secret = enrol(&stage, APPROVER);
    assert_ne!(visitor.get("/console/passkeys").status, 200, "what was had by less is over");
    let wrong = by_password("wrong");
    assert!(!wrong.text.contains("data-challenge"), "nothing is told without it: {wrong:?}");

    let by_key = |word: &str, signed: &Fields| {
        let mut form = vec![("word", word), ("next", "/console/passkeys")];
        form.extend(signed.iter().map(|(name, value)| (*name, value.as_str())));
        send(&nobody, &origin, "/console/sign-in/passkey", &form)
    };
    let asked = by_password(PASSWORD);
    assert!(asked.cookie("__Host-weir").is_none(), "one half is none: {asked:?}");
    let (word, challenge) = carried(&asked);
    let signed = key.signs(&origin, &challenge);
    let let_in = by_key(&word, &signed);
    assert_eq!((let_in.status, let_in.header("location")), (303, "/console/passkeys"));
    let cookie = let_in.cookie("__Host-weir").unwrap().split(';').next().unwrap().to_owned();
    assert!(visitor.with(&cookie).get("/console/passkeys").text.contains("desk"));

    // What was signed counts once, for this sign-in, by a key of theirs, for this site.
    let refused = |reply: &Reply| {
        assert_eq!((reply.status, reply.cookie("__Host-weir")), (401, None), "{reply:?}");
    };
    refused(&by_key(&word, &signed));
    let (fresh, _) = carried(&by_password(PASSWORD));
    refused(&by_key(&fresh, &signed));
    let (fresh, challenge) = carried(&by_password(PASSWORD));
    refused(&by_key(&fresh, &other.signs(&origin, &challenge)));
    refused(&by_key(&fresh, &key.signs(&origin, &challenge)));
    let (fresh, challenge) = carried(&by_password(PASSWORD));
    refused(&by_key(&fresh, &key.signs("https://evil.example", &challenge)));
    // A code does as before, and at an address a key is not asked for.
    let arguments = [Path::new(&secret), Path::new("0")];
    let code = client::python("totp.py", &arguments).unwrap().trim().to_owned();
    let form = [("name", APPROVER), ("password", PASSWORD), ("code", code.as_str())];
    assert!(send(&nobody, &origin, "/console/sign-in", &form).cookie("__Host-weir").is_some());
    let plain = nobody.try_sign_in(APPROVER, PASSWORD);
    assert!(plain.text.contains("a code is missing"), "{plain:?}");
    // Between password and key the password is changed, or the key taken away.
    let (fresh, challenge) = carried(&by_password(PASSWORD));
    let words = ["identity", "password", APPROVER, "--password-stdin"];
    let other = "an0ther password";
    stage.weir.run_with(&words, &format!("{other}\n")).unwrap().success().unwrap();
    refused(&by_key(&fresh, &key.signs(&origin, &challenge)));
    let (fresh, challenge) = carried(&by_password(other));
    let remove = ["identity", "passkeys", APPROVER, "--remove", "desk"];
    stage.weir.run(&remove).unwrap().success().unwrap();
    refused(&by_key(&fresh, &key.signs(&origin, &challenge)));
    let record = until("the record", || {
        let record = stage.weir.record(300).unwrap().join("\n");
        record.contains("passkey removed").then_some(record)
    });
    assert!(record.contains("signed in to the console with passkey desk"), "{record}");
    assert!(record.contains("the console: the passkey: it is no key of yours"), "{record}");
}

#[test]
fn a_browser_signs_in_with_a_passkey() {
    let stage = stage();
    let base = named(&stage.weir);
    let browser = Browser::start().unwrap();
    browser.has_authenticator().unwrap();
    sign_in_at(&browser, &base, APPROVER).unwrap();
    browser.go(&format!("{base}/console/passkeys")).unwrap();
    browser.write("#name", "desk").unwrap();
    browser.press("#make button").unwrap();
    browser.sees("desk is among your passkeys now");
    enrol(&stage, APPROVER);
    browser.go(&format!("{base}/console/sign-in")).unwrap();
    browser.write("#name", APPROVER).unwrap();
    browser.write("#password", PASSWORD).unwrap();
    browser.press("form button.main").unwrap();
    browser.sees("One thing more");
    assert_eq!(browser.axe().unwrap(), Vec::<String>::new());
    browser.press("#key button").unwrap();
    browser.finds(".places");
    assert_eq!(browser.complaints().unwrap(), Vec::<String>::new());
}
