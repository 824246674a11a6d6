//! `watchbox token`: who may ask the server for what.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use reqwest::Method;
use watchbox_model::{Secret, Time};
use watchbox_server::api::types::{
    CreatedToken, NewToken, Page, Role, RotateToken, Timestamp, Token,
};

use crate::{
    api::{Api, Query},
    args::{self, RoleArgument, TokenCommand, TokenCreate, TokenList, TokenRevoke, TokenRotate},
    exit::Usage,
    output::{Cell, Output, Table, ago, stamp},
};

/// How many of what a token is bound to are listed; `--json` has all.
const BOUND_SHOWN: usize = 5;

/// Does what was said with tokens.
pub async fn token(args: args::Token, output: &Output) -> anyhow::Result<()> {
    match args.command {
        TokenCommand::Create(args) => create(args, output).await,
        TokenCommand::List(TokenList { connection }) => {
            let api = Api::new(&connection)?;
            let tokens: Page<Token> = api.get(&["tokens"], &Query::new()).await?;
            if output.json() {
                return Ok(output.document(&tokens.items)?);
            }
            Ok(output.table(&list(&tokens.items, Time::now()))?)
        }
        TokenCommand::Rotate(args) => rotate(args, output).await,
        TokenCommand::Revoke(TokenRevoke { name, connection }) => {
            let api = Api::new(&connection)?;
            api.act(Method::DELETE, &["tokens", &name]).await?;
            output.remark(&format!("the token {name} is revoked"));
            Ok(())
        }
    }
}

/// Makes a token. Its text is printed only where that was asked for in so many words.
async fn create(args: TokenCreate, output: &Output) -> anyhow::Result<()> {
    let is_bound = !args.clients.is_empty() || !args.artifacts.is_empty();
    if is_bound && args.role != RoleArgument::Ingest {
        let reason = "--client and --artifact bind what may be sent: they are for --role ingest";
        return Err(Usage(reason.to_owned()).into());
    }
    let api = Api::new(&args.connection)?;
    let out = args.out.unwrap_or_else(|| default_file(&args.name));
    // The file comes first: a token whose text is lost must be revoked again.
    let destination = Destination::open(&out)?;
    let new = NewToken {
        name: args.name,
        role: match args.role {
            RoleArgument::Admin => Role::Admin,
            RoleArgument::Operator => Role::Operator,
            RoleArgument::Analyst => Role::Analyst,
            RoleArgument::Ingest => Role::Ingest,
        },
        clients: args.clients,
        artifacts: args.artifacts,
        expires: args.expires.map(|span| Timestamp(Time::now().plus(span.0))),
    };
    let created = api.send_json(Method::POST, &["tokens"], &new).await;
    hand_over(created, destination, &out, output)
}

/// Gives a token another secret.
async fn rotate(args: TokenRotate, output: &Output) -> anyhow::Result<()> {
    let api = Api::new(&args.connection)?;
    let out = args.out.unwrap_or_else(|| default_file(&args.name));
    let destination = Destination::replace(&out)?;
    let rotate = RotateToken {
        grace_seconds: args.grace.map_or(0, |span| span.0.as_secs()),
    };
    let path = ["tokens", &args.name, "rotate"];
    let rotated = api.send_json(Method::POST, &path, &rotate).await;
    hand_over(rotated, destination, &out, output)?;
    if args.grace.is_none() {
        output.warning(&format!(
            "the secret before it is no longer good: put {} in the place of each file that has it, the one that this command line reads its token from too",
            out.display()
        ));
    }
    Ok(())
}

fn default_file(token: &str) -> PathBuf {
    PathBuf::from(format!("{token}.token"))
}

/// Writes the text of a token down, if one came.
fn hand_over(
    created: anyhow::Result<CreatedToken>,
    destination: Destination,
    out: &Path,
    output: &Output,
) -> anyhow::Result<()> {
    let created = match created {
        Ok(created) => created,
        Err(error) => {
            destination.discard();
            return Err(error);
        }
    };
    let to_stdout = matches!(destination, Destination::Stdout);
    destination.write(&created.text.0)?;
    if output.json() && !to_stdout {
        return Ok(output.document(&created.token)?);
    }
    if !to_stdout {
        output.remark(&format!(
            "the token {} is in {}",
            created.token.name,
            out.display()
        ));
    }
    Ok(())
}

/// Where a new token's text goes.
enum Destination {
    Stdout,
    File(std::fs::File, PathBuf),
    /// A file beside the one whose place it takes once the text is in it.
    Replacing(tempfile::NamedTempFile, PathBuf),
}

