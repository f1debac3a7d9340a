//! The words of the line page.

use super::words;

words! {
    /// What the line page says.
    LineWords by line {
        title: "Line", "Linie", "产线";
    }
}
