//! `watchbox token`: who may ask the server for what.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use reqwest::Method;
use watchbox_model::{Secret, Time};
use watchbox_server::api::types::{CreatedToken, NewToken, Page, Role, Timestamp, Token};

use crate::{
    api::{Api, Query},
    args::{self, RoleArgument, TokenCommand, TokenCreate, TokenList, TokenRevoke},
    exit::Usage,
    output::{Cell, Output, Table, ago, stamp},
};

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
    let ingest = args.role == RoleArgument::Ingest;
    if !ingest && (args.client.is_some() || !args.artifacts.is_empty()) {
        let reason = "--client and --artifact bind what may be sent: they are for --role ingest";
        return Err(Usage(reason.to_owned()).into());
    }
    let api = Api::new(&args.connection)?;
    let out = args
        .out
        .unwrap_or_else(|| PathBuf::from(format!("{}.token", args.name)));
    // The file comes first: a token whose text is lost must be revoked again.
    let destination = Destination::open(&out)?;
    let new = NewToken {
        name: args.name,
        role: match args.role {
            RoleArgument::Admin => Role::Admin,
            RoleArgument::Reader => Role::Reader,
            RoleArgument::Ingest => Role::Ingest,
        },
        client: args.client,
        artifacts: args.artifacts,
        expires: args.expires.map(|span| Timestamp(Time::now().plus(span.0))),
    };
    let created: anyhow::Result<CreatedToken> =
        api.send_json(Method::POST, &["tokens"], &new).await;
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

    fn write(self, token: &Secret) -> anyhow::Result<()> {
        match self {
            Self::Stdout => writeln!(io::stdout().lock(), "{}", token.reveal())?,
            Self::File(mut file, path) => writeln!(file, "{}", token.reveal())
                .and_then(|()| file.sync_all())
                .with_context(|| {
                    format!(
                        "the token was made, but can't be written to {}: revoke it and make another",
                        path.display()
                    )
                })?,
        }
        Ok(())
    }

    /// Takes back the file that nothing was written to.
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
        let role = match token.role {
            Role::Admin => "admin",
            Role::Reader => "reader",
            Role::Ingest => "ingest",
        };
        table.row([
            token.name.as_str().into(),
            role.into(),
            bound_to(token),
            stamp(token.created.0).into(),
            token.expires.map(|expires| ago(expires.0, now)).into(),
            token.last_used.map(|used| ago(used.0, now)).into(),
        ]);
    }
    table
}

fn bound_to(token: &Token) -> Cell {
    let client = token.client.iter().map(ToString::to_string);
    let artifacts = token.artifacts.iter().map(ToString::to_string);
    let all: Vec<String> = client.chain(artifacts).collect();
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
                "name": "fleet", "role": "ingest", "client": "C.1", "artifacts": ["A.B", "C.D"],
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
        NAME   ROLE    BOUND TO       CREATED               EXPIRES     LAST USED
        admin  admin   -              2025-11-25T03:00:00Z  -           1 h ago
        fleet  ingest  C.1, A.B, C.D  2025-11-25T03:00:00Z  in 29 days  -
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

    #[test]
    fn a_file_is_taken_back_when_no_token_came() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.token");
        Destination::open(&path).unwrap().discard();
        assert!(!path.exists());
    }
}
