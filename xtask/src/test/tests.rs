//! The runners' closing lines, as they print them.

use super::{Count, summary};

#[test]
fn closing_lines_are_understood() {
    let cargo = "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out";
    assert_eq!(summary(cargo), Some(Count { passed: 12, failed: 3 }));
    let nextest = "     Summary [   2.012s] 15 tests run: 14 passed (1 slow), 1 failed, 0 skipped";
    assert_eq!(summary(nextest), Some(Count { passed: 14, failed: 1 }));
    let slow = "     Summary [   2.012s] 3 tests run: 1 passed, 1 failed, 1 timed out, 2 skipped";
    assert_eq!(summary(slow), Some(Count { passed: 1, failed: 2 }));
    assert_eq!(summary("test a ... ok"), None);
}
