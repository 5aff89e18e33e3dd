//! Which server a name means.

use super::*;

fn database(name: &str, host: &str, environment: &str) -> DatabaseConfig {
    let upstream = UpstreamConfig::new(Host::Tcp(host.to_owned()), 5432, "weir", name);
    DatabaseConfig {
        name: name.to_owned(),
        environment: environment.to_owned(),
        roles: Default::default(),
        upstream,
    }
}

#[test]
fn the_whole_server_is_meant_only_where_there_is_one() {
    let named = |databases: &[DatabaseConfig]| the_only_server(databases).map(|d| d.name.clone());
    let (shop, books) = (database("shop", "one", "test"), database("books", "one", "test"));
    assert_eq!(named(&[]), None);
    assert_eq!(named(std::slice::from_ref(&shop)).as_deref(), Some("shop"));
    assert_eq!(named(&[shop.clone(), books.clone()]).as_deref(), Some("shop"));
    let elsewhere = database("books", "two", "test");
    assert_eq!(named(&[shop.clone(), elsewhere]), None);
    // One server in two environments: nobody can say which policies hold.
    assert_eq!(named(&[shop, database("books", "one", "production"), books]), None);
}
