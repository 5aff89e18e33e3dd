//! Signing in at upstreams by the word of a cloud: a real PostgreSQL whose directory believes AWS's
//! own SDK about signed requests, and tokens that the metadata services gave; and none of them in
//! anything that is written, or shown to a server that is another.

use std::time::{Duration, Instant};
use std::{fs, path::Path};
use testkit::process::Server;
use testkit::weir::{Options, PERSON};
use testkit::{Postgres, TestDir, Weir, free_port, tls::Authority, tool};
use tests::{client, written::assert_nowhere};

/// What every token of the test's clouds holds.
const TOKEN: &str = "s3cret-of-a-cloud";

/// A PostgreSQL that wants TLS and a cloud's word from `weir`, and the clouds.
struct Stage {
    upstream: Postgres,
    _clouds: Server,
    folder: TestDir,
    http: u16,
}

impl Stage {
    fn new(lasts: u32) -> Self {
        let folder = TestDir::new("clouds").unwrap();
        let (http, ldap) = (free_port().unwrap(), free_port().unwrap());
        fs::write(folder.join("lasts"), lasts.to_string()).unwrap();
        fs::write(folder.join("ended"), "0").unwrap();
        let (ports, own) = ([http.to_string(), ldap.to_string()], folder.path());
        let arguments = [Path::new(&ports[0]), Path::new(&ports[1]), own];
        let mut clouds = client::serve("iam.py", &arguments, own).unwrap();
        let patience = Duration::from_secs(60);
        clouds.wait_until(patience, || free_port_is_taken(http)).unwrap();
        let upstream = Postgres::options().shop().tls().start().unwrap();
        upstream.psql("postgres", "create role weir login superuser").unwrap();
        let rules = upstream.socket_folder().join("data/pg_hba.conf");
        let others = fs::read_to_string(&rules).unwrap();
        let own = format!(
            "hostssl all weir 127.0.0.1/32 ldap ldapserver=127.0.0.1 ldapport={ldap} \
             ldapprefix=\"cn=\"\nhost all weir 127.0.0.1/32 reject\n"
        );
        fs::write(&rules, own + &others).unwrap();
        upstream.psql("postgres", "select pg_reload_conf()").unwrap();
        Self { upstream, _clouds: clouds, folder, http }
    }

    /// A Weir that signs in as `weir` by this cloud's word, to a server of this authority.
    fn options(&self, iam: &str, authority: &Path, sections: &str) -> Options {
        let keys = format!(
            "host = \"localhost\"\nport = {}\nuser = \"weir\"\niam = \"{iam}\"\n\
             ca = {authority:?}\n",
            self.upstream.port()
        );
        let sections = sections.replace("HERE", &format!("http://127.0.0.1:{}", self.http));
        let options = Weir::options(&self.upstream).upstream(&keys).sections(&sections);
        // Keys of whoever runs the tests are not looked for.
        options.variable("HOME", self.folder.path())
    }

    fn weir(&self, iam: &str, sections: &str) -> Weir {
        self.options(iam, &self.upstream.authority(), sections).start().unwrap()
    }

    /// How often something is noted.
    fn asked(&self, what: &str) -> usize {
        let noted = fs::read_to_string(self.folder.join("asked")).unwrap_or_default();
        noted.lines().filter(|line| *line == what).count()
    }
}

