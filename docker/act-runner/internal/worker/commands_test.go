package worker

import (
	"strings"
	"testing"
)

func TestCommands(t *testing.T) {
	for _, one := range []struct {
		allow, lines, dropped string
	}{
		{"", "hello|::warning::x|::set-output name=a::b", ""},
		{"", "::set-env name=A::b|after", "::set-env name=A::b"},
		{"", "##[add-path]/x|::ADD-PATH::/y::z", "##[add-path]/x|::ADD-PATH::/y::z"},
		{"", "::add-path|a ::add-path::/x|::add-path :/x", ""},
		{"", "::stop-commands::Token|::add-path::/x|::token::|::add-path::/y", "::add-path::/y"},
		{"false", "::add-path::/x", "::add-path::/x"},
		{"true", "::add-path::/x|::set-env name=A::b", ""},
	} {
		var said []string
		c := newCommands(map[string]string{allowVariable: one.allow}, func(message string) { said = append(said, message) })
		var dropped []string
		for _, line := range strings.Split(one.lines, "|") {
			if !c.pass(line) {
				dropped = append(dropped, line)
			}
		}
		if got := strings.Join(dropped, "|"); got != one.dropped || c.refused != (one.dropped != "") || len(said) != 2*len(dropped) {
			t.Errorf("%s: %s, %v, %q", one.lines, got, c.refused, said)
		}
	}
}

func TestGate(t *testing.T) {
	var passed strings.Builder
	g := newGate(&passed, newCommands(nil, func(string) {}))
	for _, part := range []string{"one\ntw", "o\n::add-", "path::/x\nthree"} {
		if count, err := g.Write([]byte(part)); err != nil || count != len(part) {
			t.Error(count, err)
		}
	}
	g.close()
	_, _ = g.Write([]byte("late\n"))
	if passed.String() != "one\ntwo\nthree\n" || !g.commands.refused {
		t.Errorf("%q", passed.String())
	}
}
