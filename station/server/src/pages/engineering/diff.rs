//! What changed between two texts, line by line. Pure.

/// Most pairs of lines that are compared; beyond that the texts are shown one after the other.
const PAIRS_MAX: usize = 4_000_000;
/// Unchanged lines that are shown before and after a change.
const CONTEXT: usize = 3;

/// A line of one text or of both, with its numbers from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// In both.
    Same(usize, usize, &'a str),
    /// Only in the old one.
    Old(usize, &'a str),
    /// Only in the new one.
    New(usize, &'a str),
}

/// A part of the difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// Lines around a change, and the change.
    Lines(Vec<Line<'a>>),
    /// So many lines that are the same in both.
    Skipped(usize),
}

/// The whole of both texts, as the shortest list of old, new and same lines.
pub(super) fn lines<'a>(old: &'a str, new: &'a str) -> Vec<Line<'a>> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let head = old.iter().zip(&new).take_while(|(one, other)| one == other).count();
    let rest = (&old[head..], &new[head..]);
    let tail = rest.0.iter().rev().zip(rest.1.iter().rev()).take_while(|(one, other)| one == other).count();
    let (old_end, new_end) = (old.len() - tail, new.len() - tail);
    let mut lines: Vec<Line<'a>> = (0..head).map(|at| Line::Same(at + 1, at + 1, old[at])).collect();
    lines.extend(middle(&old[head..old_end], &new[head..new_end], head));
    lines.extend((0..tail).map(|at| Line::Same(old_end + at + 1, new_end + at + 1, old[old_end + at])));
    lines
}

/// The difference of what lies between the common beginning and the common end; both begin behind line `head`.
fn middle<'a>(old: &[&'a str], new: &[&'a str], head: usize) -> Vec<Line<'a>> {
    if old.len().saturating_mul(new.len()) > PAIRS_MAX {
        let removed = old.iter().enumerate().map(|(at, line)| Line::Old(head + at + 1, line));
        return removed.chain(new.iter().enumerate().map(|(at, line)| Line::New(head + at + 1, line))).collect();
    }
    let table = common_lengths(old, new);
    let (mut one, mut other, mut lines) = (0, 0, Vec::new());
    while one < old.len() || other < new.len() {
        if one < old.len() && other < new.len() && old[one] == new[other] {
            lines.push(Line::Same(head + one + 1, head + other + 1, old[one]));
            (one, other) = (one + 1, other + 1);
        } else if other == new.len() || (one < old.len() && table[one + 1][other] >= table[one][other + 1]) {
            lines.push(Line::Old(head + one + 1, old[one]));
            one += 1;
        } else {
            lines.push(Line::New(head + other + 1, new[other]));
            other += 1;
        }
    }
    lines
}

/// Length of the longest common subsequence of what is behind each pair of lines.
fn common_lengths(old: &[&str], new: &[&str]) -> Vec<Vec<u32>> {
    let mut table = vec![vec![0; new.len() + 1]; old.len() + 1];
    for one in (0..old.len()).rev() {
        for other in (0..new.len()).rev() {
            table[one][other] = if old[one] == new[other] {
                table[one + 1][other + 1] + 1
            } else {
                table[one + 1][other].max(table[one][other + 1])
            };
        }
    }
    table
}

/// The changes with a few lines around them.
pub(super) fn parts<'a>(lines: &[Line<'a>]) -> Vec<Part<'a>> {
    let changed: Vec<usize> = (0..lines.len()).filter(|at| !matches!(lines[*at], Line::Same(..))).collect();
    let near = |at: usize| {
        let next = changed.partition_point(|change| *change + CONTEXT < at);
        changed.get(next).is_some_and(|change| *change <= at + CONTEXT)
    };
    let mut parts = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        match (near(at), parts.last_mut()) {
            (true, Some(Part::Lines(shown))) => shown.push(*line),
            (true, Some(Part::Skipped(_)) | None) => parts.push(Part::Lines(vec![*line])),
            (false, Some(Part::Skipped(count))) => *count += 1,
            (false, Some(Part::Lines(_)) | None) => parts.push(Part::Skipped(1)),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[Line<'_>]) -> (String, String) {
        let text = |keep: fn(&Line<'_>) -> Option<String>| lines.iter().filter_map(keep).collect::<String>();
        let old = text(|line| match line {
            Line::Same(_, _, text) | Line::Old(_, text) => Some(format!("{text}\n")),
            Line::New(..) => None,
        });
        let new = text(|line| match line {
            Line::Same(_, _, text) | Line::New(_, text) => Some(format!("{text}\n")),
            Line::Old(..) => None,
        });
        (old, new)
    }

    #[test]
    fn a_difference_holds_both_texts_whole_whatever_they_are() {
        let letters = ["", "a", "a\nb", "b\na", "a\nb\nc\nd", "x\na\ny\nc\nz", "a\na\na", "a\na"];
        for old in letters {
            for new in letters {
                let (from, to) = texts(&lines(old, new));
                let whole = |text: &str| text.lines().map(|line| format!("{line}\n")).collect::<String>();
                assert_eq!((from, to), (whole(old), whole(new)), "{old:?} {new:?}");
            }
        }
    }

    #[test]
    fn only_what_changed_is_told_as_changed() {
        let changed = lines("a\nb\nc\nd", "a\nB\nc\nd\ne");
        let told: Vec<_> = changed.into_iter().filter(|line| !matches!(line, Line::Same(..))).collect();
        assert_eq!(told, [Line::Old(2, "b"), Line::New(2, "B"), Line::New(5, "e")]);
    }

    #[test]
    fn long_stretches_without_a_change_are_counted() {
        let old: Vec<String> = (0..30).map(|line| line.to_string()).collect();
        let mut new = old.clone();
        new[15] = "changed".to_owned();
        let (old, new) = (old.join("\n"), new.join("\n"));
        let all = lines(&old, &new);
        let parts = parts(&all);
        assert!(
            matches!(parts.as_slice(), [Part::Skipped(12), Part::Lines(shown), Part::Skipped(11)] if shown.len() == 8)
        );
    }

    #[test]
    fn texts_too_large_to_compare_are_told_one_after_the_other() {
        let old: String = (0..2001).map(|line| format!("{line}\n")).collect();
        let new: String = (0..2001).map(|line| format!("n{line}\n")).collect();
        let all = lines(&old, &new);
        assert_eq!(all.len(), 4002);
        assert!(matches!((all[0], all[2001]), (Line::Old(1, "0"), Line::New(1, "n0"))));
    }
}
