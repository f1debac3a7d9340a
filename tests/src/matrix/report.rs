//! What the outcomes say of the line: the confusion matrix and the promises.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde_json::{Value, json};

use super::Outcome;

/// Share of single faults whose first-named diagnosis must be right.
const SINGLE_RIGHT_MIN: f64 = 0.95;
/// The same for pairs.
const PAIR_RIGHT_MIN: f64 = 0.85;

/// The outcomes of a matrix, counted.
#[derive(Debug)]
pub struct Report {
    outcomes: Vec<Outcome>,
    took: Duration,
}

impl Report {
    /// Of what [`super::run()`] returns.
    pub fn of((outcomes, took): (Vec<Outcome>, Duration)) -> Self {
        Self { outcomes, took }
    }

    /// Every outcome.
    pub fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter()
    }

    /// Units that passed although something is wrong with them.
    pub fn false_pass(&self) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.code.is_none() && !outcome.case.codes().is_empty()).count()
    }

    /// Units that failed although nothing is wrong with them, or only what the line must get over.
    pub fn false_fail(&self) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.code.is_some() && outcome.case.codes().is_empty()).count()
    }

    /// Share of units with one fault that were told rightly.
    pub fn single_right(&self) -> f64 {
        self.share(1)
    }

    /// Share of units with two faults that were told rightly.
    pub fn pair_right(&self) -> f64 {
        self.share(2)
    }

    /// Whether the line keeps its promises.
    pub fn is_kept(&self) -> bool {
        self.false_pass() == 0
            && self.false_fail() == 0
            && self.single_right() >= SINGLE_RIGHT_MIN
            && self.pair_right() >= PAIR_RIGHT_MIN
    }

    /// The figures as an object.
    pub fn to_json(&self) -> Value {
        json!({
            "cases": self.outcomes.len(),
            "false_pass": self.false_pass(),
            "false_fail": self.false_fail(),
            "single_right": self.single_right(),
            "pair_right": self.pair_right(),
            "seconds": self.took.as_secs_f64(),
        })
    }

    fn share(&self, faults: usize) -> f64 {
        let of: Vec<&Outcome> = self.outcomes.iter().filter(|outcome| outcome.case.faults.len() == faults).collect();
        if of.is_empty() {
            return 1.0;
        }
        let right = of.iter().filter(|outcome| is_right(outcome)).count();
        #[expect(clippy::cast_precision_loss, reason = "some hundred cases")]
        {
            right as f64 / of.len() as f64
        }
    }
}

fn is_right(outcome: &Outcome) -> bool {
    let codes = outcome.case.codes();
    match &outcome.code {
        None => codes.is_empty(),
        Some(code) => codes.contains(&code.as_str()),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<28} {:<34} told as", "fault that shows first", "right")?;
        let mut rows: BTreeMap<(usize, String, String), BTreeMap<String, usize>> = BTreeMap::new();
        for outcome in &self.outcomes {
            let first =
                outcome.case.faults.iter().filter(|fault| !fault.codes.is_empty()).min_by_key(|fault| fault.phase);
            let name = first.map_or_else(|| outcome.case.name(), |fault| fault.name.to_owned());
            let phase = first.map_or(0, |fault| fault.phase as usize + 1);
            let right =
                if outcome.case.codes().is_empty() { "pass".to_owned() } else { outcome.case.codes().join(" ") };
            let told = outcome.code.clone().unwrap_or_else(|| "pass".to_owned());
            *rows.entry((phase, name, right)).or_default().entry(told).or_default() += 1;
        }
        for ((_, name, right), told) in rows {
            let told: Vec<String> = told.iter().map(|(code, count)| format!("{code} {count}")).collect();
            writeln!(f, "{name:<28} {right:<34} {}", told.join(", "))?;
        }
        for outcome in self.outcomes.iter().filter(|outcome| !is_right(outcome)) {
            let told = outcome.code.as_deref().unwrap_or("pass");
            writeln!(f, "not right: {} was told as {told}: {}", outcome.case.name(), outcome.why)?;
        }
        writeln!(
            f,
            "\n{} cases in {:.0} s: {} false passes (limit 0), {} false fails (limit 0), single faults {:.1} % right \
             (at least {:.0} %), pairs {:.1} % (at least {:.0} %)",
            self.outcomes.len(),
            self.took.as_secs_f64(),
            self.false_pass(),
            self.false_fail(),
            100.0 * self.single_right(),
            100.0 * SINGLE_RIGHT_MIN,
            100.0 * self.pair_right(),
            100.0 * PAIR_RIGHT_MIN,
        )
    }
}
