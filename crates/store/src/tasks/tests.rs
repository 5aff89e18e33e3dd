//! Tasks from their beginning to their end, what is kept of their budgets, and taints.

use super::*;
use crate::Happened;
use model::{Budget, TaskType};
use std::time::{Duration, UNIX_EPOCH};

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn task(name: &str) -> NewTask {
    NewTask {
        task: name.to_owned(),
        agent: "copilot".to_owned(),
        acts_for: "alice".to_owned(),
        chain: "alice/copilot".to_owned(),
        details: TaskDetails {
            r#type: TaskType::WeirTask,
            purpose: "refunds".to_owned(),
            databases: vec!["shop".to_owned()],
            tables: vec![],
            budget: Budget { rows: Some(10), ..Budget::default() },
        },
        created: at(100),
        until: at(200),
    }
}

async fn opened() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    (dir, store)
}

async fn steps(store: &Store) -> Vec<String> {
    let events = store.events("ledger", 100).await.unwrap();
    let step = |event: crate::Event| match event.what {
        Happened::Task(task) => Some(format!("{} {} by {}", task.task, task.what, event.by)),
        _ => None,
    };
    events.into_iter().filter_map(step).collect()
}

#[tokio::test]
async fn a_task_ends_once_and_every_step_is_told() {
    let (_dir, store) = opened().await;
    store.create_task(&task("t-1"), "alice").await.unwrap();
    store.create_task(&task("t-2"), "alice").await.unwrap();
    assert!(store.end_task("t-1", ("alice", "done"), at(150)).await.unwrap());
    assert!(!store.end_task("t-1", ("alice", "again"), at(151)).await.unwrap());
    store.expire_tasks(at(199)).await.unwrap();
    assert_eq!(store.tasks(false, 9).await.unwrap().len(), 1);
    store.expire_tasks(at(200)).await.unwrap();
    assert!(store.tasks(false, 9).await.unwrap().is_empty());
    assert_eq!(
        steps(&store).await,
        [
            "t-1 created by alice",
            "t-2 created by alice",
            "t-1 ended by alice",
            "t-2 expired by weir"
        ]
    );
}

#[tokio::test]
async fn what_may_be_used_up_only_grows_until_it_is_known() {
    let (_dir, store) = opened().await;
    store.create_task(&task("t-1"), "alice").await.unwrap();
    let spent = |rows| Spent { rows, ..Spent::default() };
    store.reserve_task("t-1", &spent(8)).await.unwrap();
    store.reserve_task("t-1", &spent(5)).await.unwrap();
    store.settle_tasks(&[("t-1".to_owned(), spent(3))], false).await.unwrap();
    let kept = store.task("t-1").await.unwrap().unwrap();
    assert_eq!((kept.used.rows, kept.kept.rows), (3, 8), "Weir may have ended in between");
    store.settle_tasks(&[("t-1".to_owned(), spent(4))], true).await.unwrap();
    let kept = store.task("t-1").await.unwrap().unwrap();
    assert_eq!((kept.used.rows, kept.kept.rows), (4, 4));
    store.end_task("t-1", ("alice", ""), at(150)).await.unwrap();
    assert!(store.reserve_task("t-1", &spent(9)).await.is_err(), "it is over");
}

#[tokio::test]
async fn a_taint_stays_until_somebody_clears_it() {
    let (_dir, store) = opened().await;
    store.create_task(&task("t-1"), "alice").await.unwrap();
    store.taint("t-1", "alice/copilot", "s-1", at(120)).await.unwrap();
    store.taint("", "alice/copilot", "s-2", at(130)).await.unwrap();
    store.taint("", "alice/copilot", "s-3", at(140)).await.unwrap();
    let taints = store.taints().await.unwrap();
    assert_eq!(taints.len(), 1);
    assert_eq!((taints[0].since, taints[0].statement.as_str()), (at(130), "s-2"));
    assert_eq!(store.task("t-1").await.unwrap().unwrap().tainted, Some(at(120)));
    assert!(store.clear_taint("t-1", "alice/copilot", ("alice", "read"), at(150)).await.unwrap());
    assert_eq!(store.task("t-1").await.unwrap().unwrap().tainted, None);
    assert_eq!(store.taints().await.unwrap().len(), 1, "one is not the other");
    assert!(!store.clear_taint("t-1", "alice/copilot", ("alice", ""), at(151)).await.unwrap());
}

#[tokio::test]
async fn whoever_is_disabled_leaves_no_task() {
    let (_dir, store) = opened().await;
    let new = |name: &str, kind, acts_for: Option<&str>| crate::NewIdentity {
        name: name.into(),
        kind,
        groups: vec![],
        acts_for: acts_for.map(Into::into),
        verifier: "x".to_owned().into(),
    };
    let person = new("alice", model::IdentityKind::Person, None);
    store.add_identity(person, "root", at(1)).await.unwrap();
    let agent = new("copilot", model::IdentityKind::Agent, Some("alice"));
    store.add_identity(agent, "root", at(1)).await.unwrap();
    store.create_task(&task("t-1"), "alice").await.unwrap();
    store.set_enabled("alice", false, "root", at(120)).await.unwrap();
    assert_eq!(store.task("t-1").await.unwrap().unwrap().state, TaskState::Ended);
}
