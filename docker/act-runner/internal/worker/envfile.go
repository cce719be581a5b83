package worker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/actions-oss/act-cli/pkg/common"
)

// blocked are variables that no step may set for later ones: by these, text could be made a program.
var blocked = []string{"NODE_OPTIONS"}

// envFiles are the names of the files in which steps and hooks set variables; others of the same form have outputs and states.
var envFiles = map[string]bool{"envs.txt": true, "github_env": true}

// UpdateFromEnv reads a file by which a step sets variables, outputs or states. act's own reader does not know empty lines, and loses
// those at the beginning of a value.
func (e *environment) UpdateFromEnv(path string, into *map[string]string) common.Executor {
	values := *into
	return func(context.Context) error {
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		set, err := parseEnvFile(string(text))
		isEnv := envFiles[filepath.Base(path)]
		for name, value := range set {
			if isEnv && isBlocked(name) {
				e.problem(fmt.Sprintf("%s cannot be set by $GITHUB_ENV.", name))
				continue
			}
			values[name] = value
			e.exported[name] = e.exported[name] || isEnv
		}
		return err
	}
}

func isBlocked(name string) bool {
	for _, each := range blocked {
		if strings.EqualFold(name, each) {
			return true
		}
	}
	return false
}

// parseEnvFile reads lines NAME=VALUE, and NAME<<END with lines of the value up to one that is END. With an error it returns what came
// before it.
//
// https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#multiline-strings
func parseEnvFile(text string) (map[string]string, error) {
	values := map[string]string{}
	text = strings.TrimPrefix(text, "\xef\xbb\xbf")
	for text != "" {
		var line string
		line, text = cutLine(text)
		if line == "" {
			continue
		}
		equals, heredoc := strings.Index(line, "="), strings.Index(line, "<<")
		switch {
		case equals >= 0 && (heredoc < 0 || equals < heredoc):
			values[line[:equals]] = line[equals+1:]
		case heredoc < 0:
			return values, fmt.Errorf("Invalid format '%s'", line)
		default:
			name, end := line[:heredoc], line[heredoc+2:]
			if name == "" || end == "" {
				return values, fmt.Errorf("Invalid format '%s'. Name must not be empty and delimiter must not be empty", line)
			}
			value, rest, found := cutValue(text, end)
			if !found {
				return values, fmt.Errorf("Invalid value. Matching delimiter not found '%s'", end)
			}
			values[name], text = value, rest
		}
	}
	return values, nil
}

// cutLine separates the first line from the others.
func cutLine(text string) (line, rest string) {
	line, rest, _ = strings.Cut(text, "\n")
	return strings.TrimSuffix(line, "\r"), rest
}

// cutValue separates the lines before the one that is end from those after it. Line feeds within a value are left as they are.
func cutValue(text, end string) (value, rest string, found bool) {
	for rest = text; rest != ""; {
		start := len(text) - len(rest)
		var line string
		if line, rest = cutLine(rest); line == end {
			value = strings.TrimSuffix(text[:start], "\n")
			return strings.TrimSuffix(value, "\r"), rest, true
		}
	}
	return "", "", false
}
