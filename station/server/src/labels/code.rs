//! QR codes and Data Matrix symbols as modules. Draws nothing.

use datamatrix::{DataMatrix, SymbolList};
use qrcode::{Color, EcLevel, QrCode};

use super::{drawing::MatrixKind, error::FillError};

/// The modules of a symbol, row by row; `true` is dark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Modules {
    side: usize,
    bits: Vec<bool>,
}

impl Modules {
    /// Encodes `data`, which must be printable ASCII: other characters come out of scanners as something else.
    ///
    /// QR codes have correction level M (15 %), as product labels usually do; a Data Matrix has always ECC 200.
    pub(super) fn encode(kind: MatrixKind, data: &str, size_mm: f64) -> Result<Self, FillError> {
        check_characters(data)?;
        let dense = || FillError::CodeTooDense { len: data.len(), size_mm };
        match kind {
            MatrixKind::Qr => {
                let code = QrCode::with_error_correction_level(data, EcLevel::M).map_err(|_| dense())?;
                let bits = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
                Ok(Self { side: code.width(), bits })
            }
            MatrixKind::DataMatrix => {
                let squares = SymbolList::default().enforce_square();
                let code = DataMatrix::encode(data.as_bytes(), squares).map_err(|_| dense())?;
                let bitmap = code.bitmap();
                Ok(Self { side: bitmap.width(), bits: bitmap.bits().to_vec() })
            }
        }
    }

    /// Modules along one side.
    pub(super) fn side(&self) -> u32 {
        u32::try_from(self.side).unwrap_or(u32::MAX)
    }

    /// Its rows from the top.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[bool]> {
        self.bits.chunks(self.side)
    }
}

/// Codes take printable ASCII.
pub(super) fn check_characters(data: &str) -> Result<(), FillError> {
    match data.chars().find(|c| !matches!(c, ' '..='~')) {
        Some(character) => Err(FillError::CodeCharacter { character }),
        None => Ok(()),
    }
}
