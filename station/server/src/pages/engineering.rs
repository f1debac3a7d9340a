//! The engineer's pages: recipes, images, ports, golden units, labels, certificates and how the station is. Each tab is a
//! page of its own, so that every one has an address.

use firstpass_domain::Problem;
use maud::{Markup, html};

/// A problem on a page, in its four parts.
pub(crate) fn problem(problem: &Problem) -> Markup {
    html! {
        div.problem {
            p.what { (problem.what) }
            p.why { (problem.why) }
            p.remedy { (problem.remedy) }
            p.code { (problem.code) }
        }
    }
}
