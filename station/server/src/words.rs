//! What the pages say, in the language of whoever reads. A text is a line with all its languages side by side; another
//! language is another column, and the compiler tells which lines lack it. The words of failures are the catalogue's
//! (`firstpass_domain::diagnosis`).

mod floor;
mod frame;
mod line;
mod login;
mod setup;

pub(crate) use floor::floor;
pub(crate) use frame::{Frame, frame};
pub(crate) use line::{LineWords, line};
pub(crate) use login::login;
pub(crate) use setup::{SetUpWords, setup};

/// A table of texts: for each its name, English, German and Chinese. Makes the struct that holds one language and the
/// function that picks it.
macro_rules! words {
    ($(#[$doc:meta])* $type:ident by $pick:ident { $($name:ident: $english:literal, $german:literal, $chinese:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $type { $(pub(crate) $name: &'static str,)* }

        static ENGLISH: $type = $type { $($name: $english,)* };
        static GERMAN: $type = $type { $($name: $german,)* };
        static SIMPLIFIED_CHINESE: $type = $type { $($name: $chinese,)* };

        /// The texts in this language.
        pub(crate) const fn $pick(language: firstpass_domain::Language) -> &'static $type {
            match language {
                firstpass_domain::Language::English => &ENGLISH,
                firstpass_domain::Language::German => &GERMAN,
                firstpass_domain::Language::SimplifiedChinese => &SIMPLIFIED_CHINESE,
            }
        }

        #[cfg(test)]
        mod tests {
            #[test]
            fn every_text_is_said_in_every_language() {
                for (name, texts) in [$((stringify!($name), [$english, $german, $chinese])),*] {
                    assert!(texts.iter().all(|text| !text.trim().is_empty()), "{name}");
                    let places = texts.map(|text| text.matches('{').count());
                    assert!(places.iter().all(|count| *count == places[0]), "{name} leaves places for {places:?}");
                }
            }
        }
    };
}
use words;

/// Puts values into the places of a text, `{}` for each, in order.
pub(crate) fn fill(text: &str, values: &[&str]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut values = values.iter();
    let mut parts = text.split("{}");
    filled.push_str(parts.next().unwrap_or_default());
    for part in parts {
        filled.push_str(values.next().copied().unwrap_or_default());
        filled.push_str(part);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn values_take_the_places_of_a_text_in_order() {
        assert_eq!(fill("{} of {}", &["3", "8"]), "3 of 8");
        assert_eq!(fill("no place", &["3"]), "no place");
        assert_eq!(fill("{}, {}", &["3"]), "3, ");
    }
}
