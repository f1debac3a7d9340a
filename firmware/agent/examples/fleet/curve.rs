//! From times to rates.

/// The highest number of `times_ms`, which are in order, within any second, wherever it begins.
pub(crate) fn peak_per_s(times_ms: &[u64]) -> usize {
    let within = |(first, start): (usize, &u64)| times_ms[first..].partition_point(|time| *time < start + 1000);
    times_ms.iter().enumerate().map(within).max().unwrap_or(0)
}

/// How many of `times_ms` fall into each interval of `width_ms`, from zero on, as a rate per second.
pub(crate) fn rates_per_s(times_ms: &[u64], width_ms: u64) -> Vec<f64> {
    let last = times_ms.last().map_or(0, |last| last / width_ms);
    let mut counts = vec![0_u32; usize::try_from(last).expect("a curve has few intervals") + 1];
    for time in times_ms {
        counts[usize::try_from(time / width_ms).expect("as above")] += 1;
    }
    let width_s = width_ms as f64 / 1000.0;
    counts.into_iter().map(|count| f64::from(count) / width_s).collect()
}

/// The time by which `share` of them had come, in milliseconds.
pub(crate) fn quantile_ms(times_ms: &[u64], share: f64) -> u64 {
    let index = (times_ms.len() as f64 * share).ceil() as usize;
    times_ms.get(index.saturating_sub(1)).copied().unwrap_or(0)
}
