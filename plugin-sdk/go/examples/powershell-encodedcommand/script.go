package main

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// look notes what a decoded script itself tells: that it unpacks another, that it is cut.
func look(script string, odd *oddities) {
	lower := strings.ToLower(script)
	for _, nested := range [][2]string{{"frombase64string", "nested-base64"}, {"deflatestream", "nested-deflate"}, {"gzipstream", "nested-gzip"}} {
		if strings.Contains(lower, nested[0]) {
			odd.note(nested[1])
		}
	}
	if endsWithinQuotes(script) {
		odd.note("unfinished")
	}
}

// endsWithinQuotes says whether a script ends within a quoted text or a block comment, by PowerShell's rules as far as they concern that: no such script can run.
func endsWithinQuotes(script string) bool {
	rest := script
	for {
		// Where the next thing begins that can hide a quote.
		at := strings.IndexAny(rest, "'\"`#@<")
		if at < 0 {
			return false
		}
		before, _ := utf8.DecodeLastRuneInString(rest[:at])
		beginsWord := at == 0 || unicode.IsSpace(before) || strings.ContainsRune(";{}()|&", before)
		from := rest[at:]
		ended := true
		switch {
		case strings.HasPrefix(from, "<#"):
			_, rest, ended = strings.Cut(from[2:], "#>")
		case strings.HasPrefix(from, "@'") && endsLine(from[2:]):
			_, rest, ended = strings.Cut(from[2:], "\n'@")
		case strings.HasPrefix(from, "@\"") && endsLine(from[2:]):
			_, rest, ended = strings.Cut(from[2:], "\n\"@")
		case from[0] == '\'':
			_, rest, ended = strings.Cut(from[1:], "'")
		case from[0] == '"':
			rest, ended = behindDoubleQuoted(from[1:])
		case from[0] == '#' && beginsWord:
			_, rest, _ = strings.Cut(from, "\n")
		case from[0] == '`':
			_, escaped := utf8.DecodeRuneInString(from[1:])
			rest = from[1+escaped:]
		default:
			rest = from[1:]
		}
		if !ended {
			return true
		}
	}
}

func endsLine(text string) bool {
	text = strings.TrimLeft(text, space)
	return text != "" && strings.IndexByte("\r\n", text[0]) >= 0
}

// behindDoubleQuoted gives what follows a text in double quotes, in which a backtick escapes. (Two quotes in it are one, or two texts: it comes to the same.)
func behindDoubleQuoted(text string) (string, bool) {
	for at := 0; at < len(text); at++ {
		switch text[at] {
		case '"':
			return text[at+1:], true
		case '`':
			at++
		}
	}
	return "", false
}
