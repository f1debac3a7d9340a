//! The migrations, embedded. A new one is added to both folders and to the list below; old ones are never edited.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Which folder of `migrations/` a database needs, and which words where no SQL runs on both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `migrations/sqlite`.
    Sqlite,
    /// `migrations/postgres`.
    Postgres,
}

/// Lists pairs of migrations: number, name, and both texts.
macro_rules! paired {
    ($($number:literal $name:literal $file:literal;)*) => {
        const PAIRS: &[(i64, &str, &str, &str)] = &[$((
            $number,
            $name,
            include_str!(concat!("../../../../migrations/sqlite/", $file)),
            include_str!(concat!("../../../../migrations/postgres/", $file)),
        ),)*];

        #[cfg(test)]
        const FILES: &[&str] = &[$($file),*];
    };
}

paired! {
    1 "record" "0001_record.sql";
    2 "factory_rules" "0002_factory_rules.sql";
    3 "people" "0003_people.sql";
    4 "search" "0004_search.sql";
    5 "floor" "0005_floor.sql";
    6 "outbox" "0006_outbox.sql";
}

/// All migrations of a dialect.
pub(crate) fn migrator(dialect: Dialect) -> Migrator {
    let migrations = PAIRS.iter().map(|&(number, name, sqlite, postgres)| {
        let sql = match dialect {
            Dialect::Sqlite => sqlite,
            Dialect::Postgres => postgres,
        };
        Migration::new(number, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn every_migration_is_there_for_both_databases_and_is_embedded() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
        let names = |folder: &str| -> BTreeSet<String> {
            let entries = fs::read_dir(root.join(folder)).unwrap();
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        };
        let embedded: BTreeSet<String> = FILES.iter().map(|&file| file.to_owned()).collect();
        assert_eq!(names("sqlite"), embedded);
        assert_eq!(names("postgres"), embedded);
    }

    #[test]
    fn migrations_are_numbered_from_1_without_gaps_and_named_after_their_files() {
        for (index, (&(number, name, ..), file)) in PAIRS.iter().zip(FILES).enumerate() {
            assert_eq!(number, i64::try_from(index).unwrap() + 1);
            assert_eq!(*file, format!("{number:04}_{name}.sql"));
        }
    }
}
