//! Units, runs, evidence, verdicts and the audit chain, as pure values and functions.
