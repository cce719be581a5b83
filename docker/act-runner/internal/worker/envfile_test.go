package worker

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestParseEnvFile(t *testing.T) {
	for text, want := range map[string]map[string]string{
		"":                                      {},
		"A=b\nC=d=e\n":                          {"A": "b", "C": "d=e"},
		"\n\r\n A=\n\nC=d":                      {" A": "", "C": "d"},
		"\xef\xbb\xbfA=b\r\n":                   {"A": "b"},
		"A<<END\n\n  b\n\nEND\nC=d\n":           {"A": "\n  b\n", "C": "d"},
		"A<<END\nEND\nB<<X\nA=1\r\nX<<Y\r\nX\n": {"A": "", "B": "A=1\r\nX<<Y"},
		"A=b<<c\nA=d":                           {"A": "d"},
	} {
		if got, err := parseEnvFile(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"A=b\nnothing\nC=d": "Invalid format 'nothing'",
		"A=b\n<<END\nEND":   "Invalid format '<<END'. Name must not be empty",
		"A=b\nC<<\nEND":     "Invalid format 'C<<'. Name must not be empty",
		"A=b\nC<<END\nd":    "Invalid value. Matching delimiter not found 'END'",
	} {
		got, err := parseEnvFile(text)
		if err == nil || !strings.HasPrefix(err.Error(), want) || !reflect.DeepEqual(got, map[string]string{"A": "b"}) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func TestUpdateFromEnv(t *testing.T) {
	var problems []string
	e := &environment{exported: map[string]bool{}, problem: func(message string) { problems = append(problems, message) }}
	folder := t.TempDir()
	read := func(name, text string) map[string]string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		into := map[string]string{"before": "there"}
		if err := e.UpdateFromEnv(path, &into)(context.Background()); err != nil {
			t.Error(err)
		}
		return into
	}
	text := "A=b\nnode_options=--require x\n"
	if got := read("envs.txt", text); !reflect.DeepEqual(got, map[string]string{"before": "there", "A": "b"}) {
		t.Error(got)
	}
	if !reflect.DeepEqual(problems, []string{"node_options cannot be set by $GITHUB_ENV."}) {
		t.Error(problems)
	}
	if got := read("outputcmd.txt", text); got["node_options"] != "--require x" {
		t.Error(got)
	}
	if !e.exported["A"] || e.exported["node_options"] {
		t.Error(e.exported)
	}
	if err := e.UpdateFromEnv(filepath.Join(folder, "missing"), &map[string]string{})(context.Background()); err != nil {
		t.Error(err)
	}
}
