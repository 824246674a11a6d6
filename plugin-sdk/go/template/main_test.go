package main

import (
	"reflect"
	"testing"

	"watchbox/watchboxtest"
)

func TestOnlyLongOnesBecomeRows(t *testing.T) {
	installed, err := watchboxtest.Install(watchboxtest.New(t), New, map[string]any{"Longest": 5})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := installed.Events("Windows.Events.ProcessCreation",
		map[string]any{"ClientId": "C.1", "CommandLine": "short"},
		map[string]any{"ClientId": "C.2", "CommandLine": "longer"},
		map[string]any{"ClientId": "C.3", "CommandLine": nil},
	)
	if err != nil {
		t.Fatal(err)
	}
	wanted := []map[string]any{{"ClientId": "C.2", "CommandLine": "longer", "Length": int64(6)}}
	if !reflect.DeepEqual(rows, wanted) {
		t.Errorf("got %v, wanted %v", rows, wanted)
	}
}
