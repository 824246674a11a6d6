//! Which PowerShells a command line starts: itself one, or one behind cmd or another program that starts what it is told to.

use std::borrow::Cow;

use crate::argv;

/// How deep command lines may stand in one another.
const MAX_DEPTH: u8 = 8;

/// Which PowerShell it is: they differ in their parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shell {
    /// `powershell.exe`, up to 5.1.
    Windows,
    /// `pwsh.exe`, from 6 on.
    Core,
}

impl Shell {
    /// Which one a program's name means.
    fn of(program: &str) -> Option<Self> {
        let name = base_name(program);
        if name.eq_ignore_ascii_case("powershell") {
            Some(Self::Windows)
        } else if name.eq_ignore_ascii_case("pwsh") || name.eq_ignore_ascii_case("pwsh-preview") {
            Some(Self::Core)
        } else {
            None
        }
    }
}

/// A program's name without its folder and `.exe`.
fn base_name(program: &str) -> &str {
    let name = program.trim();
    let name = name.rsplit(['\\', '/']).next().unwrap_or(name);
    match name
        .len()
        .checked_sub(4)
        .and_then(|at| name.split_at_checked(at))
    {
        Some((stem, extension)) if extension.eq_ignore_ascii_case(".exe") => stem,
        _ => name,
    }
}

fn is_one_of(program: &str, names: &[&str]) -> bool {
    let name = base_name(program);
    names.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// cmd, by its name or by the variable that holds it; a service's command line doubles the percent signs.
const CMD: &[&str] = &["cmd", "%comspec%", "%%comspec%%"];

/// Programs, and commands of cmd, that run what stands in their arguments.
const LAUNCHERS: &[&str] = &[
    "start", "call", "if", "for", "forfiles", "conhost", "runas", "psexec", "psexec64", "paexec",
    "wmic", "schtasks",
];

/// A PowerShell that a command line starts, and its arguments.
pub(crate) type Started = (Shell, Vec<String>);

/// Each PowerShell that `line` starts, in order.
pub(crate) fn shells(line: &str) -> Vec<Started> {
    let mut found = Vec::new();
    find(line, 0, &mut found);
    found
}

fn find(line: &str, depth: u8, found: &mut Vec<Started>) {
    if depth == MAX_DEPTH {
        return;
    }
    let (program, rest) = argv::program(line);
    if let Some(shell) = Shell::of(&program) {
        found.push((shell, argv::arguments(rest)));
    } else if is_one_of(&program, CMD) {
        let before = found.len();
        for script in cmd_scripts(rest) {
            if found.len() == before {
                find_in_script(&script, depth, found);
            }
        }
    } else if is_one_of(&program, LAUNCHERS) {
        find_in_arguments(rest, depth, found);
    } else if let Some((shell, rest)) = unquoted_path(line) {
        found.push((shell, argv::arguments(rest)));
    } else if program.contains('^') {
        // As it was typed to cmd, which is not in the line itself.
        find_in_script(line, depth, found);
    }
}

fn find_in_script(script: &str, depth: u8, found: &mut Vec<Started>) {
    for command in cmd_commands(script) {
        find(&command, depth + 1, found);
    }
}

/// A launcher's arguments: a program and its arguments, or a whole command line in one argument.
fn find_in_arguments(mut rest: &str, depth: u8, found: &mut Vec<Started>) {
    rest = argv::trim(rest);
    while !rest.is_empty() {
        let (argument, behind) = argv::first(rest);
        if Shell::of(&argument).is_some() || is_one_of(&argument, CMD) {
            return find(rest, depth + 1, found);
        }
        if argument.contains([' ', '\t']) {
            find(&argument, depth + 1, found);
        }
        rest = argv::trim(behind);
    }
}

/// A path with spaces and without quotes, as in `C:\Program Files\PowerShell\7\pwsh.exe -e ...`: Windows tries it word by word.
fn unquoted_path(line: &str) -> Option<(Shell, &str)> {
    let line = line.trim_start();
    if line.as_bytes().get(1..3) != Some(b":\\") {
        return None;
    }
    let ends = line.match_indices([' ', '\t']).map(|(at, _)| at);
    ends.chain([line.len()])
        .take_while(|&end| !line[..end].contains('"'))
        .skip(1)
        .take(8)
        .find_map(|end| Some((Shell::of(&line[..end])?, &line[end..])))
}

/// What cmd is told to run: what follows its switch `/c`, `/k` or `/r`. Where that begins with a quote there are two readings, since cmd takes
/// that quote and the last one off only if some conditions hold; the usual one comes first.
fn cmd_scripts(mut rest: &str) -> Vec<Cow<'_, str>> {
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',', ';', '=']);
        let Some(switch) = rest.strip_prefix('/') else {
            return Vec::new();
        };
        let mut letters = switch.chars();
        let Some(letter) = letters.next() else {
            return Vec::new();
        };
        let more = letters.as_str();
        if matches!(letter.to_ascii_lowercase(), 'c' | 'k' | 'r') {
            rest = argv::trim(more);
            break;
        }
        rest = &more[more.find([' ', '\t', '/']).unwrap_or(more.len())..];
    }
    let Some(inner) = rest.strip_prefix('"') else {
        return vec![rest.into()];
    };
    let without_quotes = match inner.rfind('"') {
        Some(last) => [&inner[..last], &inner[last + 1..]].concat().into(),
        None => inner.into(),
    };
    vec![without_quotes, rest.into()]
}

