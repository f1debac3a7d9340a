//! An auth code that the line patches into the factory image, where its recipe says `injection = "image"`: a text constant
//! with room for it. An image that was built without `FIRSTPASS_PLACEHOLDER` takes its code from NVS.

use firstpass_contract::Secret;

/// What stands in the image until the line has put a code there.
const PLACEHOLDER: &str = match (option_env!("FIRSTPASS_PLACEHOLDER"), cfg!(feature = "factory")) {
    (Some(text), true) => text,
    (Some(_) | None, _) => "",
};

/// The place in the image. The only copy of the placeholder, so that the line finds it once.
#[used]
static PLACE: [u8; PLACEHOLDER.len()] = {
    let mut place = [0; PLACEHOLDER.len()];
    place.copy_from_slice(PLACEHOLDER.as_bytes());
    place
};

/// By which an image knows that nobody has put a code there, without a second copy of the placeholder.
const UNTOUCHED: u64 = hash(PLACEHOLDER.as_bytes());

/// The code, if there is one.
pub(crate) fn read() -> Secret {
    // Through a black box, because the compiler knows what stood there when it built the image.
    let place: &[u8] = core::hint::black_box(&PLACE);
    let text = place.split(|byte| *byte == 0).next().unwrap_or_default();
    match core::str::from_utf8(text) {
        Ok(code) if hash(place) != UNTOUCHED => Secret::new(code),
        Ok(_) | Err(_) => Secret::default(),
    }
}

/// FNV-1a.
const fn hash(bytes: &[u8]) -> u64 {
    let (mut hash, mut at) = (0xcbf2_9ce4_8422_2325_u64, 0);
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}
