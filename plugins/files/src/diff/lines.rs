//! Which lines of two texts are the same: the shortest way from one to the other, after E. W. Myers,
//! "An O(ND) Difference Algorithm and Its Variations" (1986).
//!
//! There are many shortest ways. This takes the one that the reference server's library takes, so that
//! both show the same diff; that is why no other library does it here.

/// What became of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Same,
    Removed,
    Added,
}

/// Neighbouring lines to which the same happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change<'a> {
    pub kind: Kind,
    pub lines: &'a [&'a str],
}

/// The most steps of all ways together that are kept: a diff beyond that would fill the memory. It takes
/// texts that differ in thousands of lines.
const MOST_STEPS: usize = 4_000_000;

/// What makes `new` of `old`.
pub fn changes<'a>(old: &'a [&'a str], new: &'a [&'a str]) -> Vec<Change<'a>> {
    let mut changes = Vec::new();
    let (mut old_rest, mut new_rest) = (old, new);
    for (kind, count) in runs(old, new) {
        let rest = match kind {
            Kind::Added => new_rest,
            _ => old_rest,
        };
        let (lines, _) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        if kind != Kind::Added {
            old_rest = old_rest.get(count..).unwrap_or_default();
        }
        if kind != Kind::Removed {
            new_rest = new_rest.get(count..).unwrap_or_default();
        }
        if !lines.is_empty() {
            changes.push(Change { kind, lines });
        }
    }
    changes
}

/// What happens to how many lines, from the first on.
fn runs(old: &[&str], new: &[&str]) -> Vec<(Kind, usize)> {
    let mut search = Search {
        old,
        new,
        fronts: Vec::new(),
    };
    let Some(end) = search.run() else {
        // Too different to say more than that.
        let same = search.same_from(0, 0);
        return vec![
            (Kind::Same, same),
            (Kind::Removed, old.len() - same),
            (Kind::Added, new.len() - same),
        ];
    };
    search.way_to(end)
}

/// How far one can get with a number of edits: for every second diagonal from `first` on, how many lines
/// of the old text are behind. A diagonal is by how many lines more are behind in the old text than in
/// the new one.
struct Front {
    first: isize,
    furthest: Vec<Option<usize>>,
}

impl Front {
    fn at(&self, diagonal: isize) -> Option<usize> {
        let index = usize::try_from(diagonal - self.first).ok()?;
        if index.is_multiple_of(2) {
            *self.furthest.get(index / 2)?
        } else {
            None
        }
    }
}

struct Search<'a> {
    old: &'a [&'a str],
    new: &'a [&'a str],
    /// By the number of edits.
    fronts: Vec<Front>,
}

