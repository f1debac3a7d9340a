//! The application description: `esp_app_desc_t`, at the beginning of the first segment.

const AT: usize = 32;
const MAGIC: u32 = 0xabcd_5432;
const AT_VERSION: usize = AT + 16;
const AT_PROJECT: usize = AT + 48;
const TEXT_LEN: usize = 32;

/// Version and project name; `None` when there is no description.
pub(super) fn read(image: &[u8]) -> Option<(String, String)> {
    let magic: [u8; 4] = image.get(AT..AT + 4)?.try_into().ok()?;
    (u32::from_le_bytes(magic) == MAGIC).then_some(())?;
    Some((text(image, AT_VERSION)?, text(image, AT_PROJECT)?))
}

fn text(image: &[u8], at: usize) -> Option<String> {
    let field = image.get(at..at + TEXT_LEN)?;
    let text = field.split(|&byte| byte == 0).next()?;
    Some(String::from_utf8_lossy(text).into_owned())
}
