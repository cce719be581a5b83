package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/actions-oss/act-cli/pkg/common"
	"github.com/actions-oss/act-cli/pkg/container"
	"github.com/actions-oss/act-cli/pkg/lookpath"

	"runner-images/act-runner/internal/lines"
	"runner-images/act-runner/internal/orphans"
	"runner-images/act-runner/internal/seconds"
	"runner-images/act-runner/internal/service"
)

// drain is how long output is waited for after a step's process has ended: what it left behind may keep it open.
const drain = 500 * time.Millisecond

// hidden are variables that no step has: act's own, and the runner's.
var hidden = []string{"ACT", "ImageOS", "RUNNER_PERFLOG", seconds.Variable}

// actionVariables are only in the environment of actions.
var actionVariables = []string{"GITHUB_ACTION_PATH", "GITHUB_ACTION_REF", "GITHUB_ACTION_REPOSITORY"}

// serviceVariables lead to GitHub's services, with the job's token for them. Actions have them; scripts only if an action sets them.
var serviceVariables = []string{
	"ACTIONS_RUNTIME_URL", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_CACHE_URL", "ACTIONS_RESULTS_URL", "ACTIONS_CACHE_SERVICE_V2",
}

// environment is where steps run: on this machine. It takes the place of act's own, which keeps the workspace elsewhere and deletes
// it after the job, ends a step's process at once, and waits for what a step left behind.
type environment struct {
	*container.HostEnvironment
	folders  folders
	name     string
	tracking string
	seconds  seconds.Seconds
	// imageOS is ImageOS of the image, in place of act's.
	imageOS string
	// exported are the names of variables that steps have set.
	exported map[string]bool
	// literal are variables of this machine in which act would evaluate expressions.
	literal map[string]string
	// script tells what a step runs, and problem why it failed.
	script  func(shell, text string)
	problem func(message string)
	// stopping: the runner is to stop, so that no further process is started.
	stopping func() bool
}

var _ container.ExecutionsEnvironment = (*environment)(nil)

// stepError is a step's failure of which the log tells already.
type stepError struct{ message string }

const stepErrorPrefix = "step ended: "

func (e *stepError) Error() string { return stepErrorPrefix + e.message }

// Exec runs a program to its end.
func (e *environment) Exec(command []string, env map[string]string, _, workdir string) common.Executor {
	return func(ctx context.Context) error {
		if e.stopping() {
			return &stepError{"the runner is to stop"}
		}
		folder := e.folders.workspace
		if filepath.IsAbs(workdir) {
			folder = workdir
		} else if workdir != "" {
			folder = filepath.Join(folder, workdir)
		}
		return e.run(ctx, command, env, folder, false)
	}
}

// run runs a program. Of a hook, as of a script, the log tells its exit code; an action says itself what is wrong.
func (e *environment) run(ctx context.Context, command []string, env map[string]string, folder string, isHook bool) error {
	program, err := lookpath.LookPath2(command[0], variables(env))
	if err != nil {
		return e.failed("%s: command not found", command[0])
	}
	isScript := e.announce(program, command) || isHook
	reader, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd := exec.Command(program)
	cmd.Args = command
	cmd.Dir = folder
	cmd.Env = e.processEnvironment(env, isScript)
	cmd.Stdout, cmd.Stderr = writer, writer
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = cmd.Start()
	_ = writer.Close()
	if err != nil {
		_ = reader.Close()
		return e.failed("%s", strings.TrimPrefix(err.Error(), "fork/exec "))
	}
	gate := newGate(e.StdOut, newCommands(env, e.problem))
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		defer reader.Close()
		_, _ = io.Copy(gate, reader)
	}()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		e.stop(cmd.Process.Pid, ended)
		err = ctx.Err()
	}
	select {
	case <-copied:
	case <-time.After(drain):
	}
	gate.close()
	if err == nil && gate.commands.refused {
		return &stepError{"it used a disabled command"}
	}
	return e.outcome(err, cmd, isScript)
}

func (e *environment) outcome(err error, cmd *exec.Cmd, isScript bool) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return e.failed("The action has timed out.")
	case errors.Is(err, context.Canceled):
		return e.failed("The operation was canceled.")
	}
	code := cmd.ProcessState.ExitCode()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		code = 128 + int(status.Signal())
	}
	if !isScript {
		return &stepError{fmt.Sprintf("exit code %d", code)}
	}
	return e.failed("Process completed with exit code %d.", code)
}

