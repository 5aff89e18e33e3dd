//! Sign-in by a client's certificate with a SPIFFE ID: psql and psycopg, who they are then, and who
//! they are not.

use testkit::{
    Postgres, TestDir, Weir, postgres,
    tls::{Authority, Pair},
    tool,
    weir::{AGENT, PERSON, SERVICE},
};
use tests::Stage;
use tests::client::{self, Target};

/// The CA's folder, the authority that is trusted, and a Weir that trusts it.
fn stage() -> (TestDir, Authority, Stage) {
    let folder = TestDir::new("authority").unwrap();
    let authority = Authority::new(folder.path()).unwrap();
    let upstream = Postgres::options().shop().start().unwrap();
    let sections = format!(
        "[tls]\nclient_ca = {:?}\n\
         [[tls.client]]\nsan = \"spiffe://shop.example/service/{SERVICE}\"\n\
         identity = \"{SERVICE}\"\n\
         [[tls.client]]\nsan = \"spiffe://shop.example/agent/*\"\nidentity = \"*\"\n\
         [[tls.client]]\nsan = \"dns:alice.laptops.example\"\nidentity = \"{PERSON}\"\n",
        authority.certificate()
    );
    let weir = Weir::options(&upstream).sections(&sections).start().unwrap();
    (folder, authority, Stage { weir, upstream })
}

/// A URL without a password.
fn url(stage: &Stage, user: &str, pair: &Pair) -> String {
    let (certificate, key) = (pair.certificate.display(), pair.key.display());
    format!(
        "postgresql://{user}@127.0.0.1:{}/shop?sslmode=require&sslcert={certificate}&sslkey={key}",
        stage.weir.port()
    )
}

fn psql(stage: &Stage, user: &str, pair: &Pair) -> tool::Outcome {
    postgres::psql(&url(stage, user, pair), "select id from customers where id = 1").unwrap()
}

#[test]
fn a_certificate_is_the_sign_in() {
    let (_folder, authority, stage) = stage();
    let spiffe = |name: &str, path: &str| {
        authority.sign_for(name, &format!("URI:spiffe://shop.example/{path}")).unwrap()
    };
    let service = spiffe("one", &format!("service/{SERVICE}"));
    let agent = spiffe("two", &format!("agent/{AGENT}"));
    let laptop = authority.sign_for("three", "DNS:alice.laptops.example").unwrap();
    for (user, pair) in [(SERVICE, &service), (AGENT, &agent), (PERSON, &laptop)] {
        assert_eq!(psql(&stage, user, pair).success().unwrap().trim(), "1", "{user}");
    }
    let record = stage.weir.record(200).unwrap();
    let by = |user: &str| {
        let opened = |line: &&String| line.contains("session_opened") && line.contains(user);
        record.iter().any(|line| opened(&line) && line.contains("\"method\":\"certificate\""))
    };
    assert!(by(SERVICE) && by(AGENT) && by(PERSON), "{record:#?}");

    // Nobody is somebody else by it, and names that no rule is about are nobody's.
    for (user, pair) in [(PERSON, &service), ("root", &laptop), ("mallory", &agent)] {
        let said = psql(&stage, user, pair);
        let words = format!("certificate authentication failed for user \"{user}\"");
        assert!(said.code != Some(0) && said.stderr.contains(&words), "{user}: {said}");
    }
    let stranger = spiffe("four", "elsewhere/root");
    let deeper = spiffe("five", &format!("agent/{AGENT}/root"));
    for pair in [&stranger, &deeper] {
        let said = psql(&stage, AGENT, pair);
        assert!(said.code != Some(0) && said.stderr.contains("password"), "{said}");
    }

    // Names of an agent and of a service in one certificate are nobody's for certain.
    let names = format!(
        "URI:spiffe://shop.example/service/{SERVICE},URI:spiffe://shop.example/agent/{AGENT}"
    );
    let both = authority.sign_for("six", &names).unwrap();
    assert!(psql(&stage, SERVICE, &both).stderr.contains("certificate authentication failed"));

    // An authority of the same name that is another one signs nobody in, not even with a password.
    let other = TestDir::new("other-authority").unwrap();
    let forged = Authority::new(other.path()).unwrap();
    let forged = forged.sign_for("x", &format!("URI:spiffe://shop.example/service/{SERVICE}"));
    let said = psql(&stage, SERVICE, &forged.unwrap());
    assert!(said.code != Some(0), "{said}");

    // Without a certificate the password is asked for as ever; whoever is disabled is out.
    stage.weir.psql(PERSON, "shop", "select 1").unwrap().success().unwrap();
    stage.weir.run(&["identity", "disable", SERVICE]).unwrap().success().unwrap();
    let begun = std::time::Instant::now();
    while psql(&stage, SERVICE, &service).code == Some(0) {
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "still let in");
    }
    let said = psql(&stage, SERVICE, &service);
    assert!(said.stderr.contains("certificate authentication failed"), "{said}");
    let refusals = stage.weir.record(200).unwrap();
    assert!(refusals.iter().any(|line| line.contains("somebody else's")), "{refusals:#?}");
}

