//! Health and status of a station over HTTP.
