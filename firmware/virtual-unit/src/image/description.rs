//! `esp_app_desc_t`: what an app says about itself at the start of its first segment. Knows its layout only.

/// Length of the structure in bytes.
pub const DESCRIPTION_LENGTH: usize = 256;
const MAGIC: u32 = 0xabcd_5432;
const VERSION: usize = 16;
const PROJECT: usize = 48;
const TIME: usize = 80;
const DATE: usize = 96;
const IDF_VERSION: usize = 112;
const ELF_SHA256: usize = 144;
const MAX_CHIP_REVISION: usize = 178;
const MMU_PAGE_LOG2: usize = 180;

/// The text fields, and the digest of the ELF file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppDescription {
    /// Version, at most 31 bytes.
    pub version: String,
    /// Project name, at most 31 bytes.
    pub project: String,
    /// Time of compilation, at most 15 bytes.
    pub time: String,
    /// Date of compilation, at most 15 bytes.
    pub date: String,
    /// Version of ESP-IDF, at most 31 bytes.
    pub idf_version: String,
    /// SHA-256 of the ELF file.
    pub elf_sha256: [u8; 32],
}

impl AppDescription {
    /// Reads the structure at the start of a segment; `None` when there is none.
    #[must_use]
    pub fn parse(segment: &[u8]) -> Option<Self> {
        let bytes = segment.get(..DESCRIPTION_LENGTH)?;
        if bytes[..4] != MAGIC.to_le_bytes() {
            return None;
        }
        Some(Self {
            version: text(bytes, VERSION, 32),
            project: text(bytes, PROJECT, 32),
            time: text(bytes, TIME, 16),
            date: text(bytes, DATE, 16),
            idf_version: text(bytes, IDF_VERSION, 32),
            elf_sha256: bytes[ELF_SHA256..ELF_SHA256 + 32].try_into().expect("32 bytes"),
        })
    }

    /// The structure's bytes. Texts that are too long are cut.
    #[must_use]
    pub fn encode(&self) -> [u8; DESCRIPTION_LENGTH] {
        let mut bytes = [0; DESCRIPTION_LENGTH];
        bytes[..4].copy_from_slice(&MAGIC.to_le_bytes());
        put(&mut bytes, VERSION, 32, &self.version);
        put(&mut bytes, PROJECT, 32, &self.project);
        put(&mut bytes, TIME, 16, &self.time);
        put(&mut bytes, DATE, 16, &self.date);
        put(&mut bytes, IDF_VERSION, 32, &self.idf_version);
        bytes[ELF_SHA256..ELF_SHA256 + 32].copy_from_slice(&self.elf_sha256);
        bytes[MAX_CHIP_REVISION..][..2].copy_from_slice(&199_u16.to_le_bytes());
        bytes[MMU_PAGE_LOG2] = 16;
        bytes
    }
}

fn text(bytes: &[u8], at: usize, length: usize) -> String {
    let field = bytes[at..at + length].split(|&byte| byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(field).into_owned()
}

fn put(bytes: &mut [u8], at: usize, length: usize, text: &str) {
    let count = text.len().min(length - 1);
    bytes[at..at + count].copy_from_slice(&text.as_bytes()[..count]);
}