impl Search<'_> {
    /// Looks for the shortest way; gives its last diagonal. None where that takes too much.
    fn run(&mut self) -> Option<isize> {
        let start = self.same_from(0, 0);
        self.fronts.push(Front {
            first: 0,
            furthest: vec![Some(start)],
        });
        let end = self.old.len() as isize - self.new.len() as isize;
        if start == self.old.len() && start == self.new.len() {
            return Some(end);
        }
        // Beyond a diagonal on which one text has come to its end, there is only the way back.
        let (mut low, mut high) = (isize::MIN, isize::MAX);
        let mut steps = 0;
        for edits in 1.. {
            // Diagonals are odd and even in turns.
            let edge = |bound: isize| bound + (bound + edits).rem_euclid(2);
            let first = if low > -edits { edge(low) } else { -edits };
            let mut furthest = Vec::new();
            let mut diagonal = first;
            while diagonal <= edits.min(high) {
                let reached = self.fronts.last().and_then(|front| {
                    let (from, _) = self.step(front, diagonal)?;
                    Some(from + self.same_from(from, diagonal))
                });
                furthest.push(reached);
                if let Some(reached) = reached {
                    let at_old_end = reached == self.old.len();
                    let at_new_end = reached as isize - diagonal == self.new.len() as isize;
                    if at_old_end && at_new_end {
                        self.fronts.push(Front { first, furthest });
                        return Some(end);
                    }
                    if at_old_end {
                        high = high.min(diagonal - 1);
                    }
                    if at_new_end {
                        low = low.max(diagonal + 1);
                    }
                }
                diagonal += 2;
            }
            steps += furthest.len();
            if steps > MOST_STEPS {
                return None;
            }
            self.fronts.push(Front { first, furthest });
        }
        None
    }

    /// How to get on `diagonal` by one more edit: how many old lines are behind then, and by what. What
    /// gets further in the old text is taken.
    fn step(&self, before: &Front, diagonal: isize) -> Option<(usize, Kind)> {
        let removed = before.at(diagonal - 1).filter(|old| *old < self.old.len());
        let added = before.at(diagonal + 1).filter(|old| {
            usize::try_from(*old as isize - diagonal).is_ok_and(|new| new <= self.new.len())
        });
        match (removed, added) {
            (Some(removed), Some(added)) if removed < added => Some((added, Kind::Added)),
            (Some(removed), _) => Some((removed + 1, Kind::Removed)),
            (None, Some(added)) => Some((added, Kind::Added)),
            (None, None) => None,
        }
    }

    /// How many lines are the same from there on.
    fn same_from(&self, old: usize, diagonal: isize) -> usize {
        let rest = |lines: &[&str], from| lines.len().saturating_sub(from);
        let new = usize::try_from(old as isize - diagonal).unwrap_or(usize::MAX);
        if rest(self.old, old) == 0 || rest(self.new, new) == 0 {
            return 0;
        }
        let pairs = self.old.iter().skip(old).zip(self.new.iter().skip(new));
        pairs.take_while(|(old, new)| old == new).count()
    }

    /// The way that was found, walked back from its end.
    fn way_to(&self, end: isize) -> Vec<(Kind, usize)> {
        let mut way: Vec<(Kind, usize)> = Vec::new();
        let mut go = |kind, count| match way.last_mut() {
            Some((last, so_far)) if *last == kind => *so_far += count,
            _ if count > 0 => way.push((kind, count)),
            _ => {}
        };
        let mut diagonal = end;
        let mut fronts = self.fronts.iter().rev();
        let mut front = fronts.next();
        while let Some(now) = front {
            let reached = now.at(diagonal).unwrap_or(0);
            front = fronts.next();
            match front.and_then(|before| self.step(before, diagonal)) {
                Some((from, kind)) => {
                    go(Kind::Same, reached - from);
                    go(kind, 1);
                    diagonal += if kind == Kind::Removed { -1 } else { 1 };
                }
                None => go(Kind::Same, reached),
            }
        }
        way.reverse();
        way
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(old: &str, new: &str) -> String {
        let (old, new): (Vec<&str>, Vec<&str>) = (old.split("").collect(), new.split("").collect());
        let inner = |text: &[&str]| text.len() - 1;
        let (old_end, new_end) = (inner(&old), inner(&new));
        let mut text = String::new();
        for change in changes(&old[1..old_end], &new[1..new_end]) {
            let sign = match change.kind {
                Kind::Same => "",
                Kind::Removed => "-",
                Kind::Added => "+",
            };
            text += &format!("{sign}{} ", change.lines.concat());
        }
        text.trim_end().to_owned()
    }

    #[test]
    fn takes_the_shortest_way() {
        for (old, new, expected) in [
            ("", "", ""),
            ("abc", "abc", "abc"),
            ("", "ab", "+ab"),
            ("ab", "", "-ab"),
            ("abc", "axc", "a -b +x c"),
            ("abcabba", "cbabac", "-ab c +b ab -b a +c"),
            ("aab", "ab", "a -a b"),
            ("ab", "aab", "a +a b"),
        ] {
            assert_eq!(told(old, new), expected, "{old} {new}");
        }
    }

    /// Whatever way is taken, it leads from the old text to the new one.
    #[test]
    fn every_way_leads_there() {
        let words: Vec<String> = (0..81)
            .map(|n| {
                [n / 27, n / 9 % 3, n / 3 % 3, n % 3]
                    .map(|d| ["a", "b", "c"][d])
                    .concat()
            })
            .collect();
        for old in &words {
            for new in &words {
                let old: Vec<&str> = old.split_inclusive(|_| true).collect();
                let new: Vec<&str> = new.split_inclusive(|_| true).collect();
                let changes = changes(&old, &new);
                let without = |kind| {
                    let kept = changes.iter().filter(move |change| change.kind != kind);
                    kept.flat_map(|change| change.lines)
                        .copied()
                        .collect::<Vec<_>>()
                };
                assert_eq!(without(Kind::Added), old);
                assert_eq!(without(Kind::Removed), new);
            }
        }
    }

    #[test]
    fn texts_that_differ_in_all_lines_are_told_as_that() {
        let old: Vec<String> = (0..20_000).map(|n| format!("old {n}")).collect();
        let new: Vec<String> = (0..20_000).map(|n| format!("new {n}")).collect();
        let old: Vec<&str> = old.iter().map(String::as_str).collect();
        let new: Vec<&str> = new.iter().map(String::as_str).collect();
        let found = changes(&old, &new);
        let expected = [
            Change {
                kind: Kind::Removed,
                lines: &old[..],
            },
            Change {
                kind: Kind::Added,
                lines: &new[..],
            },
        ];
        assert_eq!(found, expected);
    }
}
