//! What a console is tried with: pages of others that send its forms, sign-ins that were planted,
//! roads out of it, other people's pages, and texts that would like to be markup.

use testkit::{
    postgres,
    weir::{ADMIN, AGENT, PASSWORD, PERSON, SERVICE},
};
use tests::{
    browser::Browser,
    console::{APPROVER, AUDITOR, NOBODY, SECTION, VIEWER, Visitor, sign_in, stage},
    hold::{psql, request, until},
    provider::Provider,
};

/// Markup, quotes, a script and what turns a line around.
const HOSTILE: &str = "'\"><script>hacked=1</script><img src=x onerror=hacked=1>\u{202e}{{7*7}}";

#[test]
fn every_page_forbids_what_no_page_needs() {
    let stage = stage();
    let visitor = Visitor::signed_in(&stage.weir, ADMIN);
    let stranger = Visitor::new(&stage.weir);
    let sheet = "/console/assets/console.css";
    for (who, path) in [
        (&stranger, "/console/sign-in"),
        (&stranger, "/console/now"),
        (&stranger, sheet),
        (&visitor, "/console/now"),
        (&visitor, "/console/approvals"),
        (&visitor, "/console/nowhere"),
        (&visitor, "/console/statements/x"),
    ] {
        let reply = who.get(path);
        let policy = reply.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "frame-ancestors 'none'",
            "form-action 'self'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(reply.header(name), value, "{path}");
        }
        assert_eq!(reply.headers.iter().filter(|(name, _)| name.contains("security")).count(), 1);
    }
    // A file whose name has its content's hash is kept for ever, and is small.
    let page = visitor.get("/console/now").text;
    let path = page.split('"').find(|part| part.ends_with(".css")).unwrap();
    let reply = visitor.get(path);
    assert_eq!(reply.header("cache-control"), "public, max-age=31536000, immutable");
    assert!(page.len() + reply.text.len() < 60_000);
}

#[test]
fn a_cookie_is_this_hosts_alone_and_is_no_token_of_the_apis() {
    let stage = stage();
    let visitor = Visitor::new(&stage.weir);
    let reply = visitor.try_sign_in(ADMIN, PASSWORD);
    let set = reply.cookie("__Host-weir").unwrap();
    for part in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
        assert!(set.split("; ").any(|one| one == part), "{set}");
    }
    assert!(!set.contains("Domain"), "{set}");
    let secret = set.split(';').next().unwrap().split_once('=').unwrap().1.to_owned();
    let api = tests::api::Api::of(&stage.weir);
    for bearer in [secret.clone(), format!("the console {secret}")] {
        let headers = [format!("Authorization: Bearer {bearer}")];
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        assert_eq!(api.raw("GET", "/api/v1/session", &headers, None).status, 401);
    }
    // And a token is no cookie.
    let token = api.sign_in(ADMIN);
    let visitor = visitor.with(&format!("__Host-weir={token}"));
    assert_eq!(visitor.get("/console/now").status, 303);
}

#[test]
fn a_sign_in_that_was_planted_is_worth_nothing() {
    let stage = stage();
    // A cookie of somebody else's choice does not become a sign-in.
    let planted = format!("__Host-weir={}", "a".repeat(43));
    let mut visitor = Visitor::new(&stage.weir).with(&planted);
    let reply = visitor.try_sign_in(ADMIN, PASSWORD);
    let set = reply.cookie("__Host-weir").unwrap().split(';').next().unwrap().to_owned();
    assert_ne!(set, planted);
    assert_eq!(visitor.get("/console/now").status, 303);
    visitor.cookie = set.clone();
    assert_eq!(visitor.get("/console/now").status, 200);
    // Whoever signs in anew has another one, and what they had is over.
    let reply = visitor.try_sign_in(ADMIN, PASSWORD);
    let next = reply.cookie("__Host-weir").unwrap().split(';').next().unwrap().to_owned();
    assert_ne!(next, set);
    assert_eq!(visitor.get("/console/now").status, 303, "{set} is over");
    visitor.cookie = next;
    assert_eq!(visitor.get("/console/now").status, 200);
    assert_eq!(visitor.press("/console/sign-out", &[]).status, 303);
    assert_eq!(visitor.get("/console/now").status, 303);
}

