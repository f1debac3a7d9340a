//! Which diagnoses make most of the failures. Knows their codes, and not what they mean.

use firstpass_domain::DiagnosisCode;

use super::binomial::Share;

/// One diagnosis among all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bar {
    /// Its code.
    pub(crate) code: DiagnosisCode,
    /// How often it was the end, of all such ends.
    pub(crate) share: Share,
    /// The same of this one and all that are more frequent.
    pub(crate) cumulated: Share,
}

/// Bars, the most frequent first; equally frequent ones by their names.
pub(crate) fn bars(counts: &[(DiagnosisCode, u32)]) -> Vec<Bar> {
    let mut counts: Vec<_> = counts.iter().copied().filter(|(_, count)| *count > 0).collect();
    counts.sort_by_key(|(code, count)| (std::cmp::Reverse(*count), code.name()));
    let whole = counts.iter().fold(0_u32, |sum, (_, count)| sum.saturating_add(*count));
    let mut sum = 0_u32;
    let bar = |(code, part): (DiagnosisCode, u32)| {
        sum = sum.saturating_add(part);
        Bar { code, share: Share { part, whole }, cumulated: Share { part: sum, whole } }
    };
    counts.into_iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use DiagnosisCode::{BootSilent, MqttDropped, NoAnswer};

    #[test]
    fn bars_fall_and_their_sum_is_everything() {
        let bars = bars(&[(MqttDropped, 3), (BootSilent, 6), (NoAnswer, 3), (DiagnosisCode::BrownOut, 0)]);
        assert_eq!(bars.iter().map(|bar| bar.code).collect::<Vec<_>>(), [BootSilent, MqttDropped, NoAnswer]);
        assert_eq!(bars.iter().map(|bar| bar.cumulated.part).collect::<Vec<_>>(), [6, 9, 12]);
        assert_eq!(bars.last().unwrap().cumulated.ratio(), Some(1.0));
    }

    #[test]
    fn without_failures_there_is_no_bar() {
        assert_eq!(bars(&[]), []);
    }
}
