//! Divides what a subscriber's path carries among its pictures: a screen first, then the speaker, then the rest; among
//! equals as evenly as their layers allow.

use std::ops::Range;

use crate::packet::{Layer, LayerRate};

/// A better layer is shown only if this much of its cost is left over, in percent: what just fits would come and go.
const HEADROOM_PERCENT: u64 = 12;
/// What our headers, IP and UDP add to what a publisher sends, in percent.
const OVERHEAD_PERCENT: u64 = 5;

/// Which picture is shown at the cost of others. Highest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Priority {
    Other,
    Speaker,
    Screen,
}

/// One slot that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Demand {
    pub(crate) slot: usize,
    pub(crate) priority: Priority,
    /// The best layer that its size asks for.
    pub(crate) wanted: Layer,
    /// The layer that it was allowed so far; `None`: it is paused.
    pub(crate) current: Option<Layer>,
    /// It was not lowered just now.
    pub(crate) may_rise: bool,
    /// It is shown whatever the estimate says: there is no smaller encoding of it, and nothing is lost.
    pub(crate) kept: bool,
    /// Its part of the list of rates: the layers that there are, ascending.
    pub(crate) rates: Range<usize>,
    /// The last of those that it may have; decided by [`allocate`].
    reached: Option<usize>,
}

impl Demand {
    pub(crate) fn new(slot: usize, priority: Priority, wanted: Layer, rates: Range<usize>) -> Self {
        Self {
            slot,
            priority,
            wanted,
            current: None,
            may_rise: true,
            kept: false,
            rates,
            reached: None,
        }
    }

    fn asks_for(&self, layer: Layer) -> bool {
        layer.spatial <= self.wanted.spatial && layer.temporal <= self.wanted.temporal
    }

    /// The next better layer than the one reached that its size asks for; the first that there is in any case.
    fn next(&self, rates: &[LayerRate]) -> Option<usize> {
        let better = |index: &usize| {
            let reached = self.reached.map_or(0, |reached| rates[reached].bps);
            self.reached.is_none() || (rates[*index].bps > reached && self.asks_for(rates[*index].layer))
        };
        let mut indices = self.reached.map_or(self.rates.start, |reached| reached + 1)..self.rates.end;
        indices.find(better)
    }

    /// What it is given costs, in bits a second.
    pub(crate) fn given_bps(&self, rates: &[LayerRate]) -> u64 {
        self.reached.map_or(0, |reached| cost(rates[reached].bps))
    }

    /// What the best layer that it asks for costs, in bits a second.
    pub(crate) fn wanted_bps(&self, rates: &[LayerRate]) -> u64 {
        let own = rates[self.rates.clone()].iter();
        let asked = own.clone().filter(|rate| self.asks_for(rate.layer));
        let most = asked.map(|rate| rate.bps).max();
        cost(most.or(own.map(|rate| rate.bps).min()).unwrap_or(0))
    }

    /// The target that follows: all that is wanted where everything fits, `None` where nothing does.
    pub(crate) fn target(&self, rates: &[LayerRate]) -> Option<Layer> {
        // Of a source that sends nothing there is nothing to save.
        if self.rates.is_empty() || (self.reached.is_some() && self.next(rates).is_none()) {
            return Some(self.wanted);
        }
        self.reached.map(|reached| rates[reached].layer)
    }
}

fn cost(bps: u64) -> u64 {
    bps.saturating_mul(100 + OVERHEAD_PERCENT) / 100
}

/// What the first of them in order of priority takes to be seen at all, in bits a second.
pub(crate) fn least_bps(rates: &[LayerRate], demands: &[Demand]) -> u64 {
    let first = demands.iter().min_by_key(|demand| std::cmp::Reverse(demand.priority));
    let lowest = first.and_then(|first| rates[first.rates.clone()].first());
    lowest.map_or(0, |lowest| cost(lowest.bps) * (100 + HEADROOM_PERCENT) / 100)
}