#[test]
fn forms_of_others_pages_are_not_taken() {
    let stage = stage();
    let child = psql(&stage, PERSON, "delete from jobs where id = 9");
    let hold = request(&stage);
    let path = format!("/console/approvals/{hold}");
    let carol = Visitor::signed_in(&stage.weir, APPROVER);
    let (own, csrf) = (format!("Origin: {}", carol.url()), carol.csrf());
    let other = Visitor::signed_in(&stage.weir, APPROVER).csrf();
    let whole = [("csrf", csrf.as_str()), ("word", "approve")];
    let refused = |form: &[(&str, &str)], headers: &[&str]| {
        let reply = carol.post(&path, form, headers);
        assert_eq!(reply.status, 403, "{form:?} {headers:?} {reply:?}");
    };
    refused(&whole, &[]);
    refused(&whole, &["Origin: https://evil.example"]);
    refused(&whole, &["Origin: null"]);
    refused(&whole, &[&own, "Sec-Fetch-Site: cross-site"]);
    refused(&whole, &[&own, "Sec-Fetch-Site: same-site"]);
    refused(&[("word", "approve")], &[&own]);
    refused(&[("csrf", ""), ("word", "approve")], &[&own]);
    refused(&[("csrf", &other), ("word", "approve")], &[&own]);
    assert_eq!(tests::hold::state(&stage, &hold), "open");
    assert_eq!(carol.post(&path, &whole, &[&own]).status, 200);
    assert_eq!(tests::hold::ended(child).0, "DELETE 1\n");
    // Nobody is signed in by others' pages either.
    let form = [("name", ADMIN), ("password", PASSWORD)];
    let reply = carol.post("/console/sign-in", &form, &["Origin: https://evil.example"]);
    assert!(reply.status == 403 && reply.cookie("__Host-weir").is_none(), "{reply:?}");
}

#[test]
fn no_road_leads_out() {
    let stage = stage();
    let visitor = Visitor::new(&stage.weir);
    let origin = format!("Origin: {}", visitor.url());
    for next in [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/console//evil.example",
        "/console/../api/v1/session",
        "javascript:alert(1)",
        "/console/x\r\nSet-Cookie: a=b",
    ] {
        let form = [("name", ADMIN), ("password", PASSWORD), ("next", next)];
        let reply = visitor.post("/console/sign-in", &form, &[&origin]);
        assert_eq!((reply.status, reply.header("location")), (303, "/console/"), "{next}");
    }
    let form = [("name", ADMIN), ("password", PASSWORD), ("next", "/console/now?q=a")];
    let reply = visitor.post("/console/sign-in", &form, &[&origin]);
    assert_eq!(reply.header("location"), "/console/now?q=a");
    let reply = visitor.get("/console/now?q=a");
    assert_eq!(reply.header("location"), "/console/sign-in?next=%2Fconsole%2Fnow%3Fq%3Da");
}

#[test]
fn people_sign_in_where_they_have_their_account_and_nobody_else_does() {
    let provider = Provider::start().unwrap();
    provider.groups("ann", &["staff"]).unwrap();
    let section = format!(
        "[[provider]]\nname = \"corp\"\nissuer = \"{}\"\nclient_id = \"console\"\n",
        provider.issuer()
    );
    let upstream = testkit::Postgres::options().shop().start().unwrap();
    let options = testkit::Weir::options(&upstream).api();
    let weir = options.sections(&format!("{SECTION}{section}")).start().unwrap();
    let (url, _) = weir.api().unwrap();
    provider.back_to(&format!("{url}/console/sign-in/back")).unwrap();
    let browser = Browser::start().unwrap();
    browser.go(&format!("{url}/console/now?q=customers")).unwrap();
    browser.sees("Continue with corp");
    browser.press("a.button").unwrap();
    browser.finds("input[name=login]");
    browser.write("input[name=login]", "ann").unwrap();
    browser.write("input[name=password]", "x").unwrap();
    browser.press("button[type=submit]").unwrap();
    // The provider asks whether she wants that.
    browser.finds("button[type=submit]");
    browser.press("button[type=submit]").unwrap();
    browser.finds(".places");
    assert_eq!(browser.url().unwrap(), format!("{url}/console/now?q=customers"));
    assert!(browser.text(".me").unwrap().contains("ann"));
    // What comes back without having been begun here, or with another state, is nobody.
    let stranger = Visitor::new(&weir);
    let back = "/console/sign-in/back?code=abc&state=def";
    let reply = stranger.get(back);
    assert!(reply.status == 403 && reply.cookie("__Host-weir").is_none(), "{reply:?}");
    let begun = stranger.get("/console/sign-in/elsewhere?provider=corp&next=//evil.example");
    let away = begun.header("location").to_owned();
    assert!(away.starts_with(&provider.issuer()), "{away}");
    for part in ["code_challenge_method=S256", "nonce=", "state=", "response_type=code"] {
        assert!(away.contains(part), "{away}");
    }
    let cookie = begun.cookie("__Host-weir-sign-in").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("Secure"), "{cookie}");
    let stranger = stranger.with(cookie.split(';').next().unwrap());
    for _ in 0..2 {
        // Once with another state; and then there is nothing under way any more.
        assert_eq!(stranger.get(back).status, 403);
    }
    until("the record", || {
        let record = weir.record(100).unwrap().join("\n");
        let all = record.contains("signed in to the console from 127.0.0.1")
            && record.contains("the console: The provider did not let you in");
        all.then_some(())
    });
}

