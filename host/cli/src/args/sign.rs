//! `watchbox keygen`, `sign` and `verify`.

use std::path::PathBuf;

/// `watchbox keygen`.
#[derive(Debug, clap::Args)]
pub struct Keygen {
    /// The file of the secret key, new; the public key goes beside it, to the same name with `.pub` at
    /// its end
    #[arg(long, value_name = "FILE", default_value = "watchbox.key")]
    pub out: PathBuf,
    /// The password of the secret key.
    #[command(flatten)]
    pub password: Password,
}

/// `watchbox sign`.
#[derive(Debug, clap::Args)]
pub struct Sign {
    /// The component
    #[arg(value_name = "FILE.wasm")]
    pub file: PathBuf,
    /// The file of the secret key, by `watchbox keygen` or by minisign
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The file of the signature [default: FILE.wasm.minisig]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The password of the secret key.
    #[command(flatten)]
    pub password: Password,
}

/// `watchbox verify`.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// The component
    #[arg(value_name = "FILE.wasm")]
    pub file: PathBuf,
    /// The public key: its line, or the file that holds it
    #[arg(long, value_name = "KEY|FILE")]
    pub public_key: String,
    /// The file of the signature [default: FILE.wasm.minisig]
    #[arg(long, value_name = "FILE")]
    pub signature: Option<PathBuf>,
}

/// Where the password of a secret key is.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Password {
    /// Where the key's password is: a file (`@FILE`), the environment (`env:VARIABLE`) or stdin (`-`);
    /// asked for on a terminal where nothing is said
    #[arg(
        long,
        value_name = "@FILE|env:VARIABLE|-",
        conflicts_with = "no_password"
    )]
    pub password: Option<String>,
    /// The key has no password: whoever reads its file can sign
    #[arg(long)]
    pub no_password: bool,
}
