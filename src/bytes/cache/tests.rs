use super::*;

#[test]
fn a_unit_is_decoded_once_while_it_fits() {
    let cache = Cache::new(1 << 20, 1 << 20);
    let source = cache.source();
    for _ in 0..3 {
        let bytes = cache.get((source, 7), || Ok(vec![1, 2, 3].into())).unwrap();
        assert_eq!(&*bytes, [1, 2, 3]);
    }
    let expect = Decoded {
        times: 1,
        units: 1,
        bytes: 3,
    };
    assert_eq!(cache.decoded(), expect);
}

#[test]
fn what_was_forgotten_is_decoded_again_and_counted_as_such() {
    let cache = Cache::new(1 << 20, 1 << 20);
    let get = || cache.get((0, 7), || Ok(vec![1, 2, 3].into())).unwrap();
    assert_eq!(&*get(), [1, 2, 3]);
    cache.clear();
    assert_eq!(&*get(), [1, 2, 3]);
    assert_eq!((cache.decoded().times, cache.decoded().units), (2, 1));
}

#[test]
fn the_unit_that_was_used_longest_ago_goes_first() {
    // All units are of one shard, and there is room for three of them.
    let cache = Cache::new(3 * (1000 + OVERHEAD), 1 << 20);
    let mut same = (0_u64..).filter(|n| std::ptr::eq(cache.shard((0, *n)), cache.shard((0, 0))));
    let units: Vec<u64> = same.by_ref().take(4).collect();
    let get = |n: u64| cache.get((0, n), || Ok(vec![0; 1000].into())).unwrap();
    for n in &units[..3] {
        get(*n);
    }
    get(units[0]);
    get(units[3]);
    get(units[0]);
    assert_eq!(cache.decoded().times, 4);
    get(units[1]);
    assert_eq!(cache.decoded().times, 5);
    assert_eq!(cache.decoded().units, 4);
}

#[test]
fn a_few_large_units_use_all_of_the_room() {
    // Of four, some are of the same shard.
    for first in 0..32 {
        let cache = Cache::new(4 * (1000 + OVERHEAD), 1 << 20);
        for n in (first..first + 4).cycle().take(12) {
            cache.get((0, n), || Ok(vec![0; 1000].into())).unwrap();
        }
        assert_eq!(cache.decoded().times, 4);
    }
}

#[test]
fn no_more_than_one_unit_of_each_shard_is_too_many() {
    let cache = Cache::new(10 * (1000 + OVERHEAD), 1 << 20);
    for n in 0..1000 {
        cache.get((0, n), || Ok(vec![0; 1000].into())).unwrap();
    }
    let held = cache.held.load(Ordering::Relaxed);
    assert!(held <= (10 + 16) * (1000 + OVERHEAD), "{held}");
    cache.clear();
    assert_eq!(cache.held.load(Ordering::Relaxed), 0);
}

#[test]
fn a_unit_that_failed_is_not_tried_again() {
    let cache = Cache::new(1 << 20, 1 << 20);
    let gap = Gap::invalid("xz", 3, "index", 1);
    let got = cache.get((0, 0), || Err(gap.clone()));
    assert_eq!(got.unwrap_err(), gap);
    assert_eq!(cache.get((0, 0), || Ok(Bytes::default())).unwrap_err(), gap);
}

#[test]
fn threads_wait_for_the_one_that_decodes() {
    let cache = Cache::new(1 << 20, 1 << 20);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let got = cache.get((1, 1), || {
                    std::thread::sleep(std::time::Duration::from_millis(20));
                    Ok(vec![9].into())
                });
                assert_eq!(&*got.unwrap(), [9]);
            });
        }
    });
    assert_eq!(cache.decoded().times, 1);
}

/// Units of 1000 bytes in a cache with room for one; how often each is decoded when all are asked for twice.
fn decoded_twice(expect: bool, pages: u64, get: impl Fn(&Cache, u64)) -> u64 {
    let cache = Cache::new(1000 + OVERHEAD, pages);
    cache.expect(expect);
    (0..100).for_each(|n| get(&cache, n));
    cache.expect(false);
    (0..100).for_each(|n| get(&cache, n));
    let left = cache.aside.lock().unwrap().len();
    assert!(left <= SHARDS, "{left} are kept though they were asked for again");
    let Decoded { times, units, .. } = cache.decoded();
    assert_eq!(units, 100);
    times
}

#[test]
fn what_is_slow_and_asked_for_again_is_set_aside() {
    let bytes = |n: u64| -> Bytes {
        (0..1000)
            .map(|k| u8::try_from((n + k) % 251).unwrap())
            .collect::<Vec<u8>>()
            .into()
    };
    let slow = |cache: &Cache, n| {
        let got = cache.get_slow((0, n), || Ok(bytes(n))).unwrap();
        assert_eq!(*got, *bytes(n));
    };
    let quick = |cache: &Cache, n| assert!(cache.get((0, n), || Ok(bytes(n))).is_ok());
    assert_eq!(decoded_twice(true, 1 << 20, slow), 100);
    // The rest is in a file.
    assert_eq!(decoded_twice(true, 2000, slow), 100);
    assert!(decoded_twice(false, 1 << 20, slow) > 150);
    assert!(decoded_twice(true, 1 << 20, quick) > 150);
}

#[test]
fn what_was_set_aside_gives_its_room_back() {
    let cache = Cache::new(0, 1 << 20);
    cache.expect(true);
    for n in 0..100 {
        cache.get_slow((0, n), || Ok(vec![7; 1000].into())).unwrap();
    }
    assert!(cache.pages.held() > 0);
    cache.clear();
    assert_eq!(cache.pages.held(), 0);
}