/// Decides the layers of all demands, given `budget_bps` for them together.
pub(crate) fn allocate(budget_bps: u64, rates: &[LayerRate], demands: &mut [Demand]) {
    let mut left = budget_bps;
    demands.sort_by_key(|demand| std::cmp::Reverse(demand.priority));
    // The first picture is kept while there is room for half of it: an estimate errs, and a pause costs a keyframe.
    if let Some(first) = demands.first().filter(|first| first.current.is_some())
        && let Some(lowest) = rates[first.rates.clone()].first()
        && cost(lowest.bps) <= budget_bps.saturating_mul(2)
    {
        left = left.max(cost(lowest.bps));
    }
    // Everybody is seen at all before anybody is seen better.
    for demand in demands.iter_mut() {
        demand.reached = None;
        let seen = raise(demand, rates, &mut left);
        if !seen && demand.kept {
            demand.reached = demand.next(rates);
            left = left.saturating_sub(demand.given_bps(rates));
        }
    }
    let mut start = 0;
    while start < demands.len() {
        let priority = demands[start].priority;
        let equals = demands[start..].iter().take_while(|demand| demand.priority == priority);
        let end = start + equals.count();
        while {
            let mut risen = false;
            for demand in &mut demands[start..end] {
                risen |= demand.reached.is_some() && raise(demand, rates, &mut left);
            }
            risen
        } {}
        start = end;
    }
}

