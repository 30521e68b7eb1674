//! Who goes where when each truck is worth something at each place and places have room for a few: an auction
//! (Bertsekas 1988, with similar objects: Bertsekas and Castañon 1989).
//!
//! Trucks bid for room; who is outbid bids again. Whatever the prices in the end, no assignment is worth more
//! than they say: that is what is needed of it.

use std::collections::VecDeque;

/// Bids for each truck, at the mean: enough in all cases seen; with fewer the bound is right and less good.
const BIDS: usize = 40;

/// What an auction came to.
pub(super) struct Auctioned {
    /// The place of each truck, if any.
    pub places: Vec<Option<usize>>,
    /// No assignment is worth more than this.
    pub at_most: f64,
}

/// Room at one place, as it is sold.
struct Place {
    room: usize,
    /// Who has some, and for how much.
    sold: Vec<(f64, usize)>,
}

impl Place {
    /// Sells room; who is outbid by that.
    fn sell(&mut self, bidder: usize, price: f64) -> Option<usize> {
        if self.sold.len() < self.room {
            self.sold.push((price, bidder));
            return None;
        }
        let cheapest = self.sold.iter_mut().min_by(|a, b| a.0.total_cmp(&b.0))?;
        let (_, outbid) = std::mem::replace(cheapest, (price, bidder));
        Some(outbid)
    }

    /// What room costs at least now.
    fn price(&self) -> f64 {
        if self.sold.len() < self.room {
            return 0.0;
        }
        self.sold
            .iter()
            .map(|(price, _)| *price)
            .fold(f64::INFINITY, f64::min)
    }
}

/// Assigns trucks, each a row of what it is worth at each place; with steps of at least this much.
pub(super) fn auction(rows: &[Vec<f64>], room: &[usize], step: f64) -> Auctioned {
    let mut places: Vec<Place> = room
        .iter()
        .map(|room| Place {
            room: *room,
            sold: Vec::with_capacity(*room),
        })
        .collect();
    let mut prices: Vec<f64> = places.iter().map(Place::price).collect();
    let mut bidders: VecDeque<usize> = (0..rows.len()).collect();
    let mut bids = BIDS * rows.len();
    while let Some(bidder) = bidders.pop_front() {
        let Some(bid) = rows.get(bidder).and_then(|row| best(row, &prices)) else {
            continue;
        };
        if bids == 0 {
            break;
        }
        bids -= 1;
        if let (Some(place), Some(price)) = (places.get_mut(bid.place), prices.get_mut(bid.place)) {
            bidders.extend(place.sell(bidder, *price + bid.margin + step));
            *price = place.price();
        }
    }
    let profits = rows.iter().filter_map(|row| best(row, &prices));
    let sold = prices.iter().zip(room).filter(|(_, room)| **room > 0);
    let at_most = profits.map(|bid| bid.profit).sum::<f64>()
        + sold.map(|(price, room)| price * *room as f64).sum::<f64>();
    let mut assigned = vec![None; rows.len()];
    for (number, place) in places.iter().enumerate() {
        for (_, bidder) in &place.sold {
            if let Some(own) = assigned.get_mut(*bidder) {
                *own = Some(number);
            }
        }
    }
    Auctioned {
        places: assigned,
        at_most,
    }
}

/// Where a truck is worth most beyond the price.
struct Bid {
    place: usize,
    profit: f64,
    /// By how much more than at the next best place, or at home.
    margin: f64,
}

fn best(row: &[f64], prices: &[f64]) -> Option<Bid> {
    let (mut place, mut profit, mut second) = (None, 0.0, 0.0);
    for (number, (worth, price)) in row.iter().zip(prices).enumerate() {
        let here = worth - price;
        if here > profit {
            (place, second, profit) = (Some(number), profit, here);
        } else if here > second {
            second = here;
        }
    }
    place.map(|place| Bid {
        place,
        profit,
        margin: profit - second,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worth(rows: &[Vec<f64>], auctioned: &Auctioned) -> f64 {
        let own = |(row, place): (&Vec<f64>, &Option<usize>)| place.map_or(0.0, |place| row[place]);
        rows.iter().zip(&auctioned.places).map(own).sum()
    }

    /// The worth of the best assignment, by trying all.
    fn most(rows: &[Vec<f64>], room: &[usize]) -> f64 {
        let Some((first, rest)) = rows.split_first() else {
            return 0.0;
        };
        let mut best = most(rest, room);
        for (place, worth) in first.iter().enumerate() {
            if room[place] > 0 {
                let mut less = room.to_vec();
                less[place] -= 1;
                best = f64::max(best, worth + most(rest, &less));
            }
        }
        best
    }

    #[test]
    fn an_auction_is_the_best_assignment_within_its_steps_and_knows_a_bound_of_it() {
        let mut dice = fastrand::Rng::with_seed(7);
        for _ in 0..200 {
            let rows: Vec<Vec<f64>> = (0..5)
                .map(|_| (0..3).map(|_| dice.f64() * 100.0 - 20.0).collect())
                .collect();
            let room: Vec<usize> = (0..3).map(|_| dice.usize(0..3)).collect();
            let (auctioned, most) = (auction(&rows, &room, 0.01), most(&rows, &room));
            let worth = worth(&rows, &auctioned);
            assert!(worth >= most - 0.06, "{worth} < {most}: {rows:?} {room:?}");
            let at_most = auctioned.at_most;
            assert!(
                (most - 1e-9..most + 0.1).contains(&at_most),
                "{at_most} for {most}: {rows:?} {room:?}"
            );
            for (place, room) in room.iter().enumerate() {
                let here = auctioned.places.iter().filter(|p| **p == Some(place));
                assert!(here.count() <= *room);
            }
        }
    }
}
