//! Weir's own authority: certificates that it issues sign in, for a while, and nobody else's do.

use std::{path::Path, time::Duration};
use testkit::{
    Postgres, TestDir, Weir, postgres,
    tls::Authority,
    tool::Outcome,
    weir::{PERSON, SERVICE},
};
use tests::{
    Stage,
    client::{self, Target},
    hold::until,
};

const SECTION: &str = "[ca]\ntrust_domain = \"shop.example\"\nlongest = \"1d\"\n";

fn stage() -> (TestDir, Stage) {
    let upstream = Postgres::options().shop().start().unwrap();
    let mut weir = Weir::options(&upstream).sections(SECTION).prepare().unwrap();
    weir.run(&["ca", "init"]).unwrap().success().unwrap();
    let again = weir.run(&["ca", "init"]).unwrap();
    assert!(again.stderr.contains("there is one already"), "{again}");
    weir.start_again().unwrap();
    (TestDir::new("issued").unwrap(), Stage { weir, upstream })
}

fn issue(stage: &Stage, folder: &Path, more: &[&str]) -> Outcome {
    let folder = folder.display().to_string();
    stage.weir.run(&[&["ca", "issue", SERVICE, "--out", &folder], more].concat()).unwrap()
}

/// As somebody by the certificate of a folder.
fn psql(stage: &Stage, user: &str, folder: &Path, name: &str, sql: &str) -> Outcome {
    let (pem, key) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
    let url = format!(
        "postgresql://{user}@127.0.0.1:{}/shop?sslmode=require&sslcert={}&sslkey={}",
        stage.weir.port(),
        pem.display(),
        key.display()
    );
    postgres::psql(&url, sql).unwrap()
}

#[test]
fn what_it_issues_signs_in_and_nothing_else_does() {
    let (folder, stage) = stage();
    let said = issue(&stage, folder.path(), &["--for", "8h"]).success().unwrap();
    assert!(said.contains("spiffe://shop.example/identity/reports"), "{said}");
    let one = "select id from customers where id = 1";
    let by = |user: &str| psql(&stage, user, folder.path(), SERVICE, one);
    assert_eq!(by(SERVICE).success().unwrap().trim(), "1");
    let (pem, key) = (folder.path().join("reports.pem"), folder.path().join("reports.key"));
    let (pem_text, key_text) = (pem.display().to_string(), key.display().to_string());
    let given = [("CERTIFICATE", pem_text.as_str()), ("KEY", &key_text)];
    for driver in [client::CERTIFICATE_PSYCOPG, client::CERTIFICATE_NODE] {
        let port = stage.weir.port();
        let target = Target { user: SERVICE, password: "", port, database: "shop" };
        assert_eq!(driver.run_with(target, &given).unwrap(), "1\ndone\n", "{driver:?}");
    }
    // As nobody else, and not by another authority that says the same.
    assert!(by(PERSON).stderr.contains("certificate authentication failed"));
    let other = TestDir::new("other-authority").unwrap();
    let forged = Authority::new(other.path()).unwrap();
    let forged = forged.sign_for("x", "URI:spiffe://shop.example/identity/reports").unwrap();
    let there = TestDir::new("forged").unwrap();
    std::fs::copy(&forged.certificate, there.path().join("reports.pem")).unwrap();
    std::fs::copy(&forged.key, there.path().join("reports.key")).unwrap();
    assert_ne!(psql(&stage, SERVICE, there.path(), SERVICE, one).code, Some(0));
    // The authority is the only one that has its key, and the state folder has no other's.
    let mode = |path: &Path| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(
        (mode(&key), mode(&stage.weir.folder().join("state/ca/ca-key.pem"))),
        (0o600, 0o600)
    );
    for (words, why) in [
        (["ca", "issue", "nobody"].as_slice(), "no identity"),
        (&["ca", "issue", SERVICE, "--for", "25h"], "longer than"),
    ] {
        let said = stage.weir.run(words).unwrap();
        assert!(said.code != Some(0) && said.stderr.contains(why), "{said}");
    }
    // Renewal does nothing while there is time.
    let before = std::fs::read(&pem).unwrap();
    issue(&stage, folder.path(), &["--unless-good-for", "7h"]).success().unwrap();
    assert_eq!(std::fs::read(&pem).unwrap(), before);
    issue(&stage, folder.path(), &["--unless-good-for", "9h"]).success().unwrap();
    assert_ne!(std::fs::read(&pem).unwrap(), before);
    assert_eq!(by(SERVICE).success().unwrap().trim(), "1");
}

#[test]
fn it_ends_with_its_time_and_with_its_revocation() {
    let (folder, stage) = stage();
    issue(&stage, folder.path(), &["--for", "4s"]).success().unwrap();
    let slow = "select pg_sleep(60)";
    let ended = psql(&stage, SERVICE, folder.path(), SERVICE, slow);
    assert!(ended.stderr.contains("certificate that this session signed in with has expired"));
    assert_ne!(psql(&stage, SERVICE, folder.path(), SERVICE, "select 1").code, Some(0));

    issue(&stage, folder.path(), &[]).success().unwrap();
    let old = TestDir::new("old").unwrap();
    for file in ["reports.pem", "reports.key"] {
        std::fs::copy(folder.path().join(file), old.path().join(file)).unwrap();
    }
    std::thread::scope(|scope| {
        let running = scope.spawn(|| psql(&stage, SERVICE, old.path(), SERVICE, slow));
        let asleep = "select count(*) from pg_stat_activity where query like '%pg_sleep(60)%' \
                      and state = 'active' and pid <> pg_backend_pid()";
        until("it runs", || (stage.truth(asleep).unwrap().trim() == "1").then_some(()));
        let began = std::time::Instant::now();
        stage.weir.run(&["ca", "revoke", SERVICE]).unwrap().success().unwrap();
        let ended = running.join().unwrap();
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
        assert!(ended.stderr.contains("was revoked"), "{ended}");
    });
    let said = psql(&stage, SERVICE, old.path(), SERVICE, "select 1");
    assert!(said.stderr.contains("certificate authentication failed"), "{said}");
    // Another one, though it is of the same second, counts.
    issue(&stage, folder.path(), &[]).success().unwrap();
    let said = psql(&stage, SERVICE, folder.path(), SERVICE, "select 1");
    assert_eq!(said.success().unwrap().trim(), "1");
    let record = stage.weir.record(200).unwrap().join("\n");
    for part in ["certificate issued for 28800 s", "certificates revoked", "was revoked"] {
        assert!(record.contains(part), "{part}: {record}");
    }
}