/// Takes one step up if it fits.
fn raise(demand: &mut Demand, rates: &[LayerRate], left: &mut u64) -> bool {
    let Some(next) = demand.next(rates) else { return false };
    let paid = demand.reached.map_or(0, |reached| cost(rates[reached].bps));
    let full = cost(rates[next].bps);
    let more = full - paid.min(full);
    let rises = demand.current.is_none_or(|current| rates[next].layer > current);
    let spare = if rises { full * HEADROOM_PERCENT / 100 } else { 0 };
    if more + spare > *left || (rises && !demand.may_rise) {
        return false;
    }
    *left -= more;
    demand.reached = Some(next);
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn layer(spatial: u8, temporal: u8) -> Layer {
        Layer { spatial, temporal }
    }

    /// Three encodings of two temporal layers each, in kbit/s: 100, 150; 300, 500; 1000, 1500.
    fn simulcast() -> Vec<LayerRate> {
        let costs = [100, 150, 300, 500, 1_000, 1_500];
        let layers = (0..3u8).flat_map(|spatial| (0..2u8).map(move |temporal| layer(spatial, temporal)));
        layers
            .zip(costs)
            .map(|(layer, kbps)| LayerRate {
                layer,
                bps: kbps * 1_000,
            })
            .collect()
    }

    /// Targets of slots with these priorities and present layers.
    fn check(budget_kbps: u64, demands: &[(Priority, Option<Layer>)]) -> Vec<Option<Layer>> {
        let rates = simulcast();
        let mut demands: Vec<_> = demands
            .iter()
            .enumerate()
            .map(|(slot, (priority, current))| {
                let mut demand = Demand::new(slot, *priority, Layer::BEST, 0..rates.len());
                demand.current = *current;
                demand
            })
            .collect();
        allocate(budget_kbps * 1_000, &rates, &mut demands);
        demands.sort_by_key(|demand| demand.slot);
        demands.iter().map(|demand| demand.target(&rates)).collect()
    }

    #[test]
    fn what_the_first_takes_is_enough_for_it() {
        let rates = simulcast();
        let demand = |priority, rates| Demand::new(0, priority, Layer::BEST, rates);
        for rates_of_screen in [0..6, 3..6, 5..6] {
            let mut demands = [
                demand(Priority::Speaker, 0..6),
                demand(Priority::Screen, rates_of_screen.clone()),
            ];
            let least = least_bps(&rates, &demands);
            allocate(least - 1_000, &rates, &mut demands);
            assert_eq!(demands[0].target(&rates), None, "{rates_of_screen:?}");
            allocate(least, &rates, &mut demands);
            assert!(demands[0].priority == Priority::Screen && demands[0].target(&rates).is_some());
        }
        assert_eq!(least_bps(&rates, &[]), 0);
        assert_eq!(least_bps(&rates, &[demand(Priority::Other, 2..2)]), 0);
    }

    #[test]
    fn the_screen_comes_first_but_nobody_vanishes_for_it() {
        use Priority::{Other, Screen, Speaker};
        let three = [(Other, None), (Speaker, None), (Screen, None)];
        assert_eq!(check(100, &three), [None, None, None]);
        assert_eq!(check(120, &three), [None, None, Some(layer(0, 0))]);
        assert_eq!(check(240, &three), [None, Some(layer(0, 0)), Some(layer(0, 0))]);
        let lowest = Some(layer(0, 0));
        assert_eq!(check(2_050, &three), [lowest, Some(layer(1, 0)), Some(Layer::BEST)]);
        assert_eq!(check(10_000, &three), [Some(Layer::BEST); 3]);
    }

    #[test]
    fn equals_are_shown_equally_well() {
        let two = [(Priority::Other, None), (Priority::Other, None)];
        assert_eq!(check(1_200, &two), [Some(layer(1, 1)); 2]);
        assert_eq!(check(880, &two), [Some(layer(1, 0)), Some(layer(1, 0))]);
    }

    #[test]
    fn what_just_fits_is_kept_but_not_begun() {
        let fits = |current| check(530, &[(Priority::Other, current)]);
        assert_eq!(fits(Some(layer(1, 1))), [Some(layer(1, 1))]);
        assert_eq!(fits(Some(layer(1, 0))), [Some(layer(1, 0))]);
        assert_eq!(fits(None), [Some(layer(1, 0))]);
    }

    #[test]
    fn the_first_picture_is_kept_while_half_of_it_fits() {
        let lowest = Some(layer(0, 0));
        let two = [(Priority::Other, lowest), (Priority::Other, lowest)];
        assert_eq!(check(60, &two), [lowest, None]);
        assert_eq!(check(50, &two), [None, None]);
    }

    #[test]
    fn after_a_fall_it_waits_before_it_rises() {
        let rates = simulcast();
        let mut demands = [Demand::new(0, Priority::Other, Layer::BEST, 0..6)];
        demands[0].current = Some(layer(0, 1));
        demands[0].may_rise = false;
        allocate(5_000_000, &rates, &mut demands);
        assert_eq!(demands[0].target(&rates), Some(layer(0, 1)));
    }

    #[test]
    fn a_small_slot_takes_no_more_than_it_asks_for_or_the_least_there_is() {
        let rates = simulcast();
        let small = layer(0, u8::MAX);
        let mut demands = [
            Demand::new(0, Priority::Other, small, 0..6),
            Demand::new(1, Priority::Other, small, 4..6),
        ];
        allocate(9_000_000, &rates, &mut demands);
        assert_eq!(demands.clone().map(|demand| demand.target(&rates)), [Some(small); 2]);
        assert_eq!(demands.map(|demand| demand.wanted_bps(&rates)), [157_500, 1_050_000]);
    }

    proptest! {
        #[test]
        fn never_gives_more_than_there_is_and_more_never_shows_less(
            slots in prop::collection::vec((0..3u8, prop::option::of((0..3u8, 0..2u8)), any::<bool>()), 0..8),
            budget in 0..8_000_000u64,
        ) {
            let rates = simulcast();
            let seen = |budget: u64| {
                let mut demands: Vec<_> = slots.iter().enumerate().map(|(slot, (priority, current, may_rise))| {
                    let priority = [Priority::Other, Priority::Speaker, Priority::Screen][usize::from(*priority)];
                    let mut demand = Demand::new(slot, priority, Layer::BEST, 0..rates.len());
                    demand.current = current.map(|(spatial, temporal)| layer(spatial, temporal));
                    demand.may_rise = *may_rise;
                    demand
                }).collect();
                allocate(budget, &rates, &mut demands);
                let spent: u64 = demands.iter().filter_map(|demand| demand.reached).map(|at| cost(rates[at].bps)).sum();
                (spent, demands.iter().filter(|demand| demand.reached.is_some()).count())
            };
            let (spent, shown) = seen(budget);
            prop_assert!(spent <= budget || (shown == 1 && spent <= 2 * budget));
            prop_assert!(seen(budget + 500_000).1 >= shown);
        }
    }
}
