//! Transfer lists as they are, and as they should not be.
#![expect(clippy::arithmetic_side_effects, reason = "a test may overflow loudly")]

use proptest::prelude::*;

use super::ranges::LAST;
use super::*;

fn new(at: u64, len: u64, from: u64) -> Step {
    let what = What::New(from);
    Step::Write(Write { at, len, what })
}

fn zero(at: u64, len: u64) -> Step {
    let what = What::Zero;
    Step::Write(Write { at, len, what })
}

fn changes(transfer: &Transfer) -> Vec<&Change> {
    let mut changes = Vec::new();
    for step in &transfer.steps {
        if let Step::Change(change) = step {
            changes.push(&**change);
        }
    }
    changes
}

#[track_caller]
fn check(text: &str, steps: &[Step], blocks: u64, gaps: &[&str]) -> Transfer {
    let got = read(text.as_bytes()).unwrap();
    assert_eq!(got.steps, steps);
    let told: Vec<String> = got.gaps.iter().map(ToString::to_string).collect();
    assert_eq!(
        (got.blocks, told),
        (blocks, gaps.iter().map(|gap| (*gap).into()).collect())
    );
    got
}

#[test]
fn each_version_is_read() {
    let body = "erase 2,3,9\nnew 4,0,1,5,7\nzero 2,1,5\n";
    let writes = [zero(3, 6), new(0, 1, 0), new(5, 2, 1), zero(1, 4)];
    check(&format!("1\n7\n{body}"), &writes, 9, &[]);
    for version in 2..=4 {
        let got = check(&format!("{version}\n3\n0\n0\n{body}"), &writes, 9, &[]);
        assert_eq!((got.new, got.old), (3, None));
    }
}

#[test]
fn new_data_is_taken_in_the_order_of_the_commands() {
    let text = "4\n7\n0\n0\nnew 2,8,10\nnew 4,0,2,2,3\nnew 2,10,12\n";
    check(text, &[new(8, 2, 0), new(0, 3, 2), new(10, 2, 5)], 12, &[]);
}

#[test]
fn what_needs_the_old_build_is_counted_wherever_its_target_stands() {
    for text in [
        "1\n6\nmove 2,0,2 2,4,6\nbsdiff 0 9 2,0,9 2,6,7\nimgdiff 9 9 2,0,3 2,7,10\n",
        "2\n6\n1\n1\nmove 2,4,6 2 2,0,2\nstash 0 2,1,2\nbsdiff 0 9 2,6,7 9 2,0,9\nimgdiff 9 9 2,7,10 3 - 0:2,0,3\nfree 0\n",
        "3\n6\n1\n1\nmove aa 2,4,6 2 2,0,2\nbsdiff 0 9 bb cc 2,6,7 9 2,0,9\nimgdiff 9 9 bb cc 2,7,10 3 2,0,3\n",
    ] {
        let got = read(text.as_bytes()).unwrap();
        let ranges: Vec<Ranges> = changes(&got).iter().map(|c| c.target.clone()).collect();
        assert_eq!(
            (ranges, got.blocks),
            (vec![vec![(4, 6)], vec![(6, 7)], vec![(7, 10)]], 10),
            "{text}"
        );
        assert_eq!((got.old.unwrap().0, got.gaps), (6, vec![]));
    }
}

