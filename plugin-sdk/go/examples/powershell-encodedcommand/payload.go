package main

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Oddities are what is odd about a command, each once, in the order in which they were noticed.
type oddities []string

func (o *oddities) note(word string) {
	if !slices.Contains(*o, word) {
		*o = append(*o, word)
	}
}

// How many bytes must stand before a character that is not base64 for the whole to count as a payload and not as a word.
const minBeforeJunk = 16

// decode gives the script in a payload: base64 of UTF-16, little end first, or what is left or made of it; empty where there is none to speak of.
func decode(payload string, odd *oddities) string {
	content := contentOf(payload, odd)
	if content == nil {
		return ""
	}
	if bytes.HasPrefix(content, []byte{0x1f, 0x8b, 0x08}) {
		odd.note("gzip")
	}
	text := textOf(content, odd)
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\t\n\r", r) }) {
		odd.note("control-characters")
	}
	look(text, odd)
	return text
}

// contentOf is the bytes of a payload, as far as it is base64. White space in it is passed over, as .NET does.
func contentOf(payload string, odd *oddities) []byte {
	symbols := strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "").Replace(payload)
	end := strings.IndexFunc(symbols, func(r rune) bool {
		return !(r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '+' || r == '/')
	})
	if end < 0 {
		end = len(symbols)
	}
	padded := strings.Trim(symbols[end:], "=") == ""
	if !padded {
		odd.note("not-base64")
	} else if len(symbols)%4 != 0 || len(symbols)-end > 2 {
		odd.note("truncated")
	}
	// A single symbol behind the last quantum holds no whole byte.
	if end%4 == 1 {
		end--
	}
	content, err := base64.RawStdEncoding.DecodeString(symbols[:end])
	if err != nil || len(content) == 0 || !padded && len(content) < minBeforeJunk {
		return nil
	}
	return content
}

// textOf is the text of a payload's bytes.
func textOf(content []byte, odd *oddities) string {
	if isUTF8(content) {
		odd.note("not-utf16")
		return string(content)
	}
	if len(content)%2 == 1 {
		odd.note("truncated")
	}
	// ASCII, which every script has some of, tells which end comes first.
	little, big := 0, 0
	for at := 0; at+1 < len(content); at += 2 {
		if content[at+1] == 0 && content[at] != 0 {
			little++
		}
		if content[at] == 0 && content[at+1] != 0 {
			big++
		}
	}
	bigEnd := big > little || bytes.HasPrefix(content, []byte{0xfe, 0xff})
	if bigEnd {
		odd.note("utf-16be")
	}
	units := make([]uint16, len(content)/2)
	for at := range units {
		even, odd := uint16(content[2*at]), uint16(content[2*at+1])
		if bigEnd {
			units[at] = even<<8 | odd
		} else {
			units[at] = even | odd<<8
		}
	}
	for at := 0; at < len(units); at++ {
		switch {
		case !utf16.IsSurrogate(rune(units[at])):
		case at+1 < len(units) && utf16.DecodeRune(rune(units[at]), rune(units[at+1])) != utf8.RuneError:
			at++
		default:
			odd.note("lone-surrogate")
		}
	}
	if len(units) > 0 && units[0] == 0xfeff {
		odd.note("bom")
	}
	return string(utf16.Decode(units))
}

// isUTF8 says whether the bytes are UTF-8. UTF-16 of a script is not: its ASCII brings zeros along.
func isUTF8(content []byte) bool {
	odd := func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\t\n\r\x1b", r) }
	return len(content) > 2 && utf8.Valid(content) && !bytes.ContainsFunc(content, odd)
}
