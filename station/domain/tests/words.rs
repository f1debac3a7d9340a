//! What the tables of words promise: every code, every language, and no sentence of another language in them.

use std::collections::HashMap;

use firstpass_domain::{
    Diagnosis, DiagnosisCode, Language, NextAction, Step,
    diagnosis::{Owner, Phase, Words, line::Expected},
};

fn sentences(words: Words) -> [&'static str; 3] {
    [words.what, words.why, words.remedy]
}

fn is_han(letter: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&letter)
}

#[test]
fn every_code_has_a_sentence_for_what_why_and_remedy_in_every_language() {
    for code in DiagnosisCode::ALL {
        for language in Language::ALL {
            for text in sentences(code.words(language)) {
                let end = if language == Language::SimplifiedChinese { '。' } else { '.' };
                let long_enough = text.chars().count() >= 6;
                assert!(long_enough && text.ends_with(end), "{} in {language}: {text:?}", code.name());
                assert_eq!(text.trim(), text, "{} in {language}", code.name());
            }
        }
    }
}

#[test]
fn no_english_is_left_in_another_language() {
    for code in DiagnosisCode::ALL {
        let english = sentences(code.words(Language::English));
        for (english, german) in english.into_iter().zip(sentences(code.words(Language::German))) {
            assert_ne!(english, german, "{}", code.name());
            let word = |wanted: &str| german.split(|c: char| !c.is_alphabetic() && c != '_').any(|word| word == wanted);
            assert!(!["the", "The", "unit", "and", "is"].into_iter().any(word), "{}: {german}", code.name());
        }
        for chinese in sentences(code.words(Language::SimplifiedChinese)) {
            assert!(chinese.chars().filter(|letter| is_han(*letter)).count() >= 4, "{}: {chinese}", code.name());
            let english = chinese
                .split(|c: char| !c.is_ascii_alphabetic() && c != '_')
                .any(|word| ["the", "unit"].contains(&word));
            assert!(!english, "{}: {chinese}", code.name());
        }
    }
}

#[test]
fn chinese_sentences_have_chinese_punctuation() {
    for code in DiagnosisCode::ALL {
        for text in sentences(code.words(Language::SimplifiedChinese)) {
            assert!(!text.contains([',', ';', ':', '(', ')']), "{}: {text}", code.name());
        }
    }
}

#[test]
fn no_two_codes_say_the_same() {
    for language in Language::ALL {
        let mut seen = HashMap::new();
        for code in DiagnosisCode::ALL {
            let twice = seen.insert(code.words(language).what, code.name());
            assert_eq!(twice, None, "{} in {language}", code.name());
        }
    }
}

#[test]
fn owners_actions_and_phases_have_words_of_their_own_in_every_language() {
    let rows = |language: Language| {
        let owners = Owner::ALL.into_iter().map(move |owner| owner.words(language));
        let actions = NextAction::ALL.into_iter().map(move |action| action.words(language));
        let phases = Phase::ALL.into_iter().map(move |phase| phase.words(language));
        owners.chain(actions).chain(phases).collect::<Vec<_>>()
    };
    for language in Language::ALL {
        assert!(rows(language).iter().all(|text| !text.is_empty()), "{language}");
    }
    assert!(rows(Language::SimplifiedChinese).iter().all(|text| text.chars().all(|c| is_han(c) || c == '\u{ff0c}')));
    let same = rows(Language::English).iter().zip(rows(Language::German)).filter(|(a, b)| **a == *b).count();
    assert_eq!(same, 0);
}

#[test]
fn what_is_no_error_is_explained_in_every_language() {
    for expected in Expected::ALL {
        let [english, german, chinese] = Language::ALL.map(|language| expected.words(language));
        assert!(english != german && !english.is_empty() && chinese.contains(is_han), "{}", expected.name());
    }
}

#[test]
fn a_language_is_read_by_its_tag_and_by_no_other_name() {
    for language in Language::ALL {
        assert_eq!(language.tag().parse::<Language>().unwrap(), language);
    }
    assert_eq!("zh-CN".parse::<Language>().unwrap(), Language::SimplifiedChinese);
    assert_eq!("DE".parse::<Language>().unwrap(), Language::German);
    let error = "klingon".parse::<Language>().unwrap_err().to_string();
    assert!(error.contains("en, de or zh-Hans"), "{error}");
}

#[test]
fn a_person_reads_what_was_seen_in_the_same_language() {
    let diagnosis = Diagnosis::new(DiagnosisCode::WifiNotFound, Step::Provision, "Wi-Fi reason 201");
    assert!(diagnosis.problem().why.ends_with(" Seen: Wi-Fi reason 201."));
    assert!(diagnosis.problem_in(Language::German).why.ends_with(" Gesehen: Wi-Fi reason 201."));
    assert!(diagnosis.problem_in(Language::SimplifiedChinese).why.ends_with("Wi-Fi reason 201。"));
}
