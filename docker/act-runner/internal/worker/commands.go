package worker

import (
	"fmt"
	"strings"
)

// allowVariable allows the commands that are disabled otherwise.
const allowVariable = "ACTIONS_ALLOW_UNSECURE_COMMANDS"

// disabled are commands in what a step writes that change what later steps run. Anybody whose text gets into a log could use them, so
// GitHub's runner refuses them since 2020; act does not.
// https://github.blog/changelog/2020-10-01-github-actions-deprecating-set-env-and-add-path-commands/
var disabled = map[string]string{"set-env": "$GITHUB_ENV", "add-path": "$GITHUB_PATH"}

// commands looks for disabled commands in what a step writes.
type commands struct {
	allowed bool
	problem func(message string)
	// resume is the command that ends a part in which no commands count.
	resume  string
	refused bool
}

func newCommands(env map[string]string, problem func(message string)) *commands {
	return &commands{allowed: isTrue(env[allowVariable]), problem: problem}
}

// pass tells whether a line is to be passed on: not if it is a disabled command.
func (c *commands) pass(line string) bool {
	command, data := parseCommand(line)
	switch {
	case command == "":
	case c.resume != "":
		if command == c.resume {
			c.resume = ""
		}
	case command == "stop-commands":
		c.resume = strings.ToLower(data)
	case disabled[command] != "" && !c.allowed:
		c.refused = true
		c.problem(fmt.Sprintf("Unable to process command '%s' successfully.", line))
		c.problem(fmt.Sprintf("The `%s` command is disabled, since any text in a log could use it. Write to %s, "+
			"or set the environment variable %s to `true`.", command, disabled[command], allowVariable))
		return false
	}
	return true
}

// parseCommand reads ::NAME PROPERTIES::DATA and ##[NAME PROPERTIES]DATA. The name is in lower case; empty if the line is no command.
func parseCommand(line string) (command, data string) {
	var head string
	if rest, is := strings.CutPrefix(line, "::"); is {
		head, data, is = strings.Cut(rest, "::")
		if !is {
			return "", ""
		}
	} else if rest, is := strings.CutPrefix(line, "##["); is {
		head, data, is = strings.Cut(rest, "]")
		if !is {
			return "", ""
		}
	}
	command, _, _ = strings.Cut(head, " ")
	return strings.ToLower(command), data
}
