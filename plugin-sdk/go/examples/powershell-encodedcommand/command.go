package main

import (
	"regexp"
	"slices"
	"strings"
)

// Which PowerShells a command line starts: itself one, or one behind cmd or another program that starts what it is told to.

const maxDepth = 8

// A shell is which PowerShell it is: they differ in their parameters.
type shell int

const (
	windows shell = 1 + iota // powershell.exe, up to 5.1
	core                     // pwsh.exe, from 6 on
)

// Started is a PowerShell that a command line starts, and what follows its name.
type started struct {
	shell shell
	rest  string
}

var shells = map[string]shell{"powershell": windows, "pwsh": core, "pwsh-preview": core}

// By its name or by the variable that holds it; a service's command line doubles the percent signs.
var cmd = []string{"cmd", "%comspec%", "%%comspec%%"}

// Programs, and commands of cmd, that run what stands in their arguments.
var launchers = strings.Fields("start call if for forfiles conhost runas psexec psexec64 paexec wmic schtasks")

// baseName is a program's name in lower case, without its folder and `.exe`.
func baseName(program string) string {
	name := strings.TrimSpace(program)
	name = strings.ToLower(name[strings.LastIndexAny(name, `\/`)+1:])
	return strings.TrimSuffix(name, ".exe")
}

// startedBy gives each PowerShell that line starts, in order.
func startedBy(line string) []started { return find(line, 0, nil) }

func find(line string, depth int, found []started) []started {
	if depth == maxDepth {
		return found
	}
	named, rest := program(line)
	name := baseName(named)
	switch {
	case shells[name] != 0:
		return append(found, started{shells[name], rest})
	case slices.Contains(cmd, name):
		before := len(found)
		for _, script := range cmdScripts(rest) {
			if len(found) == before {
				found = findInScript(script, depth, found)
			}
		}
	case slices.Contains(launchers, name):
		return findInArguments(rest, depth, found)
	default:
		if path, ok := unquotedPath(line); ok {
			return append(found, path)
		}
		if strings.Contains(named, "^") {
			// As it was typed to cmd, which is not in the line itself.
			return findInScript(line, depth, found)
		}
	}
	return found
}

func findInScript(script string, depth int, found []started) []started {
	for _, command := range cmdCommands(script) {
		found = find(command, depth+1, found)
	}
	return found
}

// A launcher's arguments: a program and its arguments, or a whole command line in one argument.
func findInArguments(rest string, depth int, found []started) []started {
	for rest = strings.TrimLeft(rest, space); rest != ""; {
		argument, behind := first(rest)
		if name := baseName(argument); shells[name] != 0 || slices.Contains(cmd, name) {
			return find(rest, depth+1, found)
		}
		if strings.ContainsAny(argument, space) {
			found = find(argument, depth+1, found)
		}
		rest = strings.TrimLeft(behind, space)
	}
	return found
}

// A path with spaces and without quotes, as in `C:\Program Files\PowerShell\7\pwsh.exe -e`: Windows tries it word by word.
func unquotedPath(line string) (started, bool) {
	line = strings.TrimSpace(line)
	if len(line) < 3 || line[1:3] != `:\` {
		return started{}, false
	}
	end := 0
	for word := range 9 {
		next := strings.IndexAny(line[end:], space)
		if next < 0 {
			end = len(line)
		} else {
			end += next
		}
		if strings.Contains(line[:end], `"`) {
			return started{}, false
		}
		if shell := shells[baseName(line[:end])]; word > 0 && shell != 0 {
			return started{shell, line[end:]}, true
		}
		if end == len(line) {
			return started{}, false
		}
		end++
	}
	return started{}, false
}

// What cmd is told to run: what follows its switch `/c`, `/k` or `/r`. Where that begins with a quote there are two readings, since cmd takes
// that quote and the last one off only if some conditions hold; the usual one comes first.
func cmdScripts(rest string) []string {
	for {
		rest = strings.TrimLeft(rest, " \t,;=")
		if len(rest) < 2 || rest[0] != '/' {
			return nil
		}
		letter := rest[1]
		rest = rest[2:]
		if strings.IndexByte("cCkKrR", letter) >= 0 {
			break
		}
		next := strings.IndexAny(rest, " \t/")
		if next < 0 {
			return nil
		}
		rest = rest[next:]
	}
	rest = strings.TrimLeft(rest, space)
	inner, quoted := strings.CutPrefix(rest, `"`)
	if !quoted {
		return []string{rest}
	}
	if last := strings.LastIndexByte(inner, '"'); last >= 0 {
		inner = inner[:last] + inner[last+1:]
	}
	return []string{inner, rest}
}

var (
	handle = regexp.MustCompile(`([ \t])[0-9]$`)
	target = regexp.MustCompile(`^[><& \t]*[^ \t&|\n<>]*`)
)

// The commands of a cmd script, as the programs are given them: divided at `&`, `|` and line ends, without carets, redirections, and the
// parentheses and `@` before them. All of these are plain within quotes.
func cmdCommands(script string) []string {
	var commands []string
	var command []byte
	quoted := false
	for at := 0; at < len(script); {
		letter := script[at]
		at++
		switch {
		case letter == '"':
			quoted = !quoted
			command = append(command, letter)
		case quoted && letter != '\n':
			command = append(command, letter)
		case letter == '^':
			if at < len(script) {
				command = append(command, script[at])
				at++
			}
		case strings.IndexByte("&|\n\r", letter) >= 0:
			quoted = false
			commands = append(commands, string(command))
			command = nil
		case (letter == '(' || letter == '@') && strings.TrimSpace(string(command)) == "":
		case letter == '>' || letter == '<':
			// `2>` says which handle; `a2>` ends in a word of its own.
			command = append(handle.ReplaceAll(command, []byte("$1")), ' ')
			at += len(target.FindString(script[at:]))
		default:
			command = append(command, letter)
		}
	}
	return append(commands, string(command))
}
