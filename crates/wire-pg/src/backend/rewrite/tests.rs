//! A row that is rewritten is the row that is written anew.

use super::*;
use crate::backend::{DataRow, encode};
use proptest::prelude::*;

/// What is done to a value.
#[derive(Clone, Debug)]
enum Doing {
    Keep,
    Change(Vec<u8>, Instead),
}

fn doing() -> impl Strategy<Value = Doing> {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..12);
    prop_oneof![
        Just(Doing::Keep),
        bytes().prop_map(|bytes| Doing::Change(bytes, Instead::Kept)),
        bytes().prop_map(|bytes| Doing::Change(bytes, Instead::Changed)),
        bytes().prop_map(|bytes| Doing::Change(bytes, Instead::Null)),
    ]
}

fn row() -> impl Strategy<Value = Vec<(Option<Vec<u8>>, Doing)>> {
    let value = proptest::option::weighted(0.8, proptest::collection::vec(any::<u8>(), 0..12));
    proptest::collection::vec((value, doing()), 0..9)
}

/// The whole message by the encoder.
fn written<'v>(values: impl ExactSizeIterator<Item = Option<&'v [u8]>>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut row = encode::begin_row(&mut out, values.len() as u16);
    for value in values {
        match value {
            Some(value) => row.value(value),
            None => row.null(),
        }
    }
    row.end().unwrap();
    out
}

fn rewrite(payload: &[u8], doings: &[Doing], out: &mut Vec<u8>) -> Result<(), WireError> {
    let mut row = RowRewriter::begin(payload, out)?;
    for doing in doings {
        match doing {
            Doing::Keep => drop(row.keep()?),
            Doing::Change(new, instead) => {
                row.change(|_, out| {
                    out.extend_from_slice(new);
                    *instead
                })?;
            }
        }
    }
    row.end()
}

proptest! {
    #[test]
    fn a_row_rewritten_is_as_it_would_be_written(row in row()) {
        let before = written(row.iter().map(|(value, _)| value.as_deref()));
        let after = written(row.iter().map(|(value, doing)| match (value, doing) {
            (Some(_), Doing::Change(new, Instead::Changed)) => Some(new.as_slice()),
            (Some(_), Doing::Change(_, Instead::Null)) => None,
            (value, _) => value.as_deref(),
        }));
        let doings: Vec<_> = row.into_iter().map(|(_, doing)| doing).collect();
        let mut out = b"before".to_vec();
        rewrite(&before[HEADER_LEN..], &doings, &mut out).unwrap();
        prop_assert_eq!(&out, &[b"before", after.as_slice()].concat());
    }

    #[test]
    fn what_is_no_row_leaves_nothing(
        payload in
            proptest::collection::vec(prop_oneof![Just(0_u8), Just(255), any::<u8>()], 0..40),
        doings in proptest::collection::vec(doing(), 0..5),
    ) {
        let mut out = b"before".to_vec();
        let done = rewrite(&payload, &doings, &mut out);
        let sound = DataRow::parse(&payload).is_ok_and(|row| row.values.len() == doings.len());
        prop_assert_eq!(done.is_ok(), sound);
        if !sound {
            prop_assert_eq!(out, b"before");
        }
    }
}
