//! The ways that a held statement can end, each by a driver's own means: approved, denied, too
//! late, cancelled, with nobody left to hear of it, and Weir started again in the middle.

use std::thread;
use testkit::weir::{PASSWORD, PERSON};
use tests::{
    Stage,
    client::{self, Client, Target},
    hold::{approve, jobs, request, requests, say, stage, state},
};

/// One server for all of it: it starts for longer than all that happens there.
struct Driven {
    stage: Stage,
    driver: Client,
}

impl Driven {
    /// The driver runs one statement while something is done about it.
    fn while_it_waits(&mut self, part: &str, act: impl FnOnce(&mut Stage, &str)) -> String {
        let (driver, target) = (self.driver, target(&self.stage));
        thread::scope(|scope| {
            let run = scope.spawn(move || driver.run_part(target, part).unwrap());
            let hold = request(&self.stage);
            act(&mut self.stage, &hold);
            run.join().unwrap()
        })
    }

    fn in_state(&self, wanted: &str) -> usize {
        let all = requests(&self.stage, true);
        all.iter().filter(|one| one["state"] == wanted).count()
    }
}

fn target(stage: &Stage) -> Target<'static> {
    Target { user: PERSON, password: PASSWORD, port: stage.weir.port(), database: "shop" }
}

fn by_driver(driver: Client) {
    let mut driven = Driven { stage: stage(), driver };
    decided(&mut driven);
    given_up(&mut driven);
    started_again(&mut driven);
}

fn decided(driven: &mut Driven) {
    let said = driven.while_it_waits("12", |stage, hold| {
        let shown = stage.weir.run(&["approvals", "show", hold]).unwrap().success().unwrap();
        assert!(shown.contains("$1 = "), "{shown}");
        approve(stage, hold, "carol");
    });
    assert!(said.contains("deleted: 1\n") && said.contains("alive: "), "{said}");
    assert!(said.contains("notice: Weir holds this statement"), "{said}");
    assert_eq!(jobs(&driven.stage), 49);
    let said = driven.while_it_waits("13", |stage, hold| {
        assert!(say(stage, "deny", hold, "carol").0);
    });
    assert!(said.contains("error: 42501") && said.contains("denied it"), "{said}");
    assert_eq!(jobs(&driven.stage), 49);
}

/// At once, since each waits for something of its own.
fn given_up(driven: &mut Driven) {
    let (driver, target) = (driven.driver, target(&driven.stage));
    let [expired, cancelled, gone] = thread::scope(|scope| {
        let runs = ["expires 14", "cancel 15", "gone 16"];
        let runs = runs.map(|part| scope.spawn(move || driver.run_part(target, part).unwrap()));
        runs.map(|run| run.join().unwrap())
    });
    assert!(expired.contains("error: 42501"), "{expired}");
    assert!(expired.contains("nobody approved it in time"), "{expired}");
    assert!(cancelled.contains("error: 57014"), "{cancelled}");
    assert!(cancelled.contains("cancelled while it waited"), "{cancelled}");
    for said in [&expired, &cancelled] {
        assert!(said.contains("alive: "), "the session goes on: {said}");
    }
    assert!(!gone.contains("deleted:") && !gone.contains("alive"), "{gone}");
    assert_eq!((driven.in_state("expired"), driven.in_state("withdrawn")), (1, 1));
    // Approved with nobody there, it waits for the same statement, and serves that once.
    let hold = request(&driven.stage);
    approve(&driven.stage, &hold, "carol");
    assert_eq!(jobs(&driven.stage), 49);
    let said = driver.run_part(target, "16").unwrap();
    assert!(said.contains("deleted: 1\n") && !said.contains("notice:"), "{said}");
    assert_eq!((jobs(&driven.stage), state(&driven.stage, &hold).as_str()), (48, "used"));
}

fn started_again(driven: &mut Driven) {
    let mut before = String::new();
    let said = driven.while_it_waits("17", |stage, hold| {
        before = hold.to_owned();
        stage.weir.kill().unwrap();
    });
    assert!(said.contains("error: ") && !said.contains("deleted:"), "{said}");
    driven.stage.weir.start_again().unwrap();
    assert_eq!((jobs(&driven.stage), state(&driven.stage, &before).as_str()), (48, "open"));
    let said = driven.while_it_waits("17", |stage, hold| {
        assert_eq!(hold, before, "it is the same request that waits again");
        approve(stage, hold, "carol");
    });
    assert!(said.contains("deleted: 1\n"), "{said}");
    assert_eq!((jobs(&driven.stage), state(&driven.stage, &before).as_str()), (47, "used"));
    assert_eq!(driven.in_state("open"), 0, "nothing of it is left");
}

#[test]
fn psycopg_waits() {
    by_driver(client::HOLD_PSYCOPG);
}

#[test]
fn node_postgres_waits() {
    by_driver(client::HOLD_NODE);
}

#[test]
fn pgjdbc_waits() {
    by_driver(client::HOLD_JDBC);
}
