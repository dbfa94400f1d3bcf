//! The way of something from where it is read to where it leaves, step by step.

use super::super::engine::At;
use super::super::hierarchy::M;
use super::domain::{Step, Way, What};
use super::trace::Tracer;

/// Steps of one way that are told.
const MAX_STOPS: usize = 64;

/// One step of a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    /// Where.
    pub at: At,
    /// What happens there.
    pub what: What,
}

impl Tracer<'_, '_> {
    /// The steps of a way, first to last.
    pub(super) fn stops(&self, way: Way) -> Vec<Stop> {
        let mut all = Vec::new();
        // Each way is told from its end; a way through a method called comes before what follows.
        let mut stack = vec![Ok(way)];
        while let Some(next) = stack.pop() {
            if all.len() >= MAX_STOPS {
                break;
            }
            let way = match next {
                Ok(way) => way,
                Err(stop) => {
                    all.extend(stop);
                    continue;
                }
            };
            match self.domain.step(way) {
                Step::Start => {}
                Step::At(before, m, pc, what) => {
                    all.extend(self.stop(m, pc, what));
                    stack.push(Ok(before));
                }
                Step::Through(outer, m, pc, inner) => {
                    stack.push(Ok(outer));
                    if outer != Way::START {
                        stack.push(Err(self.stop(m, pc, What::Passed)));
                    }
                    stack.push(Ok(inner));
                }
            }
        }
        all.reverse();
        // One call may do several things with a value: it is one step, and that it leaves there matters most.
        all.dedup_by(|next, step| {
            let same = next.at == step.at && step.what != What::Read;
            if same {
                step.what = step.what.max(next.what);
            }
            same
        });
        all
    }

    fn stop(&self, m: M, pc: u32, what: What) -> Option<Stop> {
        if pc == super::world::SYSTEM {
            return None;
        }
        let (dex, method) = self.hierarchy.place(m)?;
        Some(Stop {
            at: At { dex, method, pc },
            what,
        })
    }
}
