package main

import (
	"reflect"
	"strings"
	"testing"

	"watchbox/watchboxtest"
)

const dir = "ZABpAHIA" // `dir`

// scripts are those in a command line, each with what is odd about it behind a colon.
func scripts(t *testing.T, line any) []string {
	t.Helper()
	installed, err := watchboxtest.Install(watchboxtest.New(t), func(struct{}) (EncodedCommand, error) { return EncodedCommand{}, nil }, nil)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := installed.Events("X", map[string]any{"ClientId": "C.1", "CommandLine": line})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, row := range rows {
		found = append(found, row["Script"].(string)+":"+row["Oddities"].(string))
	}
	return found
}

func TestEveryPrefixAndEverySwitchCharacter(t *testing.T) {
	for end := range len("encodedcommand") {
		for _, dash := range []string{"-", "/", "\u2013", "\u2014", "\u2015", "--"} {
			line := "powershell " + dash + "encodedcommand"[:end+1] + " " + dir
			if found := scripts(t, line); !reflect.DeepEqual(found, []string{"dir:"}) {
				t.Errorf("%s: %q", line, found)
			}
		}
	}
	if found := scripts(t, "cmd /c p^owershell -enc dwB^oAG8AYQBtAGk & pwsh -e "+dir); !reflect.DeepEqual(found, []string{"whoam:truncated", "dir:"}) {
		t.Errorf("%q", found)
	}
}

func TestArgumentsAreDividedAsTheRuntimeDoes(t *testing.T) {
	for line, wanted := range map[string][]string{
		`"abc" d e`:       {"abc", "d", "e"},
		`a\\b d"e f"g h`:  {`a\\b`, "de fg", "h"},
		`a\\\"b c d`:      {`a\"b`, "c", "d"},
		`a\\\\"b c" d e`:  {`a\\b c`, "d", "e"},
		`a"b"" c d`:       {`ab" c d`},
		`"" end`:          {"", "end"},
		`"never closed x`: {"never closed x"},
	} {
		if found := arguments(line); !reflect.DeepEqual(found, wanted) {
			t.Errorf("%s: %q", line, found)
		}
	}
}

func TestQuotesAreBalancedAsPowerShellDoes(t *testing.T) {
	for _, whole := range []string{"", "'a''b' + \"c`\"d\" + '\"'", "# don't\nwhoami # can't", "<# it's\n\" #> dir", "@'\nit's \"\n'@", "echo a`'b", "echo a#b"} {
		if endsWithinQuotes(whole) {
			t.Error(whole)
		}
	}
	for _, cut := range []string{"'", "echo 'a''", "\"a`\"", "<# a", "@'\nit", "echo a#'b"} {
		if !endsWithinQuotes(cut) {
			t.Error(cut)
		}
	}
}

func TestNestingHasAnEnd(t *testing.T) {
	if found := scripts(t, strings.Repeat("cmd /c ", 10_000)+"powershell -e "+dir); found != nil {
		t.Errorf("%q", found)
	}
	if found := scripts(t, 5); found != nil {
		t.Errorf("%q", found)
	}
}
