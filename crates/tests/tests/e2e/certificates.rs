//! Sign-in by a client's certificate with a SPIFFE ID: psql and psycopg, who they are then, and who
//! they are not.

use testkit::{
    Postgres, TestDir, Weir, postgres,
    tls::{Authority, Pair},
    tool,
    weir::{AGENT, PERSON, SERVICE},
};
use tests::Stage;

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
