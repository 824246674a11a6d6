//! Rules of grants on the command line, in the words of a grants file.

/// Rules, in the words of a grants file.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(
    next_help_heading = "Rules",
    group = clap::ArgGroup::new("rule").required(true).multiple(true)
)]
pub struct Rules {
    /// A search of clients: `label:X`, `host:X`, `client:X`, `all`, or text
    #[arg(long = "client", value_name = "TERM", group = "rule")]
    pub clients: Vec<String>,
    /// A label to put on; `*` is every label
    #[arg(long, value_name = "LABEL", group = "rule")]
    pub label_add: Vec<String>,
    /// A label to take off; `*` is every label
    #[arg(long, value_name = "LABEL", group = "rule")]
    pub label_remove: Vec<String>,
    /// A request, such as `POST https://hooks.slack.com/services/*`
    #[arg(long, value_name = "METHOD URL", group = "rule")]
    pub http: Vec<String>,
    /// For each `--http`: a secret parameter that may go there
    #[arg(long = "secret", value_name = "NAME", requires = "http")]
    pub secrets: Vec<String>,
    /// Mail to an address; `*@example.org` is every one of a domain, `*` every one there is
    #[arg(long, value_name = "ADDRESS", group = "rule")]
    pub mail: Vec<String>,
    /// Keeping values between turns
    #[arg(long, group = "rule")]
    pub state: bool,
    /// Writing lines for the operator
    #[arg(long, group = "rule")]
    pub log: bool,
    /// Reading the turn's time
    #[arg(long, group = "rule")]
    pub clock: bool,
}
