//! PowerShell's own parameters: which argument is the encoded command.
//!
//! The rules are those of `CommandLineParameterParser`: a parameter may be shortened to any prefix of at least some length, the first
//! table entry that fits wins, and from `-Command`, `-File` or the first argument that is no parameter on, all is script text.

use crate::{
    command::Shell,
    oddity::{Oddities, Oddity},
};

/// What a parameter does to the arguments behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Nothing.
    Flag,
    /// It takes the next one.
    Value,
    /// It takes the next one as the encoded command.
    Encoded,
    /// It takes all of them, unless its value is `-` (read from stdin).
    File,
    /// It takes all of them.
    Script,
    /// What follows does not matter: the shell shows something and ends.
    Ends,
}
use Kind::{Encoded, Ends, File, Flag, Script, Value};

/// A parameter, the length of its shortest form, and what it does.
type Parameter = (&'static str, usize, Kind);

/// Those that only `powershell.exe` has, or that mean something else there.
const WINDOWS: &[Parameter] = &[
    ("version", 1, Value),
    ("psconsolefile", 1, Value),
    ("importsystemmodules", 3, Flag),
    ("inputformat", 1, Value),
];

/// Those that only `pwsh.exe` has, or that mean something else there.
const CORE: &[Parameter] = &[
    ("version", 1, Ends),
    ("login", 1, Flag),
    ("interactive", 1, Flag),
];

/// Those that both have, in the order in which the shell tries them; what is tried earlier for one of the two stands in its table.
const BOTH: &[Parameter] = &[
    ("help", 1, Ends),
    ("?", 1, Ends),
    ("noexit", 3, Flag),
    ("noprofile", 3, Flag),
    ("nologo", 3, Flag),
    ("noninteractive", 4, Flag),
    ("socketservermode", 2, Flag),
    ("v2socketservermode", 4, Flag),
    ("servermode", 1, Flag),
    ("namedpipeservermode", 3, Flag),
    ("sshservermode", 4, Flag),
    ("noprofileloadtime", 17, Flag),
    ("configurationfile", 17, Value),
    ("configurationname", 6, Value),
    ("custompipename", 3, Value),
    ("commandwithargs", 15, Script),
    ("cwa", 3, Script),
    ("command", 1, Script),
    ("windowstyle", 1, Value),
    ("file", 1, File),
    ("isswait", 7, Flag),
    ("outputformat", 1, Value),
    ("of", 2, Value),
    ("inputformat", 3, Value),
    ("if", 2, Value),
    ("executionpolicy", 2, Value),
    ("ep", 2, Value),
    ("encodedcommand", 1, Encoded),
    ("ec", 1, Encoded),
    ("encodedarguments", 8, Value),
    ("ea", 2, Value),
    ("settingsfile", 8, Value),
    ("sta", 3, Flag),
    ("mta", 3, Flag),
    ("workingdirectory", 2, Value),
    ("wd", 2, Value),
    ("removeworkingdirectorytrailingcharacter", 39, Flag),
    ("token", 2, Value),
    ("utctimestamp", 3, Value),
];

/// The encoded command among the arguments, as it stands there.
pub(crate) fn payload(shell: Shell, arguments: &[String]) -> Option<(&str, Oddities)> {
    let mut found = None;
    let mut oddities = Oddities::default();
    let mut arguments = arguments.iter().map(String::as_str);
    while let Some(argument) = arguments.next() {
        let Some(key) = switch(argument) else {
            // The script's name or text begins here, which may not follow a command.
            if found.is_some() {
                oddities.note(Oddity::Refused);
            }
            break;
        };
        match kind(shell, key) {
            Some(Flag) => {}
            Some(Value) => {
                arguments.next();
            }
            Some(Encoded) if found.is_none() => found = Some(arguments.next()?),
            Some(File) if arguments.next() == Some("-") => {}
            Some(Ends) => break,
            Some(Encoded | File | Script) => {
                if found.is_some() {
                    oddities.note(Oddity::Refused);
                }
                break;
            }
            None => {
                if found.is_some() {
                    oddities.note(Oddity::Refused);
                } else if let Some(payload) = behind_colon(shell, key, &mut arguments) {
                    oddities.note(Oddity::Colon);
                    found = Some(payload);
                }
                break;
            }
        }
    }
    Some((found?, oddities))
}

/// What is left of a switch without its dash, slash or two dashes; `None` where it is none.
fn switch(argument: &str) -> Option<&str> {
    const DASHES: [char; 4] = ['-', '\u{2013}', '\u{2014}', '\u{2015}'];
    let argument = argument.trim();
    let key = argument
        .strip_prefix(DASHES)
        .or_else(|| argument.strip_prefix('/'))?;
    Some(key.strip_prefix(DASHES).unwrap_or(key))
}

/// The kind of the parameter that `key` means.
fn kind(shell: Shell, key: &str) -> Option<Kind> {
    let own = match shell {
        Shell::Windows => WINDOWS,
        Shell::Core => CORE,
    };
    let means = |parameter: &&Parameter| {
        let (name, shortest, _) = parameter;
        key.len() >= *shortest
            && name
                .get(..key.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(key))
    };
    let (_, _, kind) = own.iter().chain(BOTH).find(means)?;
    Some(*kind)
}

/// The payload of `-EncodedCommand:payload` or `-EncodedCommand: payload`.
fn behind_colon<'a>(
    shell: Shell,
    key: &'a str,
    arguments: &mut impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let (name, payload) = key.split_once([':', '='])?;
    if kind(shell, name) != Some(Encoded) {
        return None;
    }
    if payload.is_empty() {
        arguments.next()
    } else {
        Some(payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(shell: Shell, line: &str) -> Option<(String, String)> {
        let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let (payload, oddities) = payload(shell, &arguments)?;
        Some((payload.to_owned(), oddities.to_string()))
    }

    fn plain(line: &str) -> Option<(String, String)> {
        let windows = find(Shell::Windows, line);
        assert_eq!(windows, find(Shell::Core, line), "{line}");
        windows
    }

    fn payload_and(oddities: &str) -> Option<(String, String)> {
        Some(("x".to_owned(), oddities.to_owned()))
    }

    #[test]
    fn every_prefix_and_every_switch_character() {
        for end in 1.."encodedcommand".len() + 1 {
            let name = &"encodedcommand"[..end];
            for dash in ["-", "/", "–", "—", "―", "--", "-–", "——", "/-"] {
                assert_eq!(
                    plain(&format!("{dash}{name} x")),
                    payload_and(""),
                    "{dash}{name}"
                );
                let upper = name.to_uppercase();
                assert_eq!(
                    plain(&format!("{dash}{upper} x")),
                    payload_and(""),
                    "{dash}{upper}"
                );
            }
        }
        assert_eq!(plain("-ec x"), payload_and(""));
        for name in [
            "enx",
            "encodeda",
            "ea",
            "ex",
            "ep",
            "encodedcommands",
            "encoding",
            "---e",
        ] {
            assert_eq!(plain(&format!("-{name} x")), None, "{name}");
        }
    }

    #[test]
    fn other_parameters_take_what_is_theirs() {
        for before in [
            "-nop -noni -w hidden -ep bypass",
            "-NoProfile -ExecutionPolicy Bypass -sta",
            "-ex -e -mta",
            "-wd -e -of xml -inp text -noe -nol -cus name",
            "-f - -nop",
        ] {
            assert_eq!(
                plain(&format!("{before} -e x -w 1 -NonInteractive")),
                payload_and(""),
                "{before}"
            );
        }
        assert_eq!(find(Shell::Windows, "-v 2 -e x"), payload_and(""));
        assert_eq!(find(Shell::Core, "-v 2 -e x"), None);
        assert_eq!(find(Shell::Windows, "-i text -e x"), payload_and(""));
        assert_eq!(find(Shell::Core, "-i -e x"), payload_and(""));
    }

    #[test]
    fn script_text_is_left_alone() {
        for line in [
            "-c -e x",
            "-Command foo -e x",
            "-f a.ps1 -e x",
            "a.ps1 -e x",
            "-foo -e x",
            "-? -e x",
            "- -e x",
            "-cwa y -e x",
        ] {
            assert_eq!(plain(line), None, "{line}");
        }
        assert_eq!(plain("-e"), None);
        assert_eq!(plain(""), None);
    }

    #[test]
    fn what_the_shell_refuses_is_found_and_flagged() {
        assert_eq!(plain("-EncodedCommand:x"), payload_and("colon"));
        assert_eq!(plain("-e: x"), payload_and("colon"));
        assert_eq!(plain("-foo:x"), None);
        for line in ["-e x -e y", "-e x -c y", "-e x y", "-e x -what"] {
            assert_eq!(plain(line), payload_and("refused"), "{line}");
        }
    }
}
