//! The application description: `esp_app_desc_t`, at the beginning of the first segment.

use serde::Serialize;

const AT: usize = 32;
const MAGIC: u32 = 0xabcd_5432;
const AT_SECURE_VERSION: usize = AT + 4;
const AT_VERSION: usize = AT + 16;
const AT_PROJECT: usize = AT + 48;
const AT_TIME: usize = AT + 80;
const AT_DATE: usize = AT + 96;
const AT_IDF: usize = AT + 112;
const TEXT_LEN: usize = 32;
const STAMP_LEN: usize = 16;

/// What an app's build wrote down about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AppDescription {
    /// Version.
    pub version: String,
    /// Project name.
    pub project: String,
    /// Version of ESP-IDF, or of what stands in for it.
    pub idf: String,
    /// Anti-rollback version: a unit whose eFuses say more does not start the app.
    pub secure_version: u32,
    /// When it was built, date and time as the compiler wrote them; empty in reproducible builds.
    pub built: String,
}

impl AppDescription {
    /// The description of the app in `image`; `None` when there is none, or it is cut short.
    pub(super) fn read(image: &[u8]) -> Option<Self> {
        (word(image, AT)? == MAGIC).then_some(())?;
        let (date, time) = (text(image, AT_DATE, STAMP_LEN)?, text(image, AT_TIME, STAMP_LEN)?);
        Some(Self {
            version: text(image, AT_VERSION, TEXT_LEN)?,
            project: text(image, AT_PROJECT, TEXT_LEN)?,
            idf: text(image, AT_IDF, TEXT_LEN)?,
            secure_version: word(image, AT_SECURE_VERSION)?,
            built: format!("{date} {time}").trim().to_owned(),
        })
    }
}

fn word(image: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(image.get(at..at + 4)?.try_into().ok()?))
}

fn text(image: &[u8], at: usize, len: usize) -> Option<String> {
    let field = image.get(at..at + len)?;
    let text = field.split(|&byte| byte == 0).next()?;
    Some(String::from_utf8_lossy(text).into_owned())
}