/// The commands of a cmd script, as the programs are given them: divided at `&`, `|` and line ends, without carets, redirections, and the
/// parentheses and `@` before them. All of these are plain within quotes.
fn cmd_commands(script: &str) -> Vec<String> {
    let mut commands = vec![String::new()];
    let mut quoted = false;
    let mut rest = script.chars();
    while let Some(c) = rest.next() {
        let Some(command) = commands.last_mut() else {
            break;
        };
        match c {
            '"' => {
                quoted = !quoted;
                command.push(c);
            }
            _ if quoted && c != '\n' => command.push(c),
            '^' => command.extend(rest.next()),
            '&' | '|' | '\n' | '\r' => {
                quoted = false;
                commands.push(String::new());
            }
            '(' | '@' if command.trim().is_empty() => {}
            '>' | '<' => {
                // `2>` says which handle; `a2>` ends in a word of its own.
                if command.ends_with(|c: char| c.is_ascii_digit())
                    && command[..command.len() - 1].ends_with([' ', '\t'])
                {
                    command.pop();
                }
                let target = rest.as_str().trim_start_matches(['>', '<', '&', ' ', '\t']);
                let end = target.find([' ', '\t', '&', '|', '\n', '<', '>']);
                rest = target[end.unwrap_or(target.len())..].chars();
                command.push(' ');
            }
            _ => command.push(c),
        }
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shells' arguments, `|` between them.
    fn found(line: &str) -> Vec<String> {
        let started = shells(line).into_iter();
        started.map(|(_, arguments)| arguments.join("|")).collect()
    }

    #[test]
    fn shells_are_known_by_their_names() {
        for name in [
            "powershell",
            "PowerShell.EXE",
            r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe",
            r"%SystemRoot%\system32\windowspowershell\v1.0\powershell",
            "./pwsh",
            "pwsh-preview.exe",
            r#"pow""ershell"#,
            r#""C:\Program Files\PowerShell\7\pwsh.exe""#,
            r"C:\Program Files\PowerShell\7\pwsh.exe",
            "p^ower^shell",
        ] {
            assert_eq!(found(&format!("{name} -e x")), ["-e|x"], "{name}");
        }
        for name in [
            "ffmpeg",
            "powershell_ise",
            "mypwsh",
            "powershell.exe.txt",
            "notepad powershell",
            "echo powershell",
        ] {
            assert_eq!(found(&format!("{name} -e x")), [""; 0], "{name}");
        }
    }

    #[test]
    fn cmd_is_looked_through() {
        for line in [
            "cmd /c powershell -e x",
            r"C:\windows\system32\cmd.exe  /C start /b powershell -e x",
            r#""C:\Windows\System32\cmd.exe" /c %COMSPEC% /C start /b C:\W\powershell -e x"#,
            "%%COMSPEC%% /b /c start /b /min powershell -e x",
            r#"cmd.exe /C "C:\windows\system32\cmd.exe /C start /b powershell -e x""#,
            "cmd /q/cpowershell -e x",
            r#"cmd /c "powershell" -e x"#,
            r#"cmd /c "C:\Program Files\PowerShell\7\pwsh.exe" -e x"#,
            r#"cmd /s /c ""C:\Program Files\PowerShell\7\pwsh.exe" -e "x"""#,
            "cmd /c p^o^wershell -^e x",
            "cmd /v:on /c (@powershell -e x",
            "cmd /c powershell -e x>nul 2>&1",
            "cmd /c powershell > out.txt -e x",
            "cmd /c echo a & powershell -e x",
            r#"cmd /c "echo a && powershell -e x""#,
            r#"cmd /c start "a title" powershell -e x"#,
            "cmd /c if 1==1 powershell -e x",
            "cmd /k call powershell -e x",
            r#"forfiles /c "cmd /c powershell -e x""#,
            r#"wmic process call create "powershell -e x""#,
            "psexec \\\\host -s powershell -e x",
        ] {
            let arguments = found(line);
            assert_eq!(arguments.len(), 1, "{line}: {arguments:?}");
            assert_eq!(arguments[0], "-e|x", "{line}: {arguments:?}");
        }
        assert_eq!(
            found("cmd /c powershell -e x | pwsh -e y"),
            ["-e|x", "-e|y"]
        );
        assert_eq!(found(r#"cmd /c powershell "a & b" -e x"#), ["a & b|-e|x"]);
        for line in [
            "cmd powershell -e x",
            "cmd /c echo powershell -e x",
            "cmd /c",
            "cmd /",
            "cmd",
        ] {
            assert_eq!(found(line), [""; 0], "{line}");
        }
    }

    #[test]
    fn nesting_has_an_end() {
        let line = format!("{}powershell -e x", "cmd /c ".repeat(10_000));
        assert_eq!(found(&line), [""; 0]);
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_survived(line in r#"(cmd|/c|powershell|start|"|\^|&|>| |-e|[a-zé—]){0,40}"#) {
            let _ = found(&line);
        }
    }
}
