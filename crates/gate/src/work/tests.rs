//! Budgets to the row, and marks that are not lost.

use super::*;
use model::{TaskDetails, TaskType};

fn running(budget: Budget) -> Arc<Running> {
    let details = TaskDetails {
        r#type: TaskType::WeirTask,
        purpose: "refunds".to_owned(),
        databases: vec!["shop".to_owned()],
        tables: vec![],
        budget,
    };
    let task =
        Task { name: "t-1".to_owned(), agent: "copilot".into(), acts_for: "alice".into(), details };
    let whose = Whose { task: Some("t-1".to_owned()), chain: "alice/copilot".to_owned() };
    Running::new(task, Mark::new(whose, false), Spent::default())
}

fn rows(rows: u64) -> Spent {
    Spent { rows, ..Spent::default() }
}

#[test]
fn nothing_is_used_up_before_it_is_written_down() {
    let running = running(Budget { rows: Some(100), ..Budget::default() });
    let Room::NotYet(upto) = running.room(&rows(1)) else { panic!("room that nobody keeps") };
    assert_eq!(upto.rows, 65, "a portion, and not all");
    running.kept(&upto);
    assert_eq!(running.room(&rows(1)), Room::Enough);
    for _ in 0..65 {
        running.take(&rows(1)).unwrap();
    }
    let Room::NotYet(upto) = running.room(&rows(1)) else { panic!("past what is kept") };
    assert_eq!(upto.rows, 100, "never more than the budget");
}

#[test]
fn the_last_row_is_the_last() {
    let running = running(Budget { rows: Some(3), ..Budget::default() });
    running.kept(&rows(3));
    (0..3).for_each(|_| running.take(&rows(1)).unwrap());
    let scarce = running.take(&rows(1)).unwrap_err();
    assert_eq!((scarce.what, scarce.limit, scarce.left), ("rows", 3, 0));
    // What needs no rows still runs, also if more was used up than there was.
    assert_eq!(running.room(&Spent { statements: 1, ..Spent::default() }), Room::Enough);
    running.spend(&rows(5));
    assert_eq!(running.room(&Spent { statements: 1, ..Spent::default() }), Room::Enough);
    assert_eq!(running.left().rows, Some(0));
}

#[test]
fn sessions_share_what_is_left() {
    let running = running(Budget { rows: Some(1_000), ..Budget::default() });
    running.kept(&rows(1_000));
    let taken: u64 = std::thread::scope(|scope| {
        let taker = || scope.spawn(|| (0..600).filter(|_| running.take(&rows(1)).is_ok()).count());
        let takers: Vec<_> = (0..4).map(|_| taker()).collect();
        takers.into_iter().map(|taker| taker.join().unwrap() as u64).sum()
    });
    assert_eq!(taken, 1_000);
}

struct Slow;

impl Keeper for Slow {
    fn reserve(&self, _: &str, _: Spent) -> Doing<()> {
        Box::pin(async { Ok(()) })
    }

    fn shown(&self, _: &Whose, _: Option<&StatementId>, _: SystemTime) -> Doing<()> {
        Box::pin(async { Ok(()) })
    }
}

#[test]
fn a_mark_that_storage_does_not_have_yet_is_not_lost() {
    let works = Works::default();
    works.keeper.set(Arc::new(Slow)).unwrap_or_else(|_| panic!("twice"));
    let mark = works.mark("alice/copilot");
    let before = works.moment();
    let mut writing = works.shown(&mark, None, SystemTime::UNIX_EPOCH).unwrap();
    assert!(works.shown(&mark, None, SystemTime::UNIX_EPOCH).is_none(), "it is being written");
    works.publish(vec![], &[], before);
    assert!(mark.is_set(), "storage does not have it yet");
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(writing.as_mut().poll(&mut context).is_ready());
    works.publish(vec![], &[], before);
    assert!(mark.is_set(), "storage was read before it was told");
    works.publish(vec![], &[], works.moment());
    assert!(!mark.is_set(), "cleared since, before anybody saw it there");
}
