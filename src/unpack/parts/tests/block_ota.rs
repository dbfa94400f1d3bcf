//! Images that a transfer list and its data give.

use super::*;

pub(super) const LIST: &[u8] = b"4\n5\n0\n0\nerase 2,1,7\nnew 4,0,1,5,7\nzero 2,1,3\nnew 2,7,9\n";

#[test]
fn new_data_is_found_however_it_is_packed_and_cut() {
    let all = data("abcde");
    let packed = gz(&all);
    let (front, back) = packed.split_at(20);
    let list = ("a/x.transfer.list", LIST);
    let image = [("a/x.img", "a....bcde")];
    check(
        &[list, ("a/x.new.dat", &all), ("a/x.patch.dat", b"")],
        &image,
        &[],
    );
    check(&[list, ("a/x.new.dat.gz", &packed)], &image, &[]);
    check(
        &[list, ("a/x.new.dat.gz.0", front), ("a/x.new.dat.gz.1", back)],
        &image,
        &[],
    );
    check(
        &[
            list,
            ("a/x.new.dat.2", &all[9000..]),
            ("a/x.new.dat.1", &all[..9000]),
        ],
        &image,
        &[],
    );
    check(
        &[
            list,
            ("a/x.new.dat", &all[..9000]),
            ("a/x.new.dat.1", &all[9000..]),
        ],
        &image,
        &[],
    );
    let each = [gz(&all[..9000]), gz(&all[9000..])];
    check(
        &[
            list,
            ("a/x.new.dat.1.gz", &each[0]),
            ("a/x.new.dat.2.gz", &each[1]),
        ],
        &image,
        &[],
    );
}

#[test]
fn parts_are_in_the_order_of_their_numbers() {
    let parts: Vec<(String, Vec<u8>)> = ('a'..='l')
        .zip(0..)
        .map(|(c, n)| (format!("x.new.dat.{n}"), data(&c.to_string())))
        .collect();
    let mut files: Vec<(&str, &[u8])> = parts.iter().map(|(name, bytes)| (&**name, &**bytes)).collect();
    files.push(("x.transfer.list", b"1\n12\nnew 2,0,12\n"));
    files.sort_unstable();
    check(&files, &[("x.img", "abcdefghijkl")], &[]);
}

#[test]
fn the_number_of_a_carrier_is_no_part_of_the_name() {
    let list: &[u8] = b"1\n1\nnew 2,0,1\n";
    let (a, b) = (data("a"), data("b"));
    let one: [(&str, &[u8]); 2] = [
        ("my_x.00011011.transfer.list", list),
        ("my_x.00011011.new.dat", &a),
    ];
    check(&one, &[("my_x.img", "a")], &[]);
    let two: [(&str, &[u8]); 2] = [
        ("my_x.00011012.transfer.list", list),
        ("my_x.00011012.new.dat", &b),
    ];
    let expect = [("my_x.00011011.img", "a"), ("my_x.00011012.img", "b")];
    check(&[one, two].concat(), &expect, &[]);
}

#[test]
fn missing_data_is_lost_and_moves_nothing() {
    let all = data("abcde");
    let list = ("x.transfer.list", LIST);
    check(
        &[list, ("x.new.dat", &all[..9000])],
        &[("x.img", "a....b...")],
        &["x.img: block-ota: new data at 0x2328: truncated, needs 20480 bytes, 9000 left, 11480 unread"],
    );
    check(
        &[
            list,
            ("x.new.dat.0", &all[..8192]),
            ("x.new.dat.2", &all[12288..]),
        ],
        &[("x.img", "a....b...")],
        &["x.img: block-ota: number of a part that is missing at 0x0: invalid value 0x1, 12288 unread"],
    );
    check(
        &[list, ("x.new.dat", &data("abcdef"))],
        &[("x.img", "a....bcde")],
        &[
            "x.img: block-ota: new data after the last command at 0x5000: odd value 0x1000, read as Android reads it, 0 unread",
        ],
    );
    let packed = gz(&all);
    let (_, told) = joined(&[list, ("x.new.dat.gz", &packed[..packed.len() - 12])]);
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with("x.img: block-ota: gzip stream at 0x0: truncated"),
        "{told:?}"
    );
}

#[test]
fn without_data_or_list_there_is_no_image() {
    let gap = "x.img: block-ota: new data at 0x0: truncated, needs 20480 bytes, 0 left, 20480 unread";
    let list = ("x.transfer.list", LIST);
    let (got, told) = joined(&[list]);
    assert_eq!((got.len(), told), (1, vec![gap.to_string()]));
    let (got, told) = joined(&[list, ("x.new.dat.br", b"no brotli")]);
    assert_eq!((got.len(), told.len()), (2, 1));
    let (got, told) = joined(&[
        ("x.transfer.list", b""),
        ("x.new.dat.br", b""),
        ("y.new.dat", b""),
    ]);
    let gap = "x.img: block-ota: version at 0x0: truncated, needs 1 bytes, 0 left, 0 unread";
    assert_eq!((got.len(), told), (3, vec![gap.to_string()]));
}

#[test]
fn what_is_made_from_the_old_build_is_lost() {
    let list = b"3\n4\n1\n1\nstash 00 2,8,9\nmove 00 2,1,2 1 2,8,9\nnew 2,0,1\nbsdiff 0 7 00 00 2,5,7 1 2,1,2\nfree 00\n";
    let (a, patch) = (data("a"), b"BSDIFF4".as_slice());
    let files: [(&str, &[u8]); 3] = [
        ("x.transfer.list", list),
        ("x.new.dat", &a),
        ("x.patch.dat", patch),
    ];
    // Blocks 2 to 4 are written by no command: they stay as they were.
    check(
        &files,
        &[("x.img", "a......")],
        &[
            "x.img: block-ota: blocks made from those of the old build, see --base at 0x17: unsupported value 0x3, 24576 unread",
        ],
    );
}

#[test]
fn what_a_later_command_writes_wins_and_is_told() {
    check(
        &[
            ("x.transfer.list", b"1\n4\nnew 2,0,3\nnew 2,1,2\n"),
            ("x.new.dat", &data("abcd")),
        ],
        &[("x.img", "adc")],
        &[
            "x.img: block-ota: new data that a later command overwrites at 0x0: odd value 0x1000, read as Android reads it, 0 unread",
        ],
    );
}

#[test]
fn an_image_of_eight_tebibytes_costs_nothing() {
    let list = b"4\n2\n0\n0\nnew 2,0,1\nzero 2,5,2147483647\nnew 2,2147483646,2147483647\n";
    let mut listing = Listing::default();
    listing.blob("x.transfer.list", Blob::from(list.to_vec()));
    listing.blob("x.new.dat", Blob::from(data("ab")));
    join(&mut listing, &Budget::default());
    let image = listing.entries[0].data.blob().unwrap();
    assert_eq!(image.len(), 2_147_483_647 * 4096);
    assert_eq!(&*image.read("t", image.len() - 1..image.len()).unwrap(), b"b");
    assert!(image.read("t", 4096..4097).is_err(), "no command writes it");
}
