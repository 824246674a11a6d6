//! What goes wrong in one place stays there.

use std::sync::{Arc, atomic::Ordering};

use watchbox_model::LogKey;
use watchbox_store::Store;

use super::{
    faulty::Faulty,
    server::{Server, WATCH, grants, install, name, open, within},
};
use crate::{Phase, conduct::PANICS};

#[tokio::test]
async fn an_artifact_that_never_returns_does_not_delay_another() {
    let server = Server::start().await;
    let mut endless = install("Server.Endless", "subscribe: [ { artifact: Test.Loop } ]");
    endless.grants = grants("{ limits: { compute: 1h, turn: 1h } }");
    server.try_install(endless).await.unwrap();
    server.install("Server.Echo", WATCH).await;
    server.send_to("Test.Loop", ["LOOP"]).await;
    server
        .until("Server.Endless", |status| status.phase == Phase::Running)
        .await;
    for round in 1..=20 {
        server.send([format!("round {round}")]).await;
        server.rows("Server.Echo", round).await;
    }
    let endless = server.status("Server.Endless").await;
    assert_eq!((endless.phase, endless.failures), (Phase::Running, 0));
    // The operator is rid of it all the same.
    within(server.engine.remove(&name("Server.Endless"), "token:test"))
        .await
        .unwrap();
    server.stop().await;
}

#[tokio::test]
async fn what_the_store_can_not_take_is_kept_and_the_guest_is_not_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let faulty = Arc::new(Faulty::over(open(&folder).await));
    let store: Arc<dyn Store> = Arc::<Faulty>::clone(&faulty);
    let server = Server::over(folder, store).await;
    server.install("Server.Echo", WATCH).await;
    faulty.is_full.store(true, Ordering::SeqCst);
    server.send(["kept"]).await;
    let status = server
        .until("Server.Echo", |status| {
            status.phase == Phase::Retrying && faulty.refused.load(Ordering::SeqCst) >= 3
        })
        .await;
    assert!(status.last_error.unwrap().1.contains("the disk is full"));
    faulty.is_full.store(false, Ordering::SeqCst);
    assert_eq!(server.rows("Server.Echo", 1).await, ["kept"]);
    let status = server
        .until("Server.Echo", |status| status.turns == 1)
        .await;
    assert_eq!((status.failures, status.last_error), (0, None));
    assert_eq!(server.letters("Server.Echo", 0).await, []);
    server.stop().await;
}

#[tokio::test]
async fn a_panic_of_the_host_in_one_runner_is_told_and_stays_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut faulty = Faulty::over(open(&folder).await);
    faulty.cursed = Some(LogKey::events(name("Test.Cursed")));
    let faulty = Arc::new(faulty);
    let store: Arc<dyn Store> = Arc::<Faulty>::clone(&faulty);
    let server = Server::over(folder, store).await;
    server
        .install("Server.Cursed", "subscribe: [ { artifact: Test.Cursed } ]")
        .await;
    server.install("Server.Echo", WATCH).await;
    server.send_to("Test.Cursed", ["x"]).await;
    let broken = server
        .until("Server.Cursed", |status| {
            status.phase == Phase::Quarantined && faulty.panics.load(Ordering::SeqCst) >= PANICS
        })
        .await;
    assert!(broken.last_error.unwrap().1.contains("nobody may read"));
    server.send(["on"]).await;
    assert_eq!(server.rows("Server.Echo", 1).await, ["on"]);
    within(server.engine.remove(&name("Server.Cursed"), "token:test"))
        .await
        .unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_log_that_could_not_be_read_is_read_once_that_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let faulty = Arc::new(Faulty::over(open(&folder).await));
    let store: Arc<dyn Store> = Arc::<Faulty>::clone(&faulty);
    let server = Server::over(folder, store).await;
    faulty.is_unreadable.store(true, Ordering::SeqCst);
    server.install("Server.Echo", WATCH).await;
    server.send(["late"]).await;
    let status = server
        .until("Server.Echo", |status| status.phase == Phase::Retrying)
        .await;
    assert!(status.last_error.unwrap().1.contains("the disk is broken"));
    faulty.is_unreadable.store(false, Ordering::SeqCst);
    assert_eq!(server.rows("Server.Echo", 1).await, ["late"]);
    server.stop().await;
}
