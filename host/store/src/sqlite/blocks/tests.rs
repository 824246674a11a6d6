use watchbox_model::{Rows, Time};

use super::*;
use crate::conformance::samples::{numbers, padded_rows};

fn part(numbers: std::ops::Range<u64>, padding: usize) -> Part {
    let at = Time::from_micros(numbers.start as i64);
    Part {
        rows: padded_rows(at, numbers, padding),
        at,
    }
}

fn sizes(blocks: &[Arc<Block>]) -> Vec<usize> {
    blocks.iter().map(|block| block.rows.len()).collect()
}

fn address(rows: &Rows) -> *const u8 {
    rows.parts().0.as_ptr()
}

#[test]
fn small_parts_share_a_block() {
    let parts = (0..30).map(|at| part(at * 40..at * 40 + 40, 8)).collect();
    let blocks = cut(5, parts).unwrap();
    assert_eq!(sizes(&blocks), [1000, 200]);
    assert_eq!((blocks[0].first, blocks[1].first), (5, 1005));
    assert_eq!(numbers(&blocks[0]), (0..1000).collect::<Vec<_>>());
    assert_eq!(numbers(&blocks[1]), (1000..1200).collect::<Vec<_>>());
    assert_eq!(blocks[0].from, Time::from_micros(0));
    assert_eq!(blocks[0].to, Time::from_micros(960));
}

#[test]
fn a_part_that_fits_is_neither_cut_nor_copied() {
    let (small, whole, other) = (part(0..10, 8), part(10..1010, 8), part(1010..1900, 8));
    let addresses = [&small, &whole, &other].map(|part| address(&part.rows));
    let blocks = cut(0, vec![small, whole, other]).unwrap();
    assert_eq!(sizes(&blocks), [10, 1000, 890]);
    let kept: Vec<_> = blocks.iter().map(|block| address(&block.rows)).collect();
    assert_eq!(kept, addresses);
}

#[test]
fn a_large_part_is_cut_where_it_is() {
    let large = part(0..2500, 8);
    let start = address(&large.rows);
    let blocks = cut(0, vec![large, part(2500..2510, 8)]).unwrap();
    assert_eq!(sizes(&blocks), [1000, 1000, 510]);
    assert_eq!(address(&blocks[0].rows), start);
    assert_eq!(numbers(&blocks[2]), (2000..2510).collect::<Vec<_>>());
}

#[test]
fn blocks_are_bounded_in_bytes() {
    let blocks = cut(0, vec![part(0..40, 100_000)]).unwrap();
    assert_eq!(sizes(&blocks), [10, 10, 10, 10]);
    let blocks = cut(0, vec![part(0..3, 2_000_000)]).unwrap();
    assert_eq!(sizes(&blocks), [1, 1, 1]);
}
