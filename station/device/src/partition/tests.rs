use super::*;

const GOOD: &str = "# Name, Type, SubType, Offset, Size\n\
                    nvs, data, nvs, 0x9000, 0x6000\n\
                    phy_init, data, phy, 0xf000, 4K\n\
                    factory, app, factory, 0x10000, 1M\n";

fn flash() -> FlashSize {
    "4MB".parse().unwrap()
}

fn error_of(csv: &str) -> String {
    let err = FlashLayout::parse(csv.as_bytes(), flash()).unwrap_err();
    std::iter::successors(Some(&err as &dyn std::error::Error), |err| err.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

#[test]
fn a_good_table_says_where_things_stand_in_both_forms() {
    let layout = FlashLayout::parse(GOOD.as_bytes(), flash()).unwrap();
    assert_eq!(layout.nvs().unwrap(), PartitionInfo { name: "nvs".into(), offset: 0x9000, len: 0x6000 });
    assert_eq!(layout.app().unwrap().offset, 0x1_0000);
    assert_eq!(layout.partitions().count(), 3);
    let binary = layout.to_binary();
    assert_eq!(binary.len(), TABLE_LEN_MAX);
    assert_eq!(FlashLayout::parse(&binary, flash()).unwrap(), layout);
}

#[test]
fn a_binary_table_with_a_wrong_md5_is_refused() {
    let mut binary = FlashLayout::parse(GOOD.as_bytes(), flash()).unwrap().to_binary();
    binary[8] ^= 0x10;
    let err = FlashLayout::parse(&binary, flash()).unwrap_err();
    assert!(matches!(err, PartitionError::Form(esp_idf_part::Error::InvalidChecksum { .. })), "{err:?}");
}

#[test]
fn each_defect_is_told_with_the_name_of_the_partition() {
    let app = "factory, app, factory, 0x10000, 1M\n";
    for (row, wanted) in [
        ("a, data, nvs, 0x9100, 0x6000\n", "partition \"a\" starts at 0x9100"),
        ("a, data, nvs, 0x18000, 0x6000\n", "overlap"),
        ("a, data, nvs, 0x3ff000, 0x2000\n", "partition \"a\" at 0x3ff000"),
        ("a, data, nvs, 0xfffff000, 0x2000\n", "ends beyond the flash"),
        ("a, data, nvs, 0x8000, 0x1000\n", "within the boot loader"),
        ("factory, data, nvs, 0x200000, 0x6000\n", "two partitions are called \"factory\""),
        ("a, data, nvs, 0x9000, lots\n", "partition \"a\": the size \"lots\" cannot be used"),
    ] {
        let told = error_of(&format!("{app}{row}"));
        assert!(told.contains(wanted), "{row}: {told}");
    }
    assert!(error_of("a, app, factory, 0x11000, 1M\n").contains("no multiple of 0x10000"));
}

#[test]
fn a_table_without_nvs_or_app_says_so() {
    let layout = FlashLayout::parse(b"a, app, ota_0, 0x10000, 1M\n", flash()).unwrap();
    assert!(layout.nvs().is_err());
    assert_eq!(layout.app().unwrap().name, "a");
    assert!(FlashLayout::parse(b"", flash()).is_err());
    assert!(FlashLayout::parse(b"a", flash()).is_err());
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(mut bytes in proptest::collection::vec(0_u8.., 0..200), binary: bool) {
        if binary {
            bytes.splice(..0, [0xaa, 0x50]);
            bytes.resize(bytes.len().next_multiple_of(32), 0xff);
        }
        let _ = FlashLayout::parse(&bytes, flash());
    }
}

#[test]
fn a_field_that_cannot_be_used_is_told_by_name_in_both_forms() {
    for (row, field) in [
        ("nvs, data, nvs, 0x9000, 99999999999K", "size \"99999999999K\""),
        ("nvs,data,nvs,\"99999999999K\",4K", "offset \"99999999999K\""),
        ("nvs, data, 0x99, 0x9000, 4K", "subtype \"0x99\""),
        ("nvs, app, nvs, 0x10000, 4K", "subtype \"0x02\""),
        ("nvs, nonsense, nvs, 0x9000, 4K", "type \"nonsense\""),
        ("a_name_of_17_chars, data, nvs, 0x9000, 4K", "name \"a_name_of_17_chars\""),
    ] {
        assert!(error_of(row).contains(field), "{row}: {}", error_of(row));
    }
    let good = FlashLayout::parse(GOOD.as_bytes(), flash()).unwrap().to_binary();
    for (at, byte, field) in [(31, 0x80, "flags"), (32 + 3, 0x99, "subtype"), (15, 0xff, "name"), (20, b'x', "name")] {
        let mut table = good.clone();
        table[at] = byte;
        let err = FlashLayout::parse(&table, flash()).unwrap_err();
        assert!(matches!(&err, PartitionError::Field { field: found, .. } if *found == field), "{at}: {err}");
    }
}

#[test]
fn more_rows_than_fit_are_refused_before_they_are_reckoned_with() {
    let rows = (0..200).map(|n| format!("p{n}, app, 0x10, , 4K\n")).collect::<String>();
    assert!(error_of(&rows).contains("the table has 200 partitions"));
}
