//! The data map: what is where is found, explained and decided about; what is decided holds for the
//! next row of a session that is open; and only an admin decides.

use serde_json::{Value, json};
use testkit::weir::{ADMIN, AGENT, PASSWORD, PERSON, SERVICE};
use tests::{
    Stage,
    api::Api,
    browser::Browser,
    console::{APPROVER, AUDITOR, VIEWER, Visitor, sign_in, stage},
    hold::until,
    wire::Raw,
};

fn shows(session: &mut Raw, sql: &str) -> String {
    session.query(sql).unwrap();
    let rows = session.until(b'Z').unwrap();
    rows.iter().map(|message| String::from_utf8_lossy(&message.body).into_owned()).collect()
}

/// The page of a column of the shop.
fn path(table: &str, column: &str) -> String {
    format!("/console/data/column?database=shop&schema=public&table={table}&column={column}")
}

/// A stage whose labels were found, with who may read them.
fn known() -> Stage {
    let stage = stage();
    stage.rows(PERSON, "select 1").unwrap();
    let victor = Visitor::signed_in(&stage.weir, VIEWER);
    until("labels", || victor.get("/console/data").text.contains("public.").then_some(()));
    stage
}

#[test]
fn a_label_is_corrected_on_the_page_and_the_next_row_is_masked() {
    let stage = known();
    let sql = "select name from products order by sku limit 1";
    let name = stage.truth(sql).unwrap().trim().to_owned();
    // One session from beginning to end.
    let mut session = Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap();
    assert!(shows(&mut session, sql).contains(&name));
    let browser = Browser::start().unwrap();
    let (base, _) = stage.weir.api().unwrap();
    sign_in(&browser, &stage.weir, ADMIN).unwrap();
    browser.go(&format!("{base}/console/data")).unwrap();
    browser.sees("columns labelled");
    browser.write("#q", "PRODUCTS").unwrap();
    browser.press("form[role=search] button").unwrap();
    until("the one table", || {
        let rows = browser.text("tbody").unwrap_or_default();
        (rows.contains("public.products") && !rows.contains("customers")).then_some(())
    });
    browser.press("tbody a").unwrap();
    browser.sees("What feeds it");
    browser.press("tbody a[href$='column=name']").unwrap();
    browser.sees("Why it bears its label, or none");
    assert_eq!(browser.text("#label").unwrap(), "none");
    let choose = |label: &str| {
        let script = format!("document.getElementById('is').value = '{label}'");
        browser.script(&script).unwrap();
    };
    choose("person_name");
    browser.write("#reason", "they name people here").unwrap();
    browser.press("#set").unwrap();
    browser.sees("It is decided");
    assert!(browser.text("#label").unwrap().contains("person_name"));
    until("a mask", || (!shows(&mut session, sql).contains(&name)).then_some(()));
    // Without a label values leave: nobody says so without a reason.
    choose("none");
    browser.press("#set").unwrap();
    browser.sees("say why");
    assert!(!shows(&mut session, sql).contains(&name));
    browser.press("#clear").unwrap();
    browser.sees("what a person decided holds no longer: say why");
    browser.write("#reason", "they name no people").unwrap();
    browser.press("#clear").unwrap();
    browser.sees("is taken back");
    until("the value", || shows(&mut session, sql).contains(&name).then_some(()));
    until("the history", || {
        browser.go(&format!("{base}{}", path("products", "name"))).unwrap();
        let told = browser.text("[aria-labelledby=changes]").unwrap();
        let all = told.contains("none → person_name")
            && told.contains("person_name → none")
            && told.contains("root: a person decided; reason: they name people here")
            && told.contains("was taken back; reason: they name no people");
        all.then_some(())
    });
    assert_eq!(browser.complaints().unwrap(), Vec::<String>::new());
    until("the record", || {
        let record = stage.weir.record(300).unwrap().join("\n");
        let all = record.contains("read the column shop.public.products.name by the console")
            && record.contains("read the table shop.public.products by the console")
            && record.contains(r#""type":"label_changed""#)
            && record.contains(r#""by":"root""#);
        all.then_some(())
    });
}

#[test]
fn what_was_read_is_hot_and_what_was_written_flows() {
    let stage = known();
    stage.rows(PERSON, "select first_name, email from customers limit 3").unwrap();
    stage.rows(ADMIN, "select email from customers limit 2").unwrap();
    drop(stage.weir.psql(SERVICE, "shop", "select count(*) from customers").unwrap());
    drop(stage.weir.psql(AGENT, "shop", "select count(*) from customers").unwrap());
    let copy = "create table mailing as select email as address from customers";
    stage.weir.psql(ADMIN, "shop", copy).unwrap().success().unwrap();
    let victor = Visitor::signed_in(&stage.weir, VIEWER);
    let table = "/console/data/table?database=shop&schema=public&table=customers";
    let page = until("what flows", || {
        let page = victor.get(table).text;
        let all = page.contains("mailing") && page.contains(SERVICE) && page.contains(AGENT);
        all.then_some(page)
    });
    assert!(page.contains("2 raw") && page.contains("3 masked"), "{page}");
    let why = until("its readers", || {
        let page = victor.get(&path("customers", "email")).text;
        let (_, readers) = page.split_once("id=\"readers\"").unwrap();
        (readers.contains(PERSON) && readers.contains(ADMIN)).then(|| page.clone())
    });
    for word in ["column name &quot;email&quot;", "samples are email"] {
        assert!(why.contains(word), "{word} in {why}");
    }
    // Evidence is counts: none of the values stands there.
    for value in stage.truth("select email from customers").unwrap().lines() {
        assert!(!why.contains(value), "{value}");
    }
    // What feeds the copy is told from its own side too, by the API as well.
    let api = Api::of(&stage.weir);
    let token = api.sign_in(VIEWER);
    let fed = until("the copy in the catalog", || {
        let answer = api.call("GET", "/api/v1/tables/shop/public/mailing", &token, None);
        (answer.status == 200 && answer.body["fed_by"][0].is_object()).then_some(answer.body)
    });
    assert_eq!(fed["fed_by"][0]["table"], "public.customers");
    assert_eq!(fed["columns"][0]["label"], "email", "the label came along: {fed}");
    let shown = api.call("GET", "/api/v1/tables/shop/public/customers", &token, None).body;
    let feeds = shown["feeds"][0]["table"].as_str().unwrap();
    assert!(feeds == "mailing" || feeds == "public.mailing", "{shown}");
    let email = shown["columns"].as_array().unwrap().iter().find(|one| one["column"] == "email");
    assert_eq!(
        (&email.unwrap()["used"]["raw"], &email.unwrap()["used"]["masked"]),
        (&json!(2), &json!(3))
    );
}

#[test]
fn only_an_admin_decides_and_only_a_viewer_looks() {
    let stage = known();
    let column = path("customers", "email");
    let table = "/console/data/table?database=shop&schema=public&table=customers";
    let carol = Visitor::signed_in(&stage.weir, APPROVER);
    for page in ["/console/data", table, &column] {
        assert_eq!(carol.get(page).status, 403, "{page}");
    }
    let open = [("word", "set"), ("label", "none"), ("reason", "let me")];
    for who in [VIEWER, AUDITOR, APPROVER] {
        let visitor = Visitor::signed_in(&stage.weir, who);
        let page = visitor.get("/console/data").text;
        if who != APPROVER {
            assert!(!visitor.get(&column).text.contains("id=\"set\""), "{who}");
        }
        let csrf = page.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap();
        let form = [&open[..], &[("csrf", csrf)]].concat();
        let own = format!("Origin: {}", visitor.url());
        assert_eq!(visitor.post(&column, &form, &[&own]).status, 403, "{who}");
    }
    let root = Visitor::signed_in(&stage.weir, ADMIN);
    let page = root.get(table).text;
    let link = page.split('"').find(|part| part.starts_with("/console/policies/explain?"));
    let begun = root.get(&link.unwrap().replace("&amp;", "&")).text;
    assert!(begun.contains("select * from &quot;public&quot;.&quot;customers&quot;"), "{begun}");
    let (own, csrf) = (format!("Origin: {}", root.url()), root.csrf());
    let whole = [&open[..], &[("csrf", csrf.as_str())]].concat();
    assert_eq!(root.post(&column, &whole, &[]).status, 403, "from nowhere");
    assert_eq!(root.post(&column, &whole, &["Origin: https://evil.example"]).status, 403);
    assert_eq!(root.post(&column, &open, &[&own]).status, 403, "without the word");
    let label = || -> Value {
        let shown = stage.weir.run(&["labels", "explain", "customers.email", "--json"]);
        serde_json::from_str(&shown.unwrap().success().unwrap()).unwrap()
    };
    assert_eq!(label()["by"], "machine", "nothing of it was taken");
    for bad in [
        "/console/data/table?database=shop&schema=public&table=nothing",
        "/console/data/table?database=nowhere&schema=public&table=customers",
        "/console/data/column?database=shop&schema=public&table=customers&column=%27%20or%201=1",
        "/console/data/column?database=shop%00&schema=public&table=customers&column=email",
        "/console/data/column",
    ] {
        assert_eq!(root.get(bad).status, 404, "{bad}");
        if bad.contains("/column") {
            assert_eq!(root.press(bad, &open).status, 404, "{bad}");
        }
    }
    let said = root.press(&column, &[("word", "set"), ("label", "no-label"), ("reason", "x")]);
    assert!(said.text.contains("There is no such label"), "{said:?}");
    // The same over the API.
    let api = Api::of(&stage.weir);
    let at = "/api/v1/columns/shop/public/customers/email";
    let put = |who: &str, label: &str, reason: &str| {
        let body = json!({ "label": label, "reason": reason });
        let answer = api.call("PUT", &format!("{at}/label"), &api.sign_in(who), Some(body));
        (answer.status, answer.problem().to_owned())
    };
    for who in [VIEWER, AUDITOR, APPROVER] {
        assert_eq!(put(who, "none", "let me"), (403, "no-right".into()), "{who}");
        let why = json!({ "reason": "let me" });
        let answer = api.call("DELETE", &format!("{at}/label"), &api.sign_in(who), Some(why));
        assert_eq!(answer.problem(), "no-right");
    }
    let carol = api.sign_in(APPROVER);
    for path in ["/api/v1/columns", at, "/api/v1/tables/shop/public/customers"] {
        assert_eq!(api.call("GET", path, &carol, None).problem(), "no-right", "{path}");
    }
    assert_eq!(put(ADMIN, "none", " "), (400, "malformed".into()));
    assert_eq!(put(ADMIN, "no-label", "x"), (400, "malformed".into()));
    assert_eq!(label()["by"], "machine");
    assert_eq!(put(ADMIN, "email", "it is").0, 200);
    assert_eq!(label()["person"]["by"], ADMIN);
    let victor = api.sign_in(VIEWER);
    let listed = api.call("GET", "/api/v1/columns?database=shop&label=email", &victor, None);
    let listed = listed.body["columns"].as_array().unwrap().clone();
    assert!(listed.iter().any(|one| one["table"] == "customers"), "{listed:?}");
    assert!(listed.iter().all(|one| one["label"] == "email"), "{listed:?}");
    let odd = api.call("GET", "/api/v1/columns?colour=red", &victor, None);
    assert_eq!(odd.problem(), "malformed");
    let none = api.call("GET", &format!("{at}x"), &victor, None);
    assert_eq!(none.problem(), "nothing");
    let back =
        |why: Value| api.call("DELETE", &format!("{at}/label"), &api.sign_in(ADMIN), Some(why));
    assert_eq!(back(json!({})).problem(), "malformed");
    assert_eq!(back(json!({ "reason": " " })).problem(), "malformed");
    assert_eq!(label()["by"], "person");
    assert_eq!(back(json!({ "reason": "a mistake" })).body["by"], "machine");
}