fn free_port_is_taken(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

fn who(weir: &Weir) -> String {
    let said = weir.psql(PERSON, "shop", "select session_user").unwrap();
    said.success().unwrap_or_else(|error| panic!("{error:#}\n{}", weir.log_tail())).trim().into()
}

/// Nothing that it has written so far holds this.
fn nowhere(weir: &Weir, secret: &str) {
    assert_nowhere(weir.folder(), &[secret.to_owned()]);
}

const REGION: &str = "\n[aws]\nregion = \"eu-central-1\"\nmetadata = \"HERE\"\n";

#[test]
fn aws_is_signed_for_as_its_own_sdk_does() {
    let stage = Stage::new(3_600);
    let options = stage.options("aws", &stage.upstream.authority(), REGION);
    let keys = |secret: &str| {
        let options = options.clone().variable("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT");
        options.variable("AWS_SECRET_ACCESS_KEY", secret).start().unwrap()
    };
    let weir = keys("env/secret+key");
    assert_eq!(who(&weir), "weir");
    assert_eq!(stage.asked("aws"), 0, "the instance is not asked");
    nowhere(&weir, "env/secret+key");
    nowhere(&weir, "X-Amz-Signature");
    drop(weir);

    // Other keys: said to the operator, not to the client.
    let weir = keys("wr0ng/secret");
    let said = weir.psql(PERSON, "shop", "select 1").unwrap();
    assert!(said.code != Some(0) && said.stderr.contains("could not sign in"), "{said}");
    nowhere(&weir, "wr0ng/secret");
    nowhere(&weir, "X-Amz-Signature");
}

#[test]
fn aws_has_the_keys_of_a_profile_or_of_the_instance() {
    let stage = Stage::new(3_600);
    let file = stage.folder.join("keys");
    let keys = "[ops]\naws_access_key_id = AKIAENVIRONMENT\n\
                aws_secret_access_key = env/secret+key\n";
    fs::write(&file, keys).unwrap();
    let of_file = format!("{REGION}profile = \"ops\"\n");
    let options = stage.options("aws", &stage.upstream.authority(), &of_file);
    let weir = options.variable("AWS_SHARED_CREDENTIALS_FILE", &file).start().unwrap();
    assert_eq!(who(&weir), "weir");
    assert_eq!(stage.asked("aws"), 0, "the instance is not asked");
    drop(weir);
    let weir = stage.weir("aws", REGION);
    for _ in 0..3 {
        assert_eq!(who(&weir), "weir");
    }
    assert_eq!(stage.asked("aws"), 1, "a token is kept");
    nowhere(&weir, "session+token");
    nowhere(&weir, "instance/secret");
}

#[test]
fn aws_has_the_keys_of_a_role_or_of_a_container() {
    let stage = Stage::new(3_600);
    let here = format!("http://127.0.0.1:{}", stage.http);
    let word = stage.folder.join("word");
    let options = stage.options("aws", &stage.upstream.authority(), REGION);
    let role = options.clone().variable("AWS_WEB_IDENTITY_TOKEN_FILE", &word);
    let role = role.variable("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/weir");
    let role = role.variable("AWS_ENDPOINT_URL_STS", format!("{here}/sts"));
    fs::write(&word, "of-the-cluster\n").unwrap();
    let weir = role.clone().start().unwrap();
    for _ in 0..3 {
        assert_eq!(who(&weir), "weir");
    }
    assert_eq!((stage.asked("role"), stage.asked("aws")), (1, 0), "kept, and nobody else asked");
    nowhere(&weir, "of-the-cluster");
    nowhere(&weir, "role/secret");
    drop(weir);

    // What AWS says against it is the operator's to read.
    fs::write(&word, "an0ther-word").unwrap();
    let weir = role.start().unwrap();
    let said = weir.psql(PERSON, "shop", "select 1").unwrap();
    assert!(said.code != Some(0) && !said.all().contains("InvalidIdentityToken"), "{said}");
    assert!(weir.log_text().contains("InvalidIdentityToken: not ours"), "{}", weir.log_tail());
    nowhere(&weir, "an0ther-word");
    drop(weir);

    fs::write(&word, "of-the-container").unwrap();
    let container = options.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{here}/ecs"));
    let container = container.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &word);
    let weir = container.start().unwrap();
    assert_eq!(who(&weir), "weir");
    assert_eq!((stage.asked("container"), stage.asked("aws")), (1, 0));
    nowhere(&weir, "of-the-container");
}

#[test]
fn an_instances_account_signs_in_at_gcp_and_azure() {
    let stage = Stage::new(3_600);
    for (iam, sections) in
        [("gcp", "\n[gcp]\nmetadata = \"HERE\"\n"), ("azure", "\n[azure]\nmetadata = \"HERE\"\n")]
    {
        let weir = stage.weir(iam, sections);
        for _ in 0..3 {
            assert_eq!(who(&weir), "weir");
        }
        assert_eq!(stage.asked(iam), 1, "a token is kept");
        // It is good no more: whoever comes next has another, asked for once.
        let given = stage.asked("gcp") + stage.asked("azure");
        fs::write(stage.folder.join("ended"), given.to_string()).unwrap();
        assert_eq!(who(&weir), "weir");
        assert_eq!(stage.asked(iam), 2);
        nowhere(&weir, TOKEN);
        // Nobody is let in by what is never right; nothing is asked for over and over.
        fs::write(stage.folder.join("ended"), "99").unwrap();
        let said = weir.psql(PERSON, "shop", "select 1").unwrap();
        assert!(said.code != Some(0) && !said.all().contains(TOKEN), "{said}");
        assert!((3..=5).contains(&stage.asked(iam)), "{}", stage.asked(iam));
        nowhere(&weir, TOKEN);
        fs::write(stage.folder.join("ended"), "0").unwrap();
    }
}

