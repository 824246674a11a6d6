//! `watchbox new`.

use std::path::PathBuf;

use watchbox_model::Name;

use crate::new::Language;

/// `watchbox new`.
#[derive(Debug, clap::Args)]
pub struct New {
    /// The artifact's name, such as `Server.My.Alert`
    pub name: Name,
    /// The language to write it in
    #[arg(long, short, value_name = "LANGUAGE")]
    pub lang: Language,
    /// Where it goes; must not be there yet, or be empty [default: the name, in lower case and with dashes]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}
