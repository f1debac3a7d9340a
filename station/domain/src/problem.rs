//! What a person is shown when something is wrong.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::{
    DiagnosisCode, NextAction,
    diagnosis::{Language, Owner},
};

/// Code, what, why and remedy: the same words in the command line, the API and the pages.
///
/// Serialised, a code of the catalogue brings its `owner` and `next` along, by names that are the same in every language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Stable code, such as `port_busy`.
    pub code: String,
    /// What happened, one sentence.
    pub what: String,
    /// Why, with what was seen.
    pub why: String,
    /// What to do next.
    pub remedy: String,
}

impl Problem {
    /// Its code in the catalogue of failures; `None` for what the station says of itself.
    pub fn diagnosis(&self) -> Option<DiagnosisCode> {
        DiagnosisCode::ALL.iter().copied().find(|code| code.name() == self.code)
    }

    /// All of it for people: also where the fault lies and what the line does next, in `language`, in which it is told.
    pub fn told(&self, language: Language) -> String {
        let fate = self.diagnosis().map(|code| {
            let (owner, next) = (code.owner().words(language), code.next_action().words(language));
            format!("\n  fault:  {owner}; next: {next}")
        });
        format!("{self}{}", fate.unwrap_or_default())
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shown<'a> {
            code: &'a str,
            what: &'a str,
            why: &'a str,
            remedy: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            owner: Option<Owner>,
            #[serde(skip_serializing_if = "Option::is_none")]
            next: Option<NextAction>,
        }
        let Self { code, what, why, remedy } = self;
        let known = self.diagnosis();
        let (owner, next) = (known.map(DiagnosisCode::owner), known.map(DiagnosisCode::next_action));
        Shown { code, what, why, remedy, owner, next }.serialize(serializer)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]\n  why:    {}\n  remedy: {}", self.what, self.code, self.why, self.remedy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Diagnosis, Step};

    #[test]
    fn a_failure_names_whose_fault_it_is_and_what_comes_next_by_the_same_names_in_every_language() {
        let diagnosis = Diagnosis::new(DiagnosisCode::NoAnswer, Step::Identify, "nothing on A3");
        for language in Language::ALL {
            let problem = diagnosis.problem_in(language);
            let shown = serde_json::to_value(&problem).unwrap();
            assert_eq!((shown["owner"].as_str(), shown["next"].as_str()), (Some("fixture"), Some("retry_here")));
            for words in [Owner::Fixture.words(language), NextAction::RetryHere.words(language)] {
                assert!(problem.told(language).contains(words), "{words:?} in {}", problem.told(language));
            }
        }
    }

    #[test]
    fn what_the_station_says_of_itself_is_nobodys_fault() {
        let [code, what, why, remedy] = ["record_disk_full", "a", "b", "c"].map(str::to_owned);
        let problem = Problem { code, what, why, remedy };
        assert_eq!(serde_json::to_value(&problem).unwrap().as_object().unwrap().len(), 4);
        assert_eq!(problem.told(Language::English), problem.to_string());
    }
}