#[test]
fn each_sees_and_does_what_their_role_allows() {
    let stage = stage();
    stage.rows(PERSON, "select count(*) from orders").unwrap();
    let child = psql(&stage, PERSON, "delete from jobs where id = 10");
    let hold = request(&stage);
    let admin = Visitor::signed_in(&stage.weir, ADMIN);
    let statement = until("a statement", || {
        let page = admin.get("/console/now").text;
        let links: Vec<&str> =
            page.split('"').filter(|part| part.starts_with("/console/statements/")).collect();
        let link = links.into_iter().find(|link| !link.contains(&hold))?.to_owned();
        (admin.get(&link).text.contains("What was asked")).then_some(link)
    });
    let (proof, request) = (format!("{statement}/proof"), format!("/console/approvals/{hold}"));
    let pages = ["/console/now", "/console/approvals", &statement, &proof, &request];
    for (who, wanted) in [
        (NOBODY, [403, 403, 403, 403, 403]),
        (VIEWER, [200, 403, 200, 403, 403]),
        (APPROVER, [403, 200, 403, 403, 200]),
        // Asked about other things: there is no such request for them.
        ("erin", [403, 200, 403, 403, 404]),
        (AUDITOR, [200, 403, 200, 200, 403]),
    ] {
        let visitor = Visitor::signed_in(&stage.weir, who);
        for (path, wanted) in pages.iter().zip(wanted) {
            let reply = visitor.get(path);
            let early = reply.text.contains("try again");
            assert!(reply.status == wanted || early, "{who} {path}: {reply:?}");
        }
        if who == VIEWER {
            let page = visitor.get(&statement).text;
            assert!(!page.contains("The records") && !page.contains("data-proof"), "{page}");
        }
        // Nobody but an admin ends a session, whatever they send.
        if wanted[1] == 200 {
            let reply = visitor.press("/console/sessions/0dq7z3v1q2m5k-a1b2/end", &[]);
            assert_eq!(reply.status, 403, "{who}");
            let reply = visitor.press(&request, &[("word", "deny")]);
            assert!(who == APPROVER || reply.status == 404, "{who}: {reply:?}");
        }
    }
    drop(tests::hold::ended(child));
    assert_eq!(tests::hold::state(&stage, &hold), "denied", "by carol");
    // Programs do not sign in, and wrong passwords are counted.
    for (who, password) in [(SERVICE, PASSWORD), (AGENT, PASSWORD), (VIEWER, "wrong")] {
        let reply = Visitor::new(&stage.weir).try_sign_in(who, password);
        assert!(reply.cookie("__Host-weir").is_none() && reply.status > 400, "{reply:?}");
    }
    let tried = until("an end to guessing", || {
        let reply = Visitor::new(&stage.weir).try_sign_in(VIEWER, "wrong");
        (reply.status == 429).then_some(reply)
    });
    assert!(tried.text.contains("Too many wrong passwords"), "{tried:?}");
}

