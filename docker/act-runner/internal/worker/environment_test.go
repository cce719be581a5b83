package worker

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/actions-oss/act-cli/pkg/container"

	"runner-images/act-runner/internal/seconds"
)

type output struct {
	mutex sync.Mutex
	bytes.Buffer
}

func (o *output) Write(text []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.Buffer.Write(text)
}

func (o *output) String() string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.Buffer.String()
}

func newEnvironment(t *testing.T) (*environment, *output, *[]string) {
	t.Helper()
	folder := t.TempDir()
	out, problems := &output{}, &[]string{}
	return &environment{
		HostEnvironment: &container.HostEnvironment{StdOut: out, ActPath: filepath.Join(folder, "act")},
		folders:         folders{workspace: folder, temporary: folder, tools: folder, pipeline: folder},
		name:            "one", tracking: "github_test", literal: map[string]string{"LITERAL": "${{ x }}"},
		seconds:  seconds.Seconds{Interrupt: 300 * time.Millisecond, Terminate: 300 * time.Millisecond},
		script:   func(string, string) {},
		problem:  func(message string) { *problems = append(*problems, message) },
		stopping: func() bool { return false },
	}, out, problems
}

func execute(e *environment, ctx context.Context, script string) error {
	env := map[string]string{"PATH": os.Getenv("PATH"), "ACT": "true", "ImageOS": "dummy", "KEPT": "yes"}
	return e.run(ctx, []string{"bash", "-e", "-c", script}, env, e.folders.workspace, true)
}

func TestOutputAndExitCodes(t *testing.T) {
	e, out, problems := newEnvironment(t)
	if err := execute(e, context.Background(), `echo "$KEPT [$ACT$ImageOS] $RUNNER_NAME $RUNNER_TRACKING_ID $LITERAL"; printf end`); err != nil {
		t.Error(err)
	}
	if want := "yes [] one github_test ${{ x }}\nend\n"; out.String() != want {
		t.Errorf("%q", out.String())
	}
	for script, message := range map[string]string{
		"exit 3":        "Process completed with exit code 3.",
		"kill -TERM $$": "Process completed with exit code 143.",
	} {
		*problems = nil
		err := execute(e, context.Background(), script)
		if err == nil || err.Error() != stepErrorPrefix+message || strings.Join(*problems, "|") != message {
			t.Errorf("%s: %v %v", script, err, *problems)
		}
	}
	*problems = nil
	if err := e.run(context.Background(), []string{"no-such-program"}, nil, e.folders.workspace, false); err == nil ||
		strings.Join(*problems, "|") != "no-such-program: command not found" {
		t.Errorf("%v %v", err, *problems)
	}
}

func TestWhatIsLeftBehind(t *testing.T) {
	e, out, _ := newEnvironment(t)
	start := time.Now()
	if err := execute(e, context.Background(), "(sleep 1; echo late) & echo early"); err != nil {
		t.Error(err)
	}
	if passed := time.Since(start); passed > 900*time.Millisecond {
		t.Errorf("it was waited for: %v", passed)
	}
	time.Sleep(1200 * time.Millisecond)
	if out.String() != "early\n" {
		t.Errorf("%q", out.String())
	}
}

func TestStop(t *testing.T) {
	for script, want := range map[string]string{
		"trap 'echo asked; exit 0' INT; echo begun; sleep 60 & wait":              "begun\nasked\n",
		"trap '' INT; trap 'echo told; exit 0' TERM; echo begun; sleep 60 & wait": "begun\ntold\n",
		"trap '' INT TERM; echo begun; while :; do sleep 0.1; done":               "begun\n",
	} {
		e, out, problems := newEnvironment(t)
		ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		start := time.Now()
		err := execute(e, ctx, script)
		cancel()
		if err == nil || strings.Join(*problems, "|") != "The action has timed out." || out.String() != want {
			t.Errorf("%s: %v, %v, %q", script, err, *problems, out.String())
		}
		if passed := time.Since(start); passed > 5*time.Second {
			t.Errorf("%s took %v", script, passed)
		}
	}
	e, _, problems := newEnvironment(t)
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(200*time.Millisecond, cancel)
	if err := execute(e, ctx, "sleep 60"); err == nil || strings.Join(*problems, "|") != "The operation was canceled." {
		t.Errorf("%v %v", err, *problems)
	}
	e.stopping = func() bool { return true }
	if err := e.Exec([]string{"true"}, nil, "", "")(context.Background()); err == nil {
		t.Error("something was started although the runner is to stop")
	}
}

func TestPrepareFolders(t *testing.T) {
	root := t.TempDir()
	for _, variable := range []string{"RUNNER_TOOL_CACHE", "RUNNER_TOOLSDIRECTORY", "AGENT_TOOLSDIRECTORY"} {
		t.Setenv(variable, "")
	}
	locked := filepath.Join(root, "_work", "_temp", "locked", "inner")
	if err := os.MkdirAll(locked, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(locked, "file"), nil, 0o444); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(locked, 0o500); err != nil {
		t.Fatal(err)
	}
	f, err := prepareFolders(root, "_work", "octo/example")
	if err != nil {
		t.Fatal(err)
	}
	work := filepath.Join(root, "_work")
	if f.workspace != filepath.Join(work, "example", "example") || f.tools != filepath.Join(work, "_tool") {
		t.Errorf("%+v", f)
	}
	if _, err := os.Stat(filepath.Join(work, "_temp", "locked")); !os.IsNotExist(err) {
		t.Errorf("an earlier job's temporary files are there: %v", err)
	}
	t.Setenv("AGENT_TOOLSDIRECTORY", "/tools")
	if f, err = prepareFolders(root, "/"+strings.TrimPrefix(work, "/"), "octo/.."); err != nil || f.tools != "/tools" ||
		f.workspace != filepath.Join(work, "job", "job") {
		t.Errorf("%+v, %v", f, err)
	}
}
