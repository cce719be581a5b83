// Reads shell scripts as JSON from standard input and prints the simple commands in them, as a shell would see them: quotes removed,
// continued lines joined, commands inside substitutions included. What only running could tell stays as it is written: "$NAME".
//
//	[{"name":"a","text":"eval \"$(b --c 'd e')\""}] ⇒ [{"name":"a","commands":[{"line":1,"words":["eval","\"$(b --c 'd e')\""]},{"line":1,"words":["b","--c","d e"]}]}]
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

type script struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

type command struct {
	Line  uint     `json:"line"`
	Words []string `json:"words"`
}

type answer struct {
	Name     string    `json:"name"`
	Error    string    `json:"error,omitempty"`
	Commands []command `json:"commands"`
}

func main() {
	var scripts []script
	if err := json.NewDecoder(os.Stdin).Decode(&scripts); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	answers := make([]answer, 0, len(scripts))
	for _, given := range scripts {
		answers = append(answers, read(given))
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func read(given script) answer {
	found := answer{Name: given.Name, Commands: []command{}}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(given.Text), given.Name)
	if err != nil {
		found.Error = err.Error()
		return found
	}
	syntax.Walk(file, func(node syntax.Node) bool {
		if call, ok := node.(*syntax.CallExpr); ok && len(call.Args) > 0 {
			words := make([]string, 0, len(call.Args))
			for _, word := range call.Args {
				words = append(words, textOf(given.Text, word))
			}
			found.Commands = append(found.Commands, command{Line: call.Pos().Line(), Words: words})
		}
		return true
	})
	return found
}

// A word without its quotes, or as it is written if a part of it is known only to a running shell.
func textOf(source string, word *syntax.Word) string {
	var text strings.Builder
	for _, part := range word.Parts {
		literal, known := literalOf(part)
		if !known {
			return source[word.Pos().Offset():word.End().Offset()]
		}
		text.WriteString(literal)
	}
	return text.String()
}

func literalOf(part syntax.WordPart) (string, bool) {
	switch part := part.(type) {
	case *syntax.Lit:
		return unescaped(part.Value), true
	case *syntax.SglQuoted:
		return part.Value, !part.Dollar
	case *syntax.DblQuoted:
		var text strings.Builder
		for _, inner := range part.Parts {
			literal, known := inner.(*syntax.Lit)
			if !known || part.Dollar {
				return "", false
			}
			text.WriteString(literal.Value)
		}
		return text.String(), true
	default:
		return "", false
	}
}

// Backslashes outside quotes stand for the next character.
func unescaped(value string) string {
	var text strings.Builder
	for index := 0; index < len(value); index++ {
		if value[index] == '\\' && index+1 < len(value) {
			index++
			if value[index] == '\n' {
				continue
			}
		}
		text.WriteByte(value[index])
	}
	return text.String()
}
