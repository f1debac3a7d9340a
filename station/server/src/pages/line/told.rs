//! A problem in the language of whoever reads. Events carry it in English; the catalogue has the words of its codes in
//! every language, and what was seen is taken over as it is. What the floor refuses has words of its own.

use firstpass_domain::{Diagnosis, DiagnosisCode, Language, Problem, Step};

use crate::words::floor;

/// What stands between the cause and what was seen in English.
const SEEN: &str = "Seen: ";

/// The problem in this language; what is neither in the catalogue nor among the floor's words stays as it is.
pub(super) fn told(problem: &Problem, language: Language) -> Problem {
    match problem.diagnosis() {
        Some(code) if language != Language::English => {
            // The words do not depend on the step.
            Diagnosis::new(code, Step::Identify, seen(problem, code)).problem_in(language)
        }
        Some(_) => problem.clone(),
        None => {
            let [what, why, remedy] = [&problem.what, &problem.why, &problem.remedy].map(|text| floor(text, language));
            Problem { code: problem.code.clone(), what, why, remedy }
        }
    }
}

/// What was seen, out of the English sentence.
fn seen(problem: &Problem, code: DiagnosisCode) -> String {
    let cause = code.words(Language::English).why;
    let rest = problem.why.strip_prefix(cause).map(str::trim_start).and_then(|rest| rest.strip_prefix(SEEN));
    rest.map(|rest| rest.trim_end_matches('.').to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_is_told_in_every_language_as_the_catalogue_tells_it() {
        for code in DiagnosisCode::ALL {
            for seen in ["", "0x08 at 0x1000"] {
                let diagnosis = Diagnosis::new(*code, Step::Flash, seen);
                for language in Language::ALL {
                    assert_eq!(told(&diagnosis.problem(), language), diagnosis.problem_in(language), "{code:?}");
                }
            }
        }
    }

    #[test]
    fn what_the_station_says_of_itself_stays_as_it_is() {
        let [code, what, why, remedy] = ["record_disk_full", "a", "b", "c"].map(str::to_owned);
        let problem = Problem { code, what, why, remedy };
        assert_eq!(told(&problem, Language::German), problem);
    }
}
