//! Tells a failure in another language. What the station says of itself stays English.

use firstpass_domain::{Diagnosis, DiagnosisCode, Language, Problem, Step};

/// The problem in `language`, when it is a diagnosis of the catalogue.
pub(crate) fn translate(problem: &Problem, language: Language) -> Problem {
    let code = DiagnosisCode::ALL.iter().find(|code| code.name() == problem.code);
    let translated = code.and_then(|code| {
        let seen = seen(*code, problem)?;
        Some(Diagnosis::new(*code, Step::Identify, seen).problem_in(language))
    });
    translated.unwrap_or_else(|| problem.clone())
}

/// What was seen, taken out of the English words around it.
fn seen(code: DiagnosisCode, problem: &Problem) -> Option<String> {
    /// Stands for what was seen, to find out what the catalogue puts around it.
    const MARK: &str = "\u{1}";
    if problem.why == code.words(Language::English).why {
        return Some(String::new());
    }
    let english = Diagnosis::new(code, Step::Identify, MARK).problem_in(Language::English).why;
    let (before, after) = english.split_once(MARK)?;
    Some(problem.why.strip_prefix(before)?.strip_suffix(after)?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnosis_says_in_every_language_what_was_seen() {
        for code in DiagnosisCode::ALL {
            for seen in ["", "no answer on /dev/ttyUSB0"] {
                let diagnosis = Diagnosis::new(*code, Step::Boot, seen);
                for language in Language::ALL {
                    let expected = diagnosis.problem_in(language);
                    assert_eq!(translate(&diagnosis.problem(), language), expected, "{code:?} {language}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_diagnosis_stays_as_it_is() {
        let problem = Problem {
            code: "record_disk_full".to_owned(),
            what: "a".to_owned(),
            why: "b".to_owned(),
            remedy: "c".to_owned(),
        };
        assert_eq!(translate(&problem, Language::German), problem);
    }
}