/// From its own description: what fits it, what nearly does, and what does not at all.
#[test]
fn the_api_has_no_error_of_its_own_whatever_is_sent() {
    let stage = stage();
    stage.rows(PERSON, "select first_name, email from customers limit 3").unwrap();
    let api = tests::api::Api::of(&stage.weir);
    let root = Visitor::signed_in(&stage.weir, ADMIN);
    until("labels", || root.get("/console/data").text.contains("public.").then_some(()));
    // Wrong passwords are counted, and who signs out is out.
    // Events have a type of their own, which schemathesis cannot write.
    let without = ["signIn", "signOut", "event"];
    for who in [ADMIN, VIEWER] {
        if let Err(found) = api.tried(&api.sign_in(who), 8, &without) {
            panic!("{who}: {found}");
        }
    }
    // It serves as before.
    stage.rows(PERSON, "select 1").unwrap();
    assert_eq!(root.get("/console/data").status, 200);
}

#[test]
fn no_text_of_a_client_is_markup_anywhere() {
    let upstream = testkit::Postgres::options().shop().start().unwrap();
    let quoted = HOSTILE.replace('"', "\"\"");
    let table: String = quoted.chars().take(40).collect();
    let made = format!("create table \"{table}\" (\"{table}\" text, email text)");
    upstream.psql("shop", &made).unwrap();
    let options = testkit::Weir::options(&upstream).api().sections(SECTION);
    let options = options.policy("90-holds.cedar", tests::hold::POLICY);
    let weir = options.start().unwrap();
    weir.add(AUDITOR, "person", &["--group", "audit", "--group", "dba"]).unwrap();
    weir.add("o'<b>hara", "person", &[]).ok();
    let stage = tests::Stage { weir, upstream };
    let application: String = HOSTILE.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let url = format!("{}?application_name={application}", stage.weir.url(PERSON, "shop"));
    let text = HOSTILE.replace('\'', "''");
    for sql in [
        format!(
            "select \"{table}\", email, '{text}' as \"{table}\" from \"{table}\" /* {HOSTILE} */"
        ),
        format!("select * from \"no{table}\""),
        format!("select '{text}'::int"),
        format!("{HOSTILE} ;"),
        format!("drop table \"{table}\""),
    ] {
        drop(postgres::psql(&url, &sql).unwrap());
    }
    // A session that stays, with its name in the list; one that was never let in.
    let mut session = std::process::Command::new("psql");
    let streams = session.args([url.as_str(), "-XAtc", "delete from orders where id < 0"]);
    let mut session = streams.stdin(std::process::Stdio::null()).spawn().unwrap();
    let hold = request(&stage);
    let bad = postgres::url(HOSTILE, PASSWORD, stage.weir.port(), "shop");
    drop(postgres::psql(&bad, "select 1"));
    let browser = Browser::start().unwrap();
    sign_in(&browser, &stage.weir, AUDITOR).unwrap();
    let home = browser.url().unwrap();
    let mut paths = vec!["/console/now".to_owned(), format!("/console/approvals/{hold}")];
    browser.finds("#rows tr:nth-child(5)");
    let links = "return [...document.querySelectorAll('#rows tr a')].map((a) => a.pathname)";
    let links = browser.script(links).unwrap();
    paths.extend(links.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()));
    paths.push(format!("/console/now?q={application}"));
    paths.push(format!("/console/ask?q={}", application.replace(' ', "%20")));
    for path in ["ask?q=", "ask?q=&by=text", "identities", "identities/alice", "data"] {
        paths.push(format!("/console/{path}"));
    }
    // Names of tables and columns on the pages of the data map.
    let named = table.replace("\"\"", "\"");
    let escaped: String = named.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let place = format!("database=shop&schema=public&table={escaped}");
    paths.push(format!("/console/data?q={escaped}"));
    paths.push(format!("/console/data/table?{place}"));
    paths.push(format!("/console/data/column?{place}&column={escaped}"));
    paths.push("/console/sign-in?next=%22%3E%3Cscript%3Ehacked=1%3C/script%3E".to_owned());
    let base = home.split("/console").next().unwrap().to_owned();
    drop(browser.complaints());
    let mut seen = false;
    for path in &paths {
        browser.go(&format!("{base}{path}")).unwrap();
        let state = browser.script(
            "return [window.hacked ?? 0, document.querySelectorAll('main script, main img').length,
             document.body.innerText.includes('<script>hacked=1')]",
        );
        let state = state.unwrap();
        assert_eq!((&state[0], &state[1]), (&0.into(), &0.into()), "{path}");
        seen |= state[2] == true;
    }
    assert!(seen, "the texts are shown as they are");
    assert_eq!(browser.complaints().unwrap(), Vec::<String>::new());
    session.kill().unwrap();
    drop(session.wait());
}
