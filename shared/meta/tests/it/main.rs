//! What other crates see of this one: events in Meta's shapes, and calls over HTTP to a Meta of a few lines.

mod graph;
mod messenger;
mod properties;
mod read;
mod samples;
mod split;
mod util;
