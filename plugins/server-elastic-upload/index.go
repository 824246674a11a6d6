package main

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A template is the name of an index with places in it: texts and places by turns.
type template []part

type part struct {
	text   string // as it stands
	isLog  bool   // the log's name
	layout string // a time
}

// What a time may be put together from, and what package time calls it.
var units = []struct{ written, layout string }{{"yyyy", "2006"}, {"MM", "01"}, {"dd", "02"}, {"HH", "15"}}

func parseTemplate(text string) (template, error) {
	var made template
	for rest := text; rest != ""; {
		plain, behind, found := strings.Cut(rest, "{")
		if plain != "" {
			made = append(made, part{text: plain})
		}
		if !found {
			break
		}
		place, after, closed := strings.Cut(behind, "}")
		if !closed {
			return nil, fmt.Errorf("Index: `%s` has a { without a }", text)
		}
		if place == "log" {
			made = append(made, part{isLog: true})
		} else if layout, ok := layoutOf(place); ok {
			made = append(made, part{layout: layout})
		} else {
			return nil, fmt.Errorf("Index: `{%s}` is neither `{log}` nor a time of yyyy, MM, dd and HH, such as `{yyyy.MM.dd}`", place)
		}
		rest = after
	}
	if name := made.fill("x", 0); strings.Trim(name, "_.") == "" {
		return nil, fmt.Errorf("Index: `%s` is no name", text)
	}
	return made, nil
}

func layoutOf(place string) (string, bool) {
	layout, some := "", false
next:
	for place != "" {
		for _, unit := range units {
			if rest, ok := strings.CutPrefix(place, unit.written); ok {
				layout, place, some = layout+unit.layout, rest, true
				continue next
			}
		}
		if !strings.ContainsRune(".-_", rune(place[0])) {
			return "", false
		}
		layout, place = layout+place[:1], place[1:]
	}
	return layout, some
}

// fill gives the index for a row that the server received at this time. The time is the server's own: by one of an endpoint's telling, a single
// endpoint could have as many indices made as it likes.
func (t template) fill(log string, received float64) string {
	var name strings.Builder
	for _, part := range t {
		switch {
		case part.isLog:
			name.WriteString(log)
		case part.layout != "":
			name.WriteString(timeOf(received).Format(part.layout))
		default:
			name.WriteString(part.text)
		}
	}
	return clean(name.String())
}

const longestIndex = 255

// clean makes a name of an index by Elasticsearch's rules: lower case, none of some characters, not beginning with some others, 255 bytes.
func clean(name string) string {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune("\\/*?\"<>|,#:{}", r) || unicode.IsSpace(r) || !unicode.IsPrint(r) {
			return '_'
		}
		return unicode.ToLower(r)
	}, name)
	name = strings.TrimLeft(name, "-_+.")
	for len(name) > longestIndex {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name
}

// timeOf is a time from seconds since the Unix epoch, in UTC.
func timeOf(seconds float64) time.Time {
	return time.UnixMicro(int64(seconds*1e6 + 0.5)).UTC()
}
