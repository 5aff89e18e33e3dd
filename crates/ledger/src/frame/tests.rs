//! Frames return, and every flipped bit shows.

use super::*;

fn sealed(payloads: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut chain = GENESIS;
    for payload in payloads {
        let mut frame = Vec::new();
        stage(&mut frame, payload, &leaf(payload));
        close(&mut frame, &mut chain);
        out.extend(frame);
    }
    out
}

#[test]
fn leaves_are_those_of_rfc_6962() {
    // SHA-256 of one zero byte: the leaf hash of an empty entry, as Certificate Transparency
    // implementations test it.
    let hex: String = leaf(b"").iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

#[test]
fn frames_return_and_chain() {
    let bytes = sealed(&[b"{}", b"[1]"]);
    let first = parse(&bytes).unwrap();
    assert_eq!((first.payload, *first.chain), (&b"{}"[..], link(&GENESIS, &leaf(b"{}"))));
    let second = parse(&bytes[first.size()..]).unwrap();
    assert_eq!(second.payload, b"[1]");
    assert_eq!(*second.chain, link(first.chain, &leaf(b"[1]")));
    assert_eq!(parse(&bytes[first.size() + second.size()..]).unwrap_err(), NoFrame::End);
}

#[test]
fn unsealing_undoes_sealing() {
    let mut staged = Vec::new();
    stage(&mut staged, b"{}", &leaf(b"{}"));
    let mut frame = staged.clone();
    close(&mut frame, &mut { GENESIS });
    reopen(&mut frame);
    assert_eq!(frame[PREFIX..], staged[PREFIX..]);
}

#[test]
fn every_flipped_bit_and_every_cut_shows() {
    let bytes = sealed(&[b"{\"type\":\"stopped\"}"]);
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(parse(&flipped).is_err(), "bit {bit}");
    }
    for cut in 1..bytes.len() {
        assert_eq!(parse(&bytes[..cut]).unwrap_err(), NoFrame::Short, "cut at {cut}");
    }
}
