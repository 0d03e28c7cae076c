//! A store that is away after a failure, and comes back.

use std::fs;
use std::time::Duration;

use keyspace::engine::Store;

use crate::fixture::answer;
use crate::harness::{eventually, temporary_directory};
use crate::keyspaces::{figure, open};

#[test]
fn a_store_that_cannot_be_opened_again_is_away_until_it_can() {
    let directory = temporary_directory();
    let (keyspace, disk) = open(&directory);
    for line in ["SET text value", "SADD set a b c d e f g h i j", "SET fading x PXAT 33177117420000"] {
        answer(&keyspace, 0, line);
    }
    answer(&keyspace, 2, "SET memory value");
    keyspace.flush().expect("the disk works");
    // Something is in the way of what the store was.
    let (tree, aside) = (directory.path().join("disk/tree"), directory.path().join("disk/aside"));
    fs::rename(&tree, &aside).expect("it can be renamed");
    fs::write(&tree, "in the way").expect("it can be written");
    for _ in 0..2 {
        assert!(keyspace.renew(&*disk).is_err());
        for line in
            ["GET text", "SCARD set", "SET text other", "KEYS *", "FLUSHDB", "RANDOMKEY", "COPY text copy"]
        {
            let said = answer(&keyspace, 0, line);
            assert!(said.contains("MISCONF"), "{line}: {said}");
        }
        // How many there were is still known, and databases in memory have nothing to do with it.
        assert_eq!(answer(&keyspace, 0, "DBSIZE"), "(integer) 3");
        assert_eq!(answer(&keyspace, 2, "GET memory"), r#""value""#);
        keyspace.expire(0, 0);
    }
    // Long enough for the thread that syncs to come by.
    std::thread::sleep(Duration::from_millis(300));
    fs::remove_file(&tree).expect("it can be removed");
    fs::rename(&aside, &tree).expect("it can be renamed");
    keyspace.renew(&*disk).expect("the store is back");
    assert!(!disk.wants_renewal());
    assert_eq!(answer(&keyspace, 0, "GET text"), r#""value""#);
    assert_eq!(answer(&keyspace, 0, "SCARD set"), "(integer) 10");
    assert_eq!(answer(&keyspace, 0, "PEXPIRETIME fading"), "(integer) 33177117420000");
    assert_eq!(answer(&keyspace, 0, "DBSIZE"), "(integer) 3");
    assert_eq!(answer(&keyspace, 0, "SET text other"), r#"OK"#);
    let is_synced = || figure(&disk, "disk_commits_unsynced") == 0;
    eventually("the change is on disk", is_synced);
    drop(keyspace);
    disk.close().expect("the disk works");
}
