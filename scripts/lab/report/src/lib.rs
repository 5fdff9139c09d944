//! What a run was like: the analysis of its record, the verdict, and the page that shows both.
//!
//! | module | does |
//! | --- | --- |
//! | [`analysis`] | the facts: actions, time to capacity, instances; [`triggers`] when the rules called for a change, by the averages of [`window`]; [`rules`] the rules of the record |
//! | [`judge`], [`share`], [`contradictions`] | the answer to "did autoscaling work?", as [`findings`] |
//! | [`too_short`] | what to type where a load was too short for the rules |
//! | [`page`] | a run with everything that is derived from it for the page |
//! | [`hero`], [`sections`], [`timeline`] | the parts of the page; [`markup`] makes text safe for HTML |
//! | [`bought`] | what autoscaling bought, in a sentence and as tiles |
//! | [`bands`], [`compared`], [`noticed`] | the parts that only a simulation has; [`moment`] writes its dates and days |
//! | [`levels`] | the thresholds and limits in the charts |
//! | [`html`] | the page as one file |
//! | [`azure`] | Azure's own scale actions, read from an exported activity log |
//! | [`command`] | `lab report` |

mod analysis;
mod azure;
mod bands;
mod bought;
mod command;
mod compared;
mod contradictions;
mod findings;
mod hero;
mod html;
mod inlined;
mod judge;
mod levels;
mod markup;
mod moment;
mod noticed;
mod page;
mod rules;
mod sections;
mod share;
mod timeline;
mod too_short;
mod triggers;
mod window;

pub use azure::add_events;
pub use bought::what_autoscaling_bought;
pub use command::{ReportArgs, report};
pub use html::{chart_data, page_body, write_html};
pub use judge::{CANNOT_TELL, DID_NOT_WORK, NOT_ASKED, WORKED, judge};
pub use too_short::too_short;
