package main

import "strings"

// From a command line to arguments, by the rules of the C runtime on Windows, which both shells' programs are started through.
//
// Spaces and tabs outside of quotes divide. A quote begins or ends a quoted part and is dropped; within one, two quotes are one. `2n` backslashes
// before a quote are `n`, `2n+1` are `n` and make it a plain quote; elsewhere backslashes are plain. The program's name knows quotes only.

const space = " \t"

// program gives the program's name and what follows it, as it stands there.
func program(line string) (name, rest string) {
	line = strings.TrimLeft(line, space)
	quoted := false
	end := strings.IndexFunc(line, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return !quoted && strings.ContainsRune(space, r)
	})
	if end < 0 {
		end = len(line)
	}
	return strings.ReplaceAll(line[:end], `"`, ""), line[end:]
}

// arguments gives the arguments in what follows the program's name.
func arguments(rest string) []string {
	var found []string
	for rest = strings.TrimLeft(rest, space); rest != ""; rest = strings.TrimLeft(rest, space) {
		var argument string
		argument, rest = first(rest)
		found = append(found, argument)
	}
	return found
}

// first gives the argument at the start of text, and what follows it.
func first(text string) (argument, rest string) {
	var made strings.Builder
	quoted := false
	for {
		// Everything up to the next character that means something is taken as it is.
		plain := strings.IndexAny(text, "\"\\ \t")
		if plain < 0 {
			plain = len(text)
		}
		made.WriteString(text[:plain])
		text = text[plain:]
		switch {
		case text == "":
			return made.String(), text
		case text[0] == '"':
			text = text[1:]
			if quoted && strings.HasPrefix(text, `"`) {
				made.WriteByte('"')
				text = text[1:]
			} else {
				quoted = !quoted
			}
		case text[0] == '\\':
			behind := strings.TrimLeft(text, `\`)
			count := len(text) - len(behind)
			text = behind
			if !strings.HasPrefix(text, `"`) {
				made.WriteString(strings.Repeat(`\`, count))
				continue
			}
			made.WriteString(strings.Repeat(`\`, count/2))
			if count%2 == 1 {
				made.WriteByte('"')
				text = text[1:]
			}
		case quoted:
			made.WriteByte(text[0])
			text = text[1:]
		default:
			return made.String(), text
		}
	}
}
