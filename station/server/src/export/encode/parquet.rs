//! Rows as Parquet: gathered into row groups of bounded size, each written to the stream at once.

use std::{io, io::Write, sync::Arc};

use parquet::{
    basic::{LogicalType, Repetition, TimeUnit, Type as Physical},
    data_type::{BoolType, ByteArray, ByteArrayType, Int64Type},
    errors::ParquetError,
    file::{
        properties::{EnabledStatistics, WriterProperties},
        writer::{SerializedColumnWriter, SerializedFileWriter},
    },
    schema::types::{Type, TypePtr},
};

use crate::export::row::{Cell, Column, Holds};

/// Rows of a group at most.
const GROUP_ROWS_MAX: usize = 100_000;
/// Bytes of text of a group at most, but for the row that goes over it: what is in memory.
const GROUP_BYTES_MAX: usize = 16 << 20;

/// A file that is being written.
pub(in crate::export) struct Parquet<W: Write + Send> {
    file: SerializedFileWriter<W>,
    columns: Vec<Values>,
    rows: usize,
    bytes: usize,
}

/// Values of a column that wait for their group; `present` holds 1 for every row with a value and 0 for one without.
struct Values {
    required: bool,
    present: Vec<i16>,
    data: Data,
}

enum Data {
    Int(Vec<i64>),
    Text(Vec<ByteArray>),
    Bool(Vec<bool>),
}

impl<W: Write + Send> Parquet<W> {
    pub(super) fn begin(columns: &[Column], sink: W) -> io::Result<Self> {
        // The archive packs what is written here; statistics of each group suffice to pass over it.
        let properties = WriterProperties::builder()
            .set_created_by(format!("firstpass {}", env!("CARGO_PKG_VERSION")))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .build();
        let file = SerializedFileWriter::new(sink, schema(columns).map_err(to_io)?, Arc::new(properties));
        let columns = columns.iter().map(Values::of).collect();
        Ok(Self { file: file.map_err(to_io)?, columns, rows: 0, bytes: 0 })
    }

    pub(super) fn row(&mut self, cells: Vec<Cell<'_>>) -> io::Result<()> {
        debug_assert_eq!(cells.len(), self.columns.len(), "a row has a cell for every column");
        for (values, cell) in self.columns.iter_mut().zip(cells) {
            self.bytes += values.push(cell)?;
        }
        self.rows += 1;
        if self.rows >= GROUP_ROWS_MAX || self.bytes >= GROUP_BYTES_MAX { self.write_group() } else { Ok(()) }
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        if self.rows > 0 {
            self.write_group()?;
        }
        self.file.into_inner().map_err(to_io)
    }

    fn write_group(&mut self) -> io::Result<()> {
        let mut group = self.file.next_row_group().map_err(to_io)?;
        for values in &mut self.columns {
            let Some(mut column) = group.next_column().map_err(to_io)? else { break };
            values.write(&mut column).map_err(to_io)?;
            column.close().map_err(to_io)?;
        }
        group.close().map_err(to_io)?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }
}

impl Values {
    fn of(column: &Column) -> Self {
        let data = match column.holds {
            Holds::Int | Holds::Time => Data::Int(Vec::new()),
            Holds::Text => Data::Text(Vec::new()),
            Holds::Bool => Data::Bool(Vec::new()),
        };
        Self { required: column.required, present: Vec::new(), data }
    }

    /// Takes a value; returns how many bytes it keeps.
    fn push(&mut self, cell: Cell<'_>) -> io::Result<usize> {
        if cell == Cell::Null && !self.required {
            self.present.push(0);
            return Ok(0);
        }
        self.present.push(1);
        match (&mut self.data, cell) {
            (Data::Int(values), Cell::Int(value)) => values.push(value),
            (Data::Int(values), Cell::Time(at)) => values.push(at.as_micros()),
            (Data::Bool(values), Cell::Bool(value)) => values.push(value),
            (Data::Text(values), Cell::Text(text)) => {
                values.push(ByteArray::from(text.into_owned().into_bytes()));
                return Ok(values.last().map_or(0, ByteArray::len));
            }
            (Data::Int(_) | Data::Bool(_) | Data::Text(_), cell) => {
                return Err(io::Error::other(format!("{cell:?} does not fit its column")));
            }
        }
        Ok(size_of::<i64>())
    }

    fn write(&mut self, column: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        let present = (!self.required).then_some(&self.present[..]);
        match &mut self.data {
            Data::Int(values) => {
                column.typed::<Int64Type>().write_batch(values, present, None)?;
                values.clear();
            }
            Data::Text(values) => {
                column.typed::<ByteArrayType>().write_batch(values, present, None)?;
                values.clear();
            }
            Data::Bool(values) => {
                column.typed::<BoolType>().write_batch(values, present, None)?;
                values.clear();
            }
        }
        self.present.clear();
        Ok(())
    }
}

fn schema(columns: &[Column]) -> Result<TypePtr, ParquetError> {
    let fields = columns.iter().map(|column| field(column).map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
    Ok(Arc::new(Type::group_type_builder("firstpass").with_fields(fields).build()?))
}

fn field(column: &Column) -> Result<Type, ParquetError> {
    let (physical, logical) = match column.holds {
        Holds::Int => (Physical::INT64, None),
        Holds::Time => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
        Holds::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Holds::Bool => (Physical::BOOLEAN, None),
    };
    let repetition = if column.required { Repetition::REQUIRED } else { Repetition::OPTIONAL };
    let builder = Type::primitive_type_builder(column.name, physical);
    builder.with_repetition(repetition).with_logical_type(logical).build()
}

/// The cause of a broken stream is told as what it was.
fn to_io(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(source) => io::Error::other(source),
        },
        error => io::Error::other(error),
    }
}
