//! In which language somebody reads of whom only the browser is known. Source: RFC 9110, section 12.5.4.

use axum::http::{HeaderMap, header::ACCEPT_LANGUAGE};
use firstpass_domain::Language;

/// Ranges that are looked at; browsers send a handful.
const RANGES_MAX: usize = 16;

/// The language of ours that the browser likes best; English when it likes none.
pub(crate) fn preferred(headers: &HeaderMap) -> Language {
    let sent = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let ranges = sent.split(',').take(RANGES_MAX).filter_map(range);
    // Of equals, the first.
    let best = ranges.fold(None, |best: Option<(u16, Language)>, next| match best {
        Some(best) if best.0 >= next.0 => Some(best),
        Some(_) | None => Some(next),
    });
    best.map_or(Language::English, |(_, language)| language)
}

/// A range with its weight in thousandths, when it means a language of ours and is wanted at all.
fn range(text: &str) -> Option<(u16, Language)> {
    let (tag, weight) = text.split_once(';').map_or((text, "q=1"), |(tag, weight)| (tag, weight));
    let weight: f32 = weight.trim().strip_prefix("q=")?.trim().parse().ok()?;
    let weight = if (0.0..=1.0).contains(&weight) { (weight * 1000.0) as u16 } else { return None };
    let tag = tag.trim().to_ascii_lowercase();
    let language = match tag.split('-').next()? {
        "en" => Language::English,
        "de" => Language::German,
        // Traditional characters are another script: whoever reads only those is better off with English.
        "zh" if !["hant", "tw", "hk", "mo"].iter().any(|part| tag.contains(part)) => Language::SimplifiedChinese,
        _ => return None,
    };
    (weight > 0).then_some((weight, language))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_favourite_of_our_languages_is_taken() {
        for (sent, language) in [
            ("de-AT,de;q=0.9,en;q=0.8", Language::German),
            ("fr,en;q=0.3,zh-CN;q=0.7", Language::SimplifiedChinese),
            ("zh-TW,zh-Hant;q=0.9", Language::English),
            ("de;q=0, *", Language::English),
            ("", Language::English),
            ("de;q=x", Language::English),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, sent.parse().unwrap());
            assert_eq!(preferred(&headers), language, "{sent}");
        }
    }
}
