//! The fuzz target's body over random text in which things that are found stand close together.

use proptest::prelude::*;

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"Mrs Alice O'Neil-Smith".to_vec()),
        Just("Frau Ångström, né le 12.03.1984".as_bytes().to_vec()),
        Just(b"alice@example.org".to_vec()),
        Just(b"Flat 3, Elm Street, Leeds, LS1 4AP".to_vec()),
        Just("Calle de la Luna 12, 28004 Madrid".as_bytes().to_vec()),
        Just(b"password=hunter22".to_vec()),
        Just(b"sk_live_4eC39HqLyjWDarjtT1zdp7dc".to_vec()),
        Just(b"84.112.190.7".to_vec()),
        Just(b"tel 612.532.4280 x36400".to_vec()),
        Just(b"{\"name\": [\"".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..4),
        "\\PC{1,4}".prop_map(String::into_bytes),
    ];
    proptest::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_scan_holds(data in pieces()) {
        super::scan(&data);
    }
}