/// The command-line clients that show a certificate, and the drivers' own ways to do so.
#[test]
fn drivers_sign_in_by_certificate() {
    let (folder, authority, stage) = stage();
    let spiffe = format!("URI:spiffe://shop.example/service/{SERVICE}");
    let pair = authority.sign_for("svc", &spiffe).unwrap();
    let name = |file: &str| folder.path().join(file);
    let openssl = |arguments: &[&str]| {
        testkit::tool::run("openssl", arguments).unwrap().success().unwrap();
    };
    let text = |path: &std::path::Path| path.display().to_string();
    let (certificate, key) = (text(&pair.certificate), text(&pair.key));
    // pgjdbc wants PKCS#8 in DER, or PKCS#12.
    let (der, store) = (text(&name("svc.pk8")), text(&name("svc.p12")));
    openssl(&["pkcs8", "-topk8", "-nocrypt", "-in", &key, "-outform", "DER", "-out", &der]);
    openssl(&[
        "pkcs12",
        "-export",
        "-in",
        &certificate,
        "-inkey",
        &key,
        "-name",
        "user",
        "-passout",
        "pass:store",
        "-out",
        &store,
    ]);
    let given = [
        ("CERTIFICATE", certificate.as_str()),
        ("KEY", &key),
        ("KEY_DER", &der),
        ("KEY_STORE", &store),
    ];
    for client in [client::CERTIFICATE_PSYCOPG, client::CERTIFICATE_NODE, client::CERTIFICATE_JDBC]
    {
        let target =
            Target { user: SERVICE, password: "", port: stage.weir.port(), database: "shop" };
        let said = client.run_with(target, &given).unwrap();
        assert!(said.lines().all(|line| line == "1" || line == "done"), "{client:?}: {said}");
        let other = Target { user: PERSON, ..target };
        let said = client.run_with(other, &given).unwrap_err().to_string();
        assert!(said.contains("certificate authentication failed"), "{client:?}: {said}");
    }
    let record = stage.weir.record(400).unwrap();
    let method = |line: &&String| {
        line.contains("session_opened") && line.contains("\"method\":\"certificate\"")
    };
    // psycopg, node-postgres, and pgjdbc by either form of the key.
    assert_eq!(record.iter().filter(method).count(), 4, "{record:#?}");
}

#[test]
fn a_common_name_is_a_name_and_counts_where_it_is_said() {
    let (_folder, authority, stage) = stage();
    // `sign_for` makes the first argument the common name.
    let common = authority.sign_for("reader-7", "DNS:somewhere.example").unwrap();
    let said = psql(&stage, SERVICE, &common);
    assert!(said.code != Some(0) && said.stderr.contains("password"), "{said}");
    let rule = format!("[[tls.client]]\nsan = \"cn:reader-*\"\nidentity = \"{SERVICE}\"\n");
    let sections = format!("[tls]\nclient_ca = {:?}\n{rule}", authority.certificate());
    let weir = Weir::options(&stage.upstream).sections(&sections).start().unwrap();
    let second = Stage { weir, upstream: stage.upstream };
    assert_eq!(psql(&second, SERVICE, &common).success().unwrap().trim(), "1");
    // A URI that reads like one is not one.
    let forged = authority.sign_for("x", "URI:cn:reader-8").unwrap();
    let said = psql(&second, SERVICE, &forged);
    assert!(said.code != Some(0) && said.stderr.contains("password"), "{said}");
}

#[test]
fn a_session_ends_with_its_certificate() {
    let (_folder, authority, stage) = stage();
    let spiffe = format!("URI:spiffe://shop.example/service/{SERVICE}");
    let lasts = std::time::Duration::from_secs(8);
    let made = std::time::Instant::now();
    let pair = authority.sign_until("short", &spiffe, lasts).unwrap();
    // What runs is cut off, and what is idle too.
    let (url, sleeper) = (url(&stage, SERVICE, &pair), url(&stage, SERVICE, &pair));
    let runs = std::thread::spawn(move || postgres::psql(&sleeper, "select pg_sleep(60)").unwrap());
    let said = postgres::psql(&url, "select 1").unwrap();
    assert_eq!(said.success().unwrap().trim(), "1");
    let said = runs.join().unwrap();
    let after = made.elapsed();
    assert!(said.code != Some(0), "{said}");
    let words = "the certificate that this session signed in with has expired";
    assert!(said.stderr.contains(words), "{said}");
    // Certificates know whole seconds, and the last one is part of it.
    let (least, most) = (lasts - std::time::Duration::from_secs(1), lasts.as_secs() + 3);
    assert!(after >= least && after.as_secs() < most, "{after:?}");
    let busy = "select count(*) from pg_stat_activity where query like '%pg_sleep%' \
                and state = 'active' and pid <> pg_backend_pid()";
    let begun = std::time::Instant::now();
    while stage.truth(busy).unwrap().trim() != "0" {
        assert!(begun.elapsed().as_secs() < 2, "it still runs at the database");
    }
    // And nobody begins with it.
    let said = postgres::psql(&url, "select 1").unwrap();
    assert!(said.code != Some(0), "{said}");
}
