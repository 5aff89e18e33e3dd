//! Passkeys without a browser: what their signatures are good for, how often, and at which site.

use testkit::Weir;
use tests::{
    authenticator::{Authenticator, Fields},
    console::{APPROVER, Reply, Visitor, stage},
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
