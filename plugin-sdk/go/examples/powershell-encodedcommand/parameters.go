package main

import "strings"

// PowerShell's own parameters: which argument is the encoded command.
//
// The rules are those of `CommandLineParameterParser`: a parameter may be shortened to any prefix of at least some length, the first table entry
// that fits wins, and from `-Command`, `-File` or the first argument that is no parameter on, all is script text.

// A kind is what a parameter does to the arguments behind it.
type kind int

const (
	unknown kind = iota
	flag         // nothing
	value        // it takes the next one
	encoded      // it takes the next one as the encoded command
	file         // it takes all of them, unless its value is `-` (read from stdin)
	script       // it takes all of them
	ends         // what follows does not matter: the shell shows something and ends
)

// A parameter, the length of its shortest form, what it does, and which shell has it alone. What is tried earlier for one of the two comes first.
var parameters = []struct {
	name     string
	shortest int
	kind     kind
	only     shell
}{
	{"version", 1, value, windows},
	{"psconsolefile", 1, value, windows},
	{"importsystemmodules", 3, flag, windows},
	{"inputformat", 1, value, windows},
	{"version", 1, ends, core},
	{"login", 1, flag, core},
	{"interactive", 1, flag, core},
	{"help", 1, ends, 0},
	{"?", 1, ends, 0},
	{"noexit", 3, flag, 0},
	{"noprofile", 3, flag, 0},
	{"nologo", 3, flag, 0},
	{"noninteractive", 4, flag, 0},
	{"socketservermode", 2, flag, 0},
	{"v2socketservermode", 4, flag, 0},
	{"servermode", 1, flag, 0},
	{"namedpipeservermode", 3, flag, 0},
	{"sshservermode", 4, flag, 0},
	{"noprofileloadtime", 17, flag, 0},
	{"configurationfile", 17, value, 0},
	{"configurationname", 6, value, 0},
	{"custompipename", 3, value, 0},
	{"commandwithargs", 15, script, 0},
	{"cwa", 3, script, 0},
	{"command", 1, script, 0},
	{"windowstyle", 1, value, 0},
	{"file", 1, file, 0},
	{"isswait", 7, flag, 0},
	{"outputformat", 1, value, 0},
	{"of", 2, value, 0},
	{"inputformat", 3, value, 0},
	{"if", 2, value, 0},
	{"executionpolicy", 2, value, 0},
	{"ep", 2, value, 0},
	{"encodedcommand", 1, encoded, 0},
	{"ec", 1, encoded, 0},
	{"encodedarguments", 8, value, 0},
	{"ea", 2, value, 0},
	{"settingsfile", 8, value, 0},
	{"sta", 3, flag, 0},
	{"mta", 3, flag, 0},
	{"workingdirectory", 2, value, 0},
	{"wd", 2, value, 0},
	{"removeworkingdirectorytrailingcharacter", 39, flag, 0},
	{"token", 2, value, 0},
	{"utctimestamp", 3, value, 0},
}

func kindOf(shell shell, key string) kind {
	key = strings.ToLower(key)
	for _, parameter := range parameters {
		has := parameter.only == 0 || parameter.only == shell
		if has && len(key) >= parameter.shortest && strings.HasPrefix(parameter.name, key) {
			return parameter.kind
		}
	}
	return unknown
}

// switchOf is what is left of a switch without its dash, slash or two dashes.
func switchOf(argument string) (key string, ok bool) {
	dash := func(text string, more string) (string, bool) {
		for _, dash := range "-\u2013\u2014\u2015" + more {
			if rest, found := strings.CutPrefix(text, string(dash)); found {
				return rest, true
			}
		}
		return text, false
	}
	key, ok = dash(strings.TrimSpace(argument), "/")
	if ok {
		key, _ = dash(key, "")
	}
	return key, ok
}

// payloadOf is the encoded command among the arguments, as it stands there.
func payloadOf(shell shell, arguments []string, odd *oddities) (payload string, found bool) {
	for at := 0; at < len(arguments); at++ {
		next, following := "", at+1 < len(arguments)
		if following {
			next = arguments[at+1]
		}
		// Without a switch, the script's name or text begins here, which may not follow a command.
		key, isSwitch := switchOf(arguments[at])
		kind := unknown
		if isSwitch {
			kind = kindOf(shell, key)
		}
		switch {
		case kind == flag:
			continue
		case kind == value:
			at++
			continue
		case kind == encoded && !found:
			if !following {
				return "", false
			}
			payload, found = next, true
			at++
			continue
		case kind == file && next == "-":
			at++
			continue
		case kind == ends:
		case found:
			odd.note("refused")
		case isSwitch && kind == unknown:
			if payload, found = behindColon(shell, key, next); found {
				odd.note("colon")
			}
		}
		break
	}
	return payload, found
}

// behindColon is the payload of `-EncodedCommand:payload` or `-EncodedCommand: payload`.
func behindColon(shell shell, key, following string) (payload string, found bool) {
	at := strings.IndexAny(key, ":=")
	if at < 0 || kindOf(shell, key[:at]) != encoded {
		return "", false
	}
	if payload = key[at+1:]; payload == "" {
		payload = following
	}
	return payload, payload != ""
}
