//! What a statement that waits would change, on the page of whoever decides: in words, with true
//! counts and masked rows, with and without scripts, on a desk and on a phone.

use testkit::weir::{PERSON, SERVICE};
use tests::{
    Stage,
    browser::{Browser, VIEWS},
    console::{APPROVER, Visitor, shots, sign_in, stage_with},
    hold::{approve, ended, next_request, psql, request, until},
};

const POLICY: &str = r#"
@id("services-update")
@approval("dba")
@reason("what a service changes is looked at first")
permit (principal is Service, action == Action::"update", resource);
"#;

const TABLES: &str = "create extension tablefunc;
    create table told (what text);
    create function tells() returns trigger language plpgsql as
        $$ begin insert into told values (tg_op); return null; end $$;
    create trigger tells after update on customers for each row execute function tells();";

fn stage() -> Stage {
    let stage = stage_with(|options| options.policy("95-effect.cedar", POLICY));
    stage.truth(TABLES).unwrap();
    until("the catalog", || stage.rows(PERSON, "select 1 from told limit 1").ok());
    stage
}

const UPDATE: &str = "update customers set email = 'z' || email where id <= 3";

#[test]
fn an_approver_sees_what_an_update_changes_before_it_does() {
    let stage = stage();
    let emails = || stage.truth("select email from customers where id <= 3 order by id").unwrap();
    let before = emails();
    let child = psql(&stage, SERVICE, UPDATE);
    let hold = request(&stage);
    let browser = Browser::start().unwrap();
    sign_in(&browser, &stage.weir, APPROVER).unwrap();
    let (base, _) = stage.weir.api().unwrap();
    browser.go(&format!("{base}/console/approvals/{hold}")).unwrap();
    browser.press("#try button").unwrap();
    browser.sees("6 rows change");
    // Without leaving the page: what is written there stays.
    assert!(browser.url().unwrap().ends_with(&hold), "{}", browser.url().unwrap());
    let effect = browser.text("#effect").unwrap();
    for word in ["rolled back", "public.customers", "3 changed", "public.told", "3 new"] {
        assert!(effect.contains(word), "{word} in {effect}");
    }
    assert!(effect.contains("before and after"), "{effect}");
    // Each row's address as it was and as it would be, masked both times.
    let cell = "return [...document.querySelectorAll('#effect td[data-label=email]')].map((td) =>
        [td.querySelector('del .mono')?.innerText, td.querySelector('ins .mono')?.innerText])";
    let cells = browser.script(cell).unwrap();
    let cells = cells.as_array().unwrap();
    assert_eq!(cells.len(), 3, "{cells:?}");
    for (pair, real) in cells.iter().zip(before.lines()) {
        let first = real.chars().next().unwrap();
        let (was, is) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
        assert!(was.starts_with(&format!("{first}***@")), "{was}");
        assert!(is.starts_with("z***@"), "{is}");
    }
    browser.press("#effect summary").unwrap();
    let plan = browser.text("#effect .plan").unwrap();
    assert!(plan.contains("updates customers"), "{plan}");
    let page = browser.text("main").unwrap();
    assert!(before.lines().all(|email| !page.contains(email)), "{page}");
    for view in VIEWS {
        browser.look(view).unwrap();
        browser.shoot(&shots().join(format!("approval-effect-{}.png", view.name))).unwrap();
        assert_eq!(browser.axe().unwrap(), Vec::<String>::new(), "{}", view.name);
        assert!(browser.fits().unwrap(), "{} is too wide", view.name);
    }
    // Nothing of it stayed; approved, it happens.
    assert_eq!(
        (emails(), stage.truth("select count(*) from told").unwrap()),
        (before, "0\n".into())
    );
    browser.press("button[value=approve]").unwrap();
    browser.sees("Taken: approved");
    assert_eq!(browser.complaints().unwrap(), Vec::<String>::new());
    let (rows, error) = ended(child);
    assert_eq!(rows, "UPDATE 3\n", "{error}");
    assert!(emails().lines().all(|email| email.starts_with('z')), "{}", emails());
    until("the record of the preview", || {
        let record = stage.weir.record(200).unwrap().join("\n");
        let asked = format!("asked for a preview of the request for approval {hold}");
        (record.contains(&asked) && record.contains(r#""preview":"carol""#)).then_some(())
    });
}

#[test]
fn without_scripts_a_form_tells_the_same_and_what_goes_wrong() {
    let stage = stage();
    let child = psql(&stage, SERVICE, UPDATE);
    let hold = request(&stage);
    let path = format!("/console/approvals/{hold}/preview");
    let carol = Visitor::signed_in(&stage.weir, APPROVER);
    let page = carol.press(&path, &[]);
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.text.contains("6 rows change") && page.text.contains("z***@"), "{page:?}");
    assert!(page.text.contains("value=\"approve\""), "{page:?}");
    // Only those who may see the request, from a page of theirs, and only while it waits.
    let own = format!("Origin: {}", carol.url());
    assert_eq!(carol.post(&path, &[], &[&own]).status, 403, "without the word");
    assert_eq!(carol.get(&path).status, 405);
    let mallory = Visitor::signed_in(&stage.weir, "mallory");
    assert_eq!(mallory.get(&format!("/console/approvals/{hold}")).status, 403);
    let erin = Visitor::signed_in(&stage.weir, "erin");
    assert_eq!(erin.press(&path, &[]).status, 404);
    approve(&stage, &hold, "dave");
    ended(child);
    let page = carol.press(&path, &[]);
    assert!(page.text.contains("is gone") || !page.text.contains("rows change"), "{page:?}");
    // It would fail, and it is not tried: said in words, with what to do.
    for (sql, words) in [
        ("delete from jobs where id <= 9 and 1 / (id - 5) = 1", ["It would fail.", "22012"]),
        (
            "delete from jobs where id = 5 and exists (select from normal_rand(1, 0, 1))",
            ["cannot be tried, because", "Judge it by its text."],
        ),
    ] {
        let child = psql(&stage, PERSON, sql);
        let hold = next_request(&stage, "");
        let page = carol.press(&format!("/console/approvals/{hold}/preview"), &[]);
        for word in words {
            assert!(page.text.contains(word), "{sql}: {word} in {page:?}");
        }
        let form = [("word", "deny"), ("reason", "no")];
        let said = carol.press(&format!("/console/approvals/{hold}"), &form);
        assert!(said.text.contains("Taken: denied"), "{said:?}");
        ended(child);
    }
    assert_eq!(stage.truth("select count(*) from jobs").unwrap(), "50\n");
}
