//! Paths and widths as the specification has them.

use super::*;

#[test]
fn paths_are_those_of_the_specification() {
    let tile = |level, index, width| Tile { level, index, width }.path();
    assert_eq!(tile(Some(0), 0, 256), "tile/0/000");
    assert_eq!(tile(Some(1), 1_234_067, 256), "tile/1/x001/x234/067");
    assert_eq!(tile(Some(0), 1_067, 12), "tile/0/x001/067.p/12");
    assert_eq!(tile(None, 999, 256), "tile/entries/999");
    assert_eq!(tile(None, 1_000, 1), "tile/entries/x001/000.p/1");
}

#[test]
fn the_last_tile_of_a_level_is_partial() {
    // tlog-tiles: a tree of 70,000 leaves has 273 full tiles and one of 112 at level 0, and two
    // at level 1, of 256 and 17.
    assert_eq!(Tile::holding(0, 69_999, 70_000).map(|t| (t.index, t.width)), Some((273, 112)));
    assert_eq!(Tile::holding(0, 0, 70_000).map(|t| (t.index, t.width)), Some((0, 256)));
    assert_eq!(Tile::holding(1, 272, 70_000).map(|t| (t.index, t.width)), Some((1, 17)));
    assert_eq!(Tile::holding(2, 0, 70_000).map(|t| (t.index, t.width)), Some((0, 1)));
    assert_eq!(Tile::holding(1, 273, 70_000), None);
    assert_eq!(Tile::bundle(69_999, 70_000).map(|t| (t.index, t.width)), Some((273, 112)));
    assert_eq!(Tile::bundle(70_000, 70_000), None);
}
