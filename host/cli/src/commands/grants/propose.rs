//! `watchbox grants propose`: the narrowest grants for what an artifact does.

use std::{io, sync::Arc};

use watchbox_model::Grants;
use watchbox_sandbox::{CannedAnswer, Withheld};

use crate::{args, commands::run, exit::Exit, output::Output};

/// Runs the artifact with everything allowed and every effect withheld, and prints the narrowest grants for what it used.
pub(super) async fn propose(args: &args::GrantsPropose, output: &Output) -> anyhow::Result<Exit> {
    let withheld = Arc::new(Withheld::new(CannedAnswer {
        status: args.answer,
        body: args.answer_body.clone().into(),
    }));
    let way_out = Some(Arc::clone(&withheld));
    let exit = run::perform(&args.job, &args.settings(), way_out, io::sink(), output).await?;
    let (uses, is_all) = withheld.uses();
    if !is_all {
        output.warning(
            "it used so much that not all of it was kept: grant more, or give it fewer events",
        );
    }
    let grants = Grants::narrow(&uses);
    if output.json() {
        output.document(&grants.to_json())?;
    } else {
        output.text(grants.to_yaml().trim_end())?;
    }
    Ok(exit)
}
