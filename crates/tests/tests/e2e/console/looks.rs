//! How pages look: pictures of each by day, by night and on a phone, for eyes; and what a machine
//! finds wrong with them for those who see, hear or use them otherwise.

use testkit::weir::{ADMIN, AGENT, PERSON, SERVICE};
use tests::{
    browser::{Browser, VIEWS},
    console::{NOBODY, pictures, shots, sign_in, stage},
    hold::{psql, request, until},
};

#[test]
fn every_page_is_fit_to_be_used_by_everybody() {
    let stage = stage();
    for (who, sql) in [
        (PERSON, "select id, first_name, email, phone from customers order by id limit 20"),
        (PERSON, "select status, count(*) from orders group by status order by status"),
        (PERSON, "drop table customers"),
        (PERSON, "select * from nowhere"),
        (
            AGENT,
            "select c.email, o.status, sum(o.id) over () from customers c join orders o on \
                 o.customer_id = c.id where c.id < 10",
        ),
        (AGENT, "update customers set newsletter = true where id = 1"),
        (SERVICE, "select count(*) from orders where status = 'shipped'"),
        (ADMIN, "select first_name, email from customers limit 5"),
    ] {
        drop(stage.weir.psql(who, "shop", sql).unwrap());
    }
    let mut child = psql(&stage, PERSON, "delete from jobs where id = 3 and note = 'job 3'");
    let hold = request(&stage);
    let browser = Browser::start().unwrap();
    let (base, _) = stage.weir.api().unwrap();
    let mut wrong = Vec::new();
    let mut look = |name: &str, path: &str| {
        for view in VIEWS {
            browser.look(view).unwrap();
            browser.go(&format!("{base}{path}")).unwrap();
            browser.finds("main");
            let file = shots().join(format!("{name}-{}.png", view.name));
            browser.shoot(&file).unwrap();
            // The places themselves are shown in the documentation.
            let place = path.strip_prefix("/console/").filter(|rest| !rest.contains(['/', '?']));
            if let (Some(folder), Some(place), "light") = (pictures(), place, view.name)
                && !name.contains("denied")
                && !name.contains("sign-in")
            {
                browser.picture(&folder.join(format!("{place}.png"))).unwrap();
            }
            let found = browser.axe().unwrap();
            wrong.extend(found.into_iter().map(|one| format!("{name} {}: {one}", view.name)));
            if !browser.fits().unwrap() {
                wrong.push(format!("{name} {} is too wide", view.name));
            }
        }
    };
    look("sign-in", "/console/sign-in");
    sign_in(&browser, &stage.weir, NOBODY).ok();
    look("denied", "/console/now");
    sign_in(&browser, &stage.weir, ADMIN).unwrap();
    browser.go(&format!("{base}/console/now")).unwrap();
    browser.finds("#rows tr:nth-child(8)");
    let link = until("a statement in the index", || {
        let links = "return [...document.querySelectorAll('#rows tr')].find((row) =>
            row.innerText.includes('phone') && row.innerText.includes('modified'))
            .querySelector('a').pathname";
        browser.go(&format!("{base}/console/now")).unwrap();
        let link = browser.script(links).ok()?.as_str()?.to_owned();
        browser.go(&format!("{base}{link}")).unwrap();
        browser.text("main").unwrap().contains("What left").then_some(link)
    });
    look("now", "/console/now");
    look("now-nothing", "/console/now?q=nothing+like+it");
    look("ask", "/console/ask");
    look("ask-answer", "/console/ask?q=database:shop");
    look("ask-counts", "/console/ask?q=&by=identity");
    look("ask-nothing", "/console/ask?q=database:nowhere");
    let place = "database=shop&schema=public&table=customers";
    look("data", "/console/data");
    look("data-nothing", "/console/data?q=nothing+like+it");
    look("data-table", &format!("/console/data/table?{place}"));
    look("data-column", &format!("/console/data/column?{place}&column=email"));
    look("identities", "/console/identities");
    look("identity", &format!("/console/identities/{PERSON}"));
    look("identity-disable", &format!("/console/identities/{PERSON}/disable"));
    look("policies", "/console/policies");
    look("policy", "/console/policies/one?id=deleting-needs-approval");
    look("policies-try", "/console/policies/try?file=90-holds.cedar");
    look("policies-explain", "/console/policies/explain");
    let session = {
        browser.go(&format!("{base}/console/sessions?q=copilot")).unwrap();
        let path = "return document.querySelector('#rows a').pathname";
        browser.script(path).unwrap().as_str().unwrap().to_owned()
    };
    look("replay", "/console/sessions");
    look("replay-nothing", "/console/sessions?q=nothing+like+it");
    look("replay-session", &session);
    look("reports", "/console/reports");
    browser.press("form.stack button").unwrap();
    browser.finds("#list a[href$='/html']");
    look("reports-done", "/console/reports");
    look("setup", "/console/setup");
    look("setup-new", "/console/setup/new");
    look("statement", &link);
    look("approval", &format!("/console/approvals/{hold}"));
    look("nothing", "/console/statements/none");
    // Whose it is to decide sees more of it.
    sign_in(&browser, &stage.weir, "dave").unwrap();
    look("approvals", "/console/approvals");
    look("approval-decide", &format!("/console/approvals/{hold}"));
    child.kill().unwrap();
    drop(child.wait());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pages_work_without_scripts_and_by_keyboard() {
    let stage = stage();
    let browser = Browser::start().unwrap();
    let (base, _) = stage.weir.api().unwrap();
    browser.go(&format!("{base}/console/sign-in")).unwrap();
    // The first press of Tab shows the way past what every page has.
    sign_in(&browser, &stage.weir, ADMIN).unwrap();
    let first = browser.script(
        "const all = [...document.querySelectorAll('a, button, input, select')];
         return [all[0].className, all[0].hash, all.every((one) => one.tabIndex === 0 || one.hidden
           || one.type === 'hidden')]",
    );
    assert_eq!(first.unwrap(), serde_json::json!(["skip", "#main", true]));
    // Nothing moves after a page was painted.
    let moved = browser.later(
        "const done = arguments[arguments.length - 1];
         let sum = 0;
         new PerformanceObserver((list) => {
           for (const one of list.getEntries()) if (!one.hadRecentInput) sum += one.value;
         }).observe({ type: 'layout-shift', buffered: true });
         setTimeout(() => done(sum), 500);",
    );
    assert!(moved.unwrap().as_f64().unwrap() < 0.01);
}
