//! What is documented is what is served.

use super::*;
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn the_description_names_every_route_and_no_other() {
    let description: Value = serde_json::from_str(OPENAPI).unwrap();
    let documented: BTreeSet<(String, String)> = description["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.filter(|key| *key != "parameters").map(|method| (method.clone(), path.clone()))
        })
        .collect();
    let served = routes().into_iter().map(|(method, path, _)| (method.into(), path.into()));
    assert_eq!(documented, served.collect());
}

#[test]
fn every_reference_in_the_description_leads_somewhere() {
    fn check(root: &Value, value: &Value) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(reference)) = fields.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(root.pointer(pointer).is_some(), "{reference}");
                }
                fields.values().for_each(|value| check(root, value));
            }
            Value::Array(values) => values.iter().for_each(|value| check(root, value)),
            _ => {}
        }
    }
    let description: Value = serde_json::from_str(OPENAPI).unwrap();
    check(&description, &description);
}
