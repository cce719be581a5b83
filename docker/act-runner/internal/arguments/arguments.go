// Package arguments reads the runner's command line, whose options are those of GitHub's runner.
package arguments

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"
)

// Arguments are what a command was asked to do.
type Arguments struct {
	// Command is configure, remove or run; empty if there is only a general option.
	Command string
	values  map[string]string
}

// Value is an option's value; empty if it was not given.
func (a Arguments) Value(option string) string { return a.values[option] }

// Flag tells whether an option without a value was given.
func (a Arguments) Flag(option string) bool { return strings.EqualFold(a.values[option], "true") }

type kind int

const (
	value kind = iota
	flag
)

var general = map[string]kind{"help": flag, "version": flag, "commit": flag}

var options = map[string]map[string]kind{
	"configure": {
		"url": value, "token": value, "name": value, "runnergroup": value, "labels": value, "work": value,
		"no-default-labels": flag, "replace": flag, "ephemeral": flag, "disableupdate": flag, "unattended": flag,
	},
	"remove": {"token": value, "local": flag, "unattended": flag},
	"run":    {"jitconfig": value, "startuptype": value, "once": flag},
}

const prefix = "ACTIONS_RUNNER_INPUT_"

// Read reads a command line. As with GitHub's runner, an option may come from the environment instead, where others cannot read a
// token from the list of processes: ACTIONS_RUNNER_INPUT_TOKEN. The command line wins. The variables are removed from the
// environment, since jobs have no use for them.
func Read(args []string) (Arguments, error) {
	inputs := takeInputs()
	result := Arguments{values: map[string]string{}}
	known := map[string]kind{}
	for name, kind := range general {
		known[name] = kind
	}
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		if _, there := options[args[0]]; !there {
			return result, fmt.Errorf("there is no command %q. ./config.sh --help lists the commands", args[0])
		}
		result.Command, args = args[0], args[1:]
		for name, kind := range options[result.Command] {
			known[name] = kind
		}
	}
	set := pflag.NewFlagSet("runner", pflag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.Usage = func() {}
	for name, kind := range known {
		set.String(name, "", "")
		if kind == flag {
			set.Lookup(name).NoOptDefVal = "true"
		}
	}
	if err := set.Parse(args); err != nil {
		return result, fmt.Errorf("%s. ./config.sh --help lists the options", withoutValues(err))
	}
	if set.NArg() > 0 {
		// What it is may be a token.
		return result, fmt.Errorf("there is a word on the command line that belongs to no option. ./config.sh --help lists the options")
	}
	for name, kind := range known {
		given, there := set.Lookup(name).Value.String(), set.Changed(name)
		if !there {
			given = inputs[strings.ToUpper(name)]
		}
		if kind == flag && there && !strings.EqualFold(given, "true") && !strings.EqualFold(given, "false") {
			return result, fmt.Errorf("--%s takes no value. ./config.sh --help lists the options", name)
		}
		result.values[name] = given
	}
	return result, nil
}

// withoutValues is what is wrong without what was typed, which may be a token.
func withoutValues(err error) string {
	switch problem := err.(type) {
	case *pflag.NotExistError:
		return fmt.Sprintf("there is no option --%s here", problem.GetSpecifiedName())
	case *pflag.ValueRequiredError:
		return fmt.Sprintf("--%s needs a value", problem.GetSpecifiedName())
	}
	return "the command line cannot be read"
}

func takeInputs() map[string]string {
	inputs := map[string]string{}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if upper := strings.ToUpper(name); strings.HasPrefix(upper, prefix) {
			inputs[strings.TrimPrefix(upper, prefix)] = strings.TrimSpace(value)
			_ = os.Unsetenv(name)
		}
	}
	return inputs
}