func (e *environment) failed(format string, values ...any) error {
	message := fmt.Sprintf(format, values...)
	e.problem(message)
	return &stepError{message}
}

// announce tells what a step of shell text runs.
//
// It returns whether it is one.
func (e *environment) announce(program string, command []string) bool {
	scripts := filepath.Join(e.ActPath, "workflow") + string(filepath.Separator)
	for _, word := range command[1:] {
		start := strings.Index(word, scripts)
		if start < 0 || strings.HasSuffix(word, "hashfiles/index.js") {
			continue
		}
		text, err := os.ReadFile(strings.Trim(word[start:], `'"`))
		if err != nil {
			continue
		}
		shell := append([]string{program}, command[1:]...)
		e.script(strings.ReplaceAll(strings.Join(shell, " "), word[start:], "{0}"), strings.Trim(string(text), "\n"))
		return true
	}
	return false
}

// stop ends a process as GitHub's runner does: it is asked twice, and then ended with everything that it started.
func (e *environment) stop(pid int, ended <-chan error) {
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, e.seconds.Interrupt}, {syscall.SIGTERM, e.seconds.Terminate}} {
		_ = syscall.Kill(pid, step.signal)
		select {
		case <-ended:
			_ = syscall.Kill(-pid, syscall.SIGKILL)
			return
		case <-time.After(step.wait):
		}
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL)
	<-ended
}

func (e *environment) processEnvironment(env map[string]string, isScript bool) []string {
	own := map[string]string{}
	for name, value := range env {
		own[name] = value
	}
	for _, name := range serviceVariables {
		if isScript && !e.exported[name] {
			delete(own, name)
		}
	}
	for _, name := range hidden {
		delete(own, name)
	}
	for _, name := range actionVariables {
		if own[name] == "" {
			delete(own, name)
		}
	}
	for name, value := range e.literal {
		if _, there := own[name]; !there {
			own[name] = value
		}
	}
	if e.imageOS != "" {
		own["ImageOS"] = e.imageOS
	}
	for name, value := range e.GetRunnerContext(context.Background()) {
		if text, ok := value.(string); ok {
			own["RUNNER_"+strings.ToUpper(name)] = text
		}
	}
	own[orphans.Variable] = e.tracking
	var list []string
	for name, value := range own {
		list = append(list, name+"="+value)
	}
	return list
}

// GetRunnerContext has the runner context of expressions, and RUNNER_… in a step's environment.
func (e *environment) GetRunnerContext(context.Context) map[string]interface{} {
	return map[string]interface{}{
		"name":        e.name,
		"os":          "Linux",
		"arch":        service.Architecture(),
		"temp":        e.folders.temporary,
		"tool_cache":  e.folders.tools,
		"workspace":   e.folders.pipeline,
		"environment": "self-hosted",
	}
}

// Remove leaves everything: a workspace outlives its job.
func (e *environment) Remove() common.Executor {
	return func(context.Context) error { return nil }
}

// variables are what a program is searched with.
type variables map[string]string

func (v variables) Getenv(name string) string { return v[name] }

// gate passes output on while its step runs, by whole lines. What is left behind may write on, but nobody reads that.
type gate struct {
	mutex    sync.Mutex
	to       io.Writer
	commands *commands
	lines    lines.Writer
	shut     bool
}

func newGate(to io.Writer, commands *commands) *gate {
	g := &gate{to: to, commands: commands}
	g.lines.Each = g.pass
	return g
}

func (g *gate) Write(output []byte) (int, error) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.shut {
		return len(output), nil
	}
	return g.lines.Write(output)
}

func (g *gate) pass(line string) {
	if g.commands.pass(strings.TrimRight(line, "\r")) {
		_, _ = io.WriteString(g.to, line+"\n")
	}
}

// close ends an unfinished last line, since act passes on only whole ones.
func (g *gate) close() {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.lines.End()
	g.shut = true
}

// toLog has what programs write in the job's log, outside of act's steps.
//
// It returns a function that undoes that.
func (e *environment) toLog(events *events) func() {
	before, _ := e.ReplaceLogWriter(common.NewLineWriter(func(line string) bool {
		events.Say(strings.TrimRight(line, "\r\n"))
		return true
	}), nil)
	return func() { e.ReplaceLogWriter(before, nil) }
}
