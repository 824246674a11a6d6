use clap::CommandFactory;

use super::*;

/// The long help of a command, as a terminal of 100 characters shows it.
fn help(path: &[&str]) -> String {
    let mut command = Arguments::command().term_width(100);
    command.build();
    let mut command = &mut command;
    for name in path {
        command = command.find_subcommand_mut(name).unwrap();
    }
    command.render_long_help().to_string()
}

#[test]
fn the_command_line_is_sound() {
    Arguments::command().debug_assert();
}

#[test]
fn help_shows_every_command() {
    insta::assert_snapshot!(help(&[]), @r"
    Runs server monitoring artifacts: sandboxed WebAssembly components that watch the events of a fleet
    of endpoints, or a clock, and answer with rows and actions

    Usage: watchbox [OPTIONS] <COMMAND>

    Commands:
      serve         Run the server
      new           Begin a new artifact: a folder with a working one, and the SDK
      build         Build the artifact in a folder into a component
      test          Build the artifact in a folder and play its cases: what comes in, and what must come
                    of it
      dev           Keep an artifact on a server up to date while it is being written
      inspect       Show what a component is and wants, without running it
      diff          Show what a new component could do that an old one could not; or a new grants file
      run           Run an artifact over a file of events, without a server
      grants        Find out which grants an artifact needs; show and change those of an installed one
      keygen        Make a key to sign components with
      sign          Sign a component, so that servers can tell who stands for it
      verify        Verify who signed a component
      install       Install an artifact on the server
      upgrade       Replace an installed artifact's component, parameters or grants while events flow
      shadow        Look at, promote or end the new version that runs beside an installed artifact
      replay        Run a version of an installed artifact over stored events, with its effects withheld
      disable       Switch an installed artifact off; it keeps its place in its logs
      enable        Switch an installed artifact on again
      remove        Remove an installed artifact and its state; its rows stay
      table         Show what is installed and how it is doing
      versions      List the versions of an installed artifact: who put them there, when, and what they
                    changed
      rollback      Go back to an earlier version of an installed artifact
      approve       Let a version run that waits for approval, since it wants more than is granted
      reject        Drop a version that waits for approval
      clients       List or search clients
      client        Show, add or remove a client
      label         Put labels on a client, or take them off
      logs          List the logs that are kept
      rows          Read the rows that an installed artifact emitted
      events        Read the events that clients reported
      messages      Read what an installed artifact said, and what the server says of it
      audit         Read, follow, export or check the audit trail: each use of a capability, allowed or
                    denied, and each administrative act
      dead-letters  Look at triggers that were set aside, and give them to their artifact again
      secrets       List the secrets of installed artifacts by name, set them, seal them anew
      token         Make, list, rotate and revoke tokens
      backup        Write a copy of all that is kept, while the server works
      doctor        Look what is wrong with the data folder of a server that is stopped, and recover
                    what can be read
      completions   Print the completions of a shell
      help          Print this message or the help of the given subcommand(s)

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Printing:
          --json
              Print JSON for scripts: one document, or one line a row where rows are read

          --color <WHEN>
              When to use colours

              Possible values:
              - auto:   On a terminal, unless NO_COLOR is set
              - always: Always
              - never:  Never
              
              [default: auto]

    Exit codes:
      0  done
      1  failed: a file can't be read, an artifact is wrong, an event could not be handled
      2  the command line is wrong
      3  the server refused: what was named is not there, is there already, or is not valid
      4  the server does not know the token, or its role does not allow this
      5  the server can't be reached, or can't serve now: try again later
      6  `diff`: the new one can do more than the old one

    Environment:
      WATCHBOX_SERVER, WATCHBOX_CA, WATCHBOX_TOKEN_FILE, WATCHBOX_TOKEN, WATCHBOX_DATA, NO_COLOR
    ");
}

#[test]
fn help_of_run() {
    insta::assert_snapshot!(help(&["run"]), @r"
    Run an artifact over a file of events, without a server

    Usage: watchbox run [OPTIONS] <--events <FILE.ndjson>|--tick [<N>]> <ARTIFACT.wasm>

    Arguments:
      <ARTIFACT.wasm>
              The artifact's component

    Options:
          --events <FILE.ndjson>
              The events, one JSON object a line; `-` reads stdin

          --tick [<N>]
              Run ticks instead, one if no number is given; the clock jumps from one to the next

          --log <NAME>
              Of which log the events are; needed only where the artifact watches several

          --client-id <ID>
              The client of the events that name none

          --clients <FILE.ndjson>
              The clients that there are, one JSON object a line: id, hostname, os, labels, first_seen,
              last_seen

      -h, --help
              Print help (see a summary with '-h')

    Settings:
          --param <NAME=VALUE>
              Set a parameter; may be given more than once

          --secret <NAME=@FILE|env:VAR|->
              Set a secret parameter from a file (`@FILE`), from the environment (`env:VAR`) or from
              stdin (`-`); never as plain text, which other users of the machine could read

          --grants <FILE>
              What the artifact may do, as YAML or JSON; without it nothing, or with `upgrade` what it
              may do already, with `dev` what it ships with or else declares

    Printing:
          --json
              Print JSON for scripts: one document, or one line a row where rows are read

          --color <WHEN>
              When to use colours

              Possible values:
              - auto:   On a terminal, unless NO_COLOR is set
              - always: Always
              - never:  Never
              
              [default: auto]
    ");
}

#[test]
fn help_of_install() {
    insta::assert_snapshot!(help(&["install"]), @r"
    Install an artifact on the server

    Usage: watchbox install [OPTIONS] <FILE.wasm>

    Arguments:
      <FILE.wasm>
              The component

    Options:
          --as <NAME>
              The name to install it under [default: the artifact's own]

          --from <WHERE>
              Where it begins in the logs that it watches

              Possible values:
              - now:    With the events that are accepted from now on
              - oldest: With the oldest that is kept
              
              [default: now]

          --disabled
              Install it switched off

      -h, --help
              Print help (see a summary with '-h')

    Settings:
          --param <NAME=VALUE>
              Set a parameter; may be given more than once

          --secret <NAME=@FILE|env:VAR|->
              Set a secret parameter from a file (`@FILE`), from the environment (`env:VAR`) or from
              stdin (`-`); never as plain text, which other users of the machine could read

          --grants <FILE>
              What the artifact may do, as YAML or JSON; without it nothing, or with `upgrade` what it
              may do already, with `dev` what it ships with or else declares

    Server:
          --server <URL>
              Where the server is
              
              [env: WATCHBOX_SERVER]
              [default: http://127.0.0.1:8421]

          --token-file <FILE>
              The file that holds the token [default: WATCHBOX_TOKEN, else `admin.token` of the data
              folder where the server is on this machine]
              
              [env: WATCHBOX_TOKEN_FILE]

          --ca <FILE>
              The only CAs that the server's certificate may be of, in PEM [default: those of the
              system]
              
              [env: WATCHBOX_CA]

    Printing:
          --json
              Print JSON for scripts: one document, or one line a row where rows are read

          --color <WHEN>
              When to use colours

              Possible values:
              - auto:   On a terminal, unless NO_COLOR is set
              - always: Always
              - never:  Never
              
              [default: auto]
    ");
}

#[test]
fn help_of_rows() {
    insta::assert_snapshot!(help(&["rows"]), @r"
    Read the rows that an installed artifact emitted

    Usage: watchbox rows [OPTIONS] <NAME>

    Arguments:
      <NAME>
              Whose: what the artifact is installed as, or for events the client artifact's name

    Options:
          --since <WHEN>
              From then on: a time (RFC 3339), or how long ago (`90s`, `1h`, `7d`)

          --until <WHEN>
              Before then

          --limit <N>
              At most this many, the oldest first; 0 prints all
              
              [default: 1000]

          --last <N>
              Only the newest N

      -f, --follow
              Go on with what comes in, until Ctrl-C; starts with what is new, unless `--since` says
              otherwise

          --format <FORMAT>
              How rows are printed [default: table on a terminal, else ndjson]

              Possible values:
              - table:  A table for people; with `--follow`, one line a row
              - ndjson: One JSON object a line
              - csv:    Comma-separated, with a header

      -h, --help
              Print help (see a summary with '-h')

    Server:
          --server <URL>
              Where the server is
              
              [env: WATCHBOX_SERVER]
              [default: http://127.0.0.1:8421]

          --token-file <FILE>
              The file that holds the token [default: WATCHBOX_TOKEN, else `admin.token` of the data
              folder where the server is on this machine]
              
              [env: WATCHBOX_TOKEN_FILE]

          --ca <FILE>
              The only CAs that the server's certificate may be of, in PEM [default: those of the
              system]
              
              [env: WATCHBOX_CA]

    Printing:
          --json
              Print JSON for scripts: one document, or one line a row where rows are read

          --color <WHEN>
              When to use colours

              Possible values:
              - auto:   On a terminal, unless NO_COLOR is set
              - always: Always
              - never:  Never
              
              [default: auto]
    ");
}

#[test]
fn lengths_of_time_are_read() {
    use std::time::Duration;

    let span = |text: &str| text.parse::<Span>().map(|span| span.0);
    assert_eq!(span("90s"), Ok(Duration::from_secs(90)));
    assert_eq!(span("1d12h"), Ok(Duration::from_secs(36 * 3_600)));
    for wrong in [
        "",
        "5",
        "h",
        "1y",
        "-1h",
        "1.5h",
        "1h 5m",
        "99999999999999999999s",
        "9999999999999999w",
    ] {
        assert_eq!(span(wrong), Err(span::SpanError), "{wrong}");
    }
}

#[test]
fn moments_are_read() {
    use watchbox_model::Time;

    let now = Time::from_seconds(1_764_043_200.0);
    let when = |text: &str| text.parse::<When>().unwrap().resolve(now);
    assert_eq!(when("2025-11-25T04:00:00Z"), now);
    assert_eq!(when("1764043200"), now);
    assert_eq!(when("1h"), Time::from_seconds(1_764_039_600.0));
    assert!("yesterday".parse::<When>().is_err());
}