#[test]
fn a_command_that_is_not_read_moves_all_new_data_after_it() {
    let lost = |text: &str, gap: &str| {
        let got = read(format!("4\n0\n0\n0\nnew 2,0,1\n{text}\nzero 2,3,4\nnew 2,4,5\n").as_bytes()).unwrap();
        assert_eq!(got.steps[..2], [new(0, 1, 0), zero(3, 1)]);
        assert_eq!(got.gaps[0].to_string(), gap);
        match &got.steps[2] {
            Step::Write(Write {
                what: What::Lost(why),
                ..
            }) => assert_eq!(why.to_string(), gap),
            what => panic!("{what:?}"),
        }
        assert_eq!(got.broken.unwrap().to_string(), gap);
    };
    lost("copy 2,1,3", "block-ota: command at 0x12: unsupported value 0x63");
    lost("new", "block-ota: range set at 0x12: invalid value 0x0");
    lost("new 4,1,3", "block-ota: range count at 0x12: invalid value 0x4");
    lost("new 2,1,3,5", "block-ota: range count at 0x12: invalid value 0x2");
    lost("new 0", "block-ota: range count at 0x12: invalid value 0x0");
    lost("new 2,3,3", "block-ota: range end at 0x12: invalid value 0x3");
    lost(
        "new 2,1,x",
        "block-ota: range end at 0x12: invalid value 0xffffffffffffffff",
    );
    let far = "new 2,0,1099511627776";
    lost(far, "block-ota: range end at 0x12: invalid value 0x10000000000");
}

#[test]
fn a_command_that_takes_no_data_moves_none() {
    let text = "4\n0\n0\n0\nnew 2,0,1\nzero 3,1,2\nnew 2,4,5\n";
    let gaps = [
        "block-ota: range count at 0x12: invalid value 0x3",
        "block-ota: total blocks at 0x2: odd value 0x2, read as Android reads it",
    ];
    let got = check(text, &[new(0, 1, 0), new(4, 1, 1)], 5, &gaps);
    assert!(got.broken.is_some());
}

#[test]
fn a_list_that_breaks_off_is_noticed_by_its_total() {
    let gap = "block-ota: transfer list at 0x11: truncated, needs 8192 bytes, 4096 left";
    check("4\n2\n0\n0\nnew 2,0,1", &[new(0, 1, 0)], 1, &[gap]);
}

#[test]
fn a_list_without_all_lines_of_its_header_loses_no_command() {
    let gap = "block-ota: stash entries at 0x4: invalid value 0x6e";
    check(
        "4\n2\nnew 2,0,1\nnew 2,7,8\n",
        &[new(0, 1, 0), new(7, 1, 1)],
        8,
        &[gap],
    );
}

proptest! {
    #[test]
    fn any_text_is_survived_and_its_numbers_agree(
        lines in prop::collection::vec(
            (
                prop::sample::select(vec!["new", "zero", "erase", "move a", "bsdiff 0 1 a b", "free", "x", ""]),
                prop::collection::vec(prop::sample::select(vec![0_u64, 1, 2, 3, 9, LAST, LAST + 1, u64::MAX]), 0..6),
            ),
            0..12,
        ),
        version in 0..6,
    ) {
        let lines = lines.iter().map(|(verb, numbers)| {
            let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
            format!("{verb} {}\n", numbers.join(","))
        });
        let text = format!("{version}\n3\n0\n0\n{}", lines.collect::<String>());
        if let Ok(got) = read(text.as_bytes()) {
            let new = |step: &Step| match step {
                Step::Write(Write { len, what: What::New(_), .. }) => *len,
                _ => 0,
            };
            prop_assert_eq!(got.steps.iter().map(new).sum::<u64>(), got.new);
            let end = |step: &Step| match step {
                Step::Write(write) => write.at + write.len,
                Step::Change(change) => change.target.iter().map(|(_, end)| *end).max().unwrap_or(0),
                _ => 0,
            };
            let end = got.steps.iter().map(end).max();
            prop_assert_eq!(end.unwrap_or(0), got.blocks);
            prop_assert!(got.blocks <= LAST);
        }
    }
}

#[test]
fn what_has_no_version_is_no_list() {
    for (text, gap) in [
        ("", "block-ota: version at 0x0: truncated, needs 1 bytes, 0 left"),
        ("5\n", "block-ota: version at 0x0: unsupported value 0x5"),
        ("four\n", "block-ota: version at 0x0: invalid value 0x66"),
    ] {
        assert_eq!(read(text.as_bytes()).unwrap_err().to_string(), gap);
    }
}
