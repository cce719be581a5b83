package arguments

import (
	"os"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	t.Setenv("ACTIONS_RUNNER_INPUT_TOKEN", " from-the-environment ")
	t.Setenv("Actions_Runner_Input_Replace", "TRUE")
	t.Setenv("ACTIONS_RUNNER_INPUT_NAME", "not-this")
	got, err := Read([]string{"configure", "--url", "https://github.com/o/r", "--name=one", "--ephemeral", "--labels", "a,b"})
	if err != nil {
		t.Fatal(err)
	}
	for option, want := range map[string]string{
		"url": "https://github.com/o/r", "name": "one", "labels": "a,b", "token": "from-the-environment", "work": "",
	} {
		if got.Value(option) != want {
			t.Errorf("--%s is %q", option, got.Value(option))
		}
	}
	for option, want := range map[string]bool{"ephemeral": true, "replace": true, "disableupdate": false} {
		if got.Flag(option) != want {
			t.Errorf("--%s is %t", option, got.Flag(option))
		}
	}
	for _, variable := range os.Environ() {
		if strings.HasPrefix(strings.ToUpper(variable), prefix) {
			t.Errorf("%s stays for jobs", variable)
		}
	}
}

func TestMistakes(t *testing.T) {
	for _, each := range []struct{ line, message string }{
		{"listen", `there is no command "listen". ./config.sh --help lists the commands`},
		{"configure --tokne=secret", "there is no option --tokne here. ./config.sh --help lists the options"},
		{"run --once secret", "there is a word on the command line that belongs to no option. ./config.sh --help lists the options"},
		{"run --once=secret", "--once takes no value. ./config.sh --help lists the options"},
		{"configure --token", "--token needs a value. ./config.sh --help lists the options"},
		{"remove --url x", "there is no option --url here. ./config.sh --help lists the options"},
	} {
		_, err := Read(strings.Split(each.line, " "))
		if err == nil || err.Error() != each.message {
			t.Errorf("%s: %v", each.line, err)
		}
	}
}
