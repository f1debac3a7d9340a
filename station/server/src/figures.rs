//! The statistics of a line, as pure functions with reference values: shares and how sure they are, slots held against
//! one another, control charts, rates against takt. Knows no record, no page and no clock.

pub(crate) mod axis;
pub(crate) mod binomial;
pub(crate) mod counts_chart;
pub(crate) mod fisher;
pub(crate) mod individuals;
mod logs;
pub(crate) mod pareto;
pub(crate) mod slots;
pub(crate) mod spread;
pub(crate) mod takt;