#[test]
fn a_service_accounts_key_and_an_application_are_exchanged_for_tokens() {
    let stage = Stage::new(3_600);
    let folder = stage.folder.path();
    let openssl = |words: &str| {
        let words: Vec<&str> = words.split(' ').collect();
        let mut openssl = std::process::Command::new("openssl");
        tool::finish(openssl.args(words).current_dir(folder)).unwrap().success().unwrap()
    };
    let key = openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    fs::write(folder.join("private.pem"), &key).unwrap();
    openssl("pkey -in private.pem -pubout -out public.pem");
    let file = serde_json::json!({
        "type": "service_account", "client_email": "weir@acme.iam.gserviceaccount.com",
        "private_key": key, "private_key_id": "key-1",
        "token_uri": format!("http://127.0.0.1:{}/google/token", stage.http),
    });
    fs::write(folder.join("key.json"), file.to_string()).unwrap();
    fs::write(folder.join("entra"), "entra/secret\n").unwrap();
    let google = format!("\n[gcp]\nkey_file = {:?}\n", folder.join("key.json"));
    let entra = format!(
        "\n[azure]\nauthority = \"HERE\"\ntenant = \"acme\"\nclient_id = \"weir-app\"\n\
         client_secret = {{ file = {:?} }}\n",
        folder.join("entra")
    );
    for (iam, sections, noted) in [("gcp", google, "google"), ("azure", entra, "entra")] {
        let weir = stage.weir(iam, &sections);
        assert_eq!((who(&weir), stage.asked(noted)), ("weir".to_owned(), 1));
        nowhere(&weir, TOKEN);
        nowhere(&weir, "entra/secret");
    }
    // What a cloud says against it is the operator's to read.
    fs::write(folder.join("entra"), "an0ther/secret\n").unwrap();
    let sections = format!(
        "\n[azure]\nauthority = \"HERE\"\ntenant = \"acme\"\nclient_id = \"weir-app\"\n\
         client_secret = {{ file = {:?} }}\n",
        folder.join("entra")
    );
    let weir = stage.weir("azure", &sections);
    let said = weir.psql(PERSON, "shop", "select 1").unwrap();
    assert!(said.code != Some(0) && !said.all().contains("AADSTS"), "{said}");
    assert!(weir.log_text().contains("AADSTS7000215"), "{}", weir.log_tail());
    nowhere(&weir, "an0ther/secret");
}

#[test]
fn a_token_is_another_before_its_end() {
    let stage = Stage::new(8);
    let weir = stage.weir("gcp", "\n[gcp]\nmetadata = \"HERE\"\n");
    let begun = Instant::now();
    // Twice as long as one is good for: nobody is refused in between.
    while begun.elapsed() < Duration::from_secs(16) {
        assert_eq!(who(&weir), "weir");
        std::thread::sleep(Duration::from_millis(200));
    }
    let asked = stage.asked("gcp");
    assert!((3..=6).contains(&asked), "one for every four seconds: {asked}");
}

#[test]
fn a_token_is_shown_to_no_other_server() {
    let stage = Stage::new(3_600);
    let section = "\n[gcp]\nmetadata = \"HERE\"\n";
    // A server whose certificate is another authority's.
    let others = Authority::new(&stage.folder.join("others")).unwrap();
    let weir = stage.options("gcp", &others.certificate(), section).start().unwrap();
    let said = weir.psql(PERSON, "shop", "select 1").unwrap();
    assert!(said.stderr.contains("could not make a secure connection"), "{said}");
    drop(weir);
    // One that has no TLS and would take any password in clear.
    let plain = Postgres::options().method("password").start().unwrap();
    let keys = format!(
        "host = \"localhost\"\nport = {}\nuser = \"weir\"\niam = \"gcp\"\nca = {:?}\n",
        plain.port(),
        others.certificate()
    );
    let weir = stage.options("gcp", &others.certificate(), section).upstream(&keys);
    let weir = weir.start().unwrap();
    let said = weir.psql(PERSON, "postgres", "select 1").unwrap();
    assert!(said.stderr.contains("could not make a secure connection"), "{said}");
    assert_eq!(stage.asked("checked"), 0, "no password was shown");
    drop(weir);

    // Nobody gives one: said to the operator.
    let dead = format!("\n[gcp]\nmetadata = \"http://127.0.0.1:{}\"\n", free_port().unwrap());
    let weir = stage.weir("gcp", &dead);
    let said = weir.psql(PERSON, "shop", "select 1").unwrap();
    assert!(said.stderr.contains("could not sign in"), "{said}");
    let told = weir.log_text();
    assert!(told.contains("the metadata server is not reachable"), "{told}");
}