impl Destination {
    fn open(path: &Path) -> anyhow::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self::Stdout);
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).with_context(|| {
            format!(
                "the token can't be written to {}: give another file with --out",
                path.display()
            )
        })?;
        Ok(Self::File(file, path.to_owned()))
    }

    /// As [`Destination::open`], but that a file may be there already; only its owner can read the new one.
    fn replace(path: &Path) -> anyhow::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self::Stdout);
        }
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).with_context(
            || {
                format!(
                    "the token can't be written to {}: give another file with --out",
                    path.display()
                )
            },
        )?;
        Ok(Self::Replacing(file, path.to_owned()))
    }

    fn write(self, token: &Secret) -> anyhow::Result<()> {
        let text = token.reveal();
        let lost = |path: &Path| {
            format!(
                "the token was made, but can't be written to {}: rotate it again, or revoke it and make another",
                path.display()
            )
        };
        match self {
            Self::Stdout => writeln!(io::stdout().lock(), "{text}")?,
            Self::File(mut file, path) => writeln!(file, "{text}")
                .and_then(|()| file.sync_all())
                .with_context(|| lost(&path))?,
            Self::Replacing(mut file, path) => writeln!(file, "{text}")
                .and_then(|()| file.as_file().sync_all())
                .and_then(|()| file.persist(&path).map_err(|failed| failed.error))
                .map(drop)
                .with_context(|| lost(&path))?,
        }
        Ok(())
    }

    /// Takes back the file that nothing was written to. (One that was to take another's place goes by itself.)
    fn discard(self) {
        if let Self::File(_, path) = self {
            // It is empty; if it can't go, it does no harm.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn list(tokens: &[Token], now: Time) -> Table {
    let mut table = Table::new([
        "NAME",
        "ROLE",
        "BOUND TO",
        "CREATED",
        "EXPIRES",
        "LAST USED",
    ]);
    for token in tokens {
        table.row([
            token.name.as_str().into(),
            token.role.as_str().into(),
            bound_to(token),
            stamp(token.created.0).into(),
            token.expires.map(|expires| ago(expires.0, now)).into(),
            token.last_used.map(|used| ago(used.0, now)).into(),
        ]);
    }
    table
}

fn bound_to(token: &Token) -> Cell {
    let clients = token.clients.iter().map(ToString::to_string);
    let artifacts = token.artifacts.iter().map(ToString::to_string);
    let mut all: Vec<String> = clients.chain(artifacts).collect();
    if let Some(others) = all
        .len()
        .checked_sub(BOUND_SHOWN)
        .filter(|others| *others > 0)
    {
        all.truncate(BOUND_SHOWN);
        all.push(format!("and {others} more"));
    }
    Some(all.join(", ")).filter(|all| !all.is_empty()).into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::Look;

    #[test]
    fn tokens_are_listed_by_name_and_role() {
        let tokens: Vec<Token> = serde_json::from_value(json!([
            {"name": "admin", "role": "admin", "created": "2025-11-25T03:00:00Z", "last_used": "2025-11-25T03:00:00Z"},
            {
                "name": "fleet", "role": "ingest", "clients": ["C.1", "C.2"], "artifacts": ["A.B", "C.D", "E", "F", "G"],
                "created": "2025-11-25T03:00:00Z", "expires": "2025-12-25T03:00:00Z",
            },
        ]))
        .unwrap();
        let look = Look {
            color: false,
            width: None,
        };
        let now = Time::from_seconds(1_764_043_200.0);
        insta::assert_snapshot!(list(&tokens, now).render(look), @r"
        NAME   ROLE    BOUND TO                           CREATED               EXPIRES     LAST USED
        admin  admin   -                                  2025-11-25T03:00:00Z  -           1 h ago
        fleet  ingest  C.1, C.2, A.B, C.D, E, and 2 more  2025-11-25T03:00:00Z  in 29 days  -
        ");
    }

    #[cfg(unix)]
    #[test]
    fn a_token_s_file_is_its_owner_s_alone_and_overwrites_nothing() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.token");
        let destination = Destination::open(&path).unwrap();
        destination.write(&Secret::new("wbx_1")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "wbx_1\n");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(Destination::open(&path).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_rotated_token_takes_the_place_of_the_one_before_as_a_whole() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.token");
        std::fs::write(&path, "old\n").unwrap();
        Destination::replace(&path).unwrap().discard();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old\n");
        let destination = Destination::replace(&path).unwrap();
        destination.write(&Secret::new("wb_2")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "wb_2\n");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_is_taken_back_when_no_token_came() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.token");
        Destination::open(&path).unwrap().discard();
        assert!(!path.exists());
    }
}
