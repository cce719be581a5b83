package worker

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"runner-images/act-runner/internal/report"
)

// hook is a program of the runner's administrator that runs before or after each job.
// https://docs.github.com/actions/how-tos/manage-runners/self-hosted-runners/run-scripts
type hook struct{ stage, variable, step string }

var (
	startedHook   = hook{"started", "ACTIONS_RUNNER_HOOK_JOB_STARTED", "Set up runner"}
	completedHook = hook{"completed", "ACTIONS_RUNNER_HOOK_JOB_COMPLETED", "Complete runner"}
)

// fileCommands are files by which a hook sets what steps have.
var fileCommands = []string{"GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"}

// runHook runs a hook, as a step of its own.
func (j *job) runHook(ctx context.Context, hook hook, before *report.Record) error {
	path := os.Getenv(hook.variable)
	if path == "" {
		return nil
	}
	record := j.report.Insert(before, "", "hook-"+hook.stage, hook.step)
	j.events.begin(record)
	err := j.execHook(ctx, hook, path)
	result := "Succeeded"
	if err != nil {
		result = "Failed"
	}
	j.events.end(result)
	return err
}

func (j *job) execHook(ctx context.Context, hook hook, path string) error {
	j.events.Say("A job " + hook.stage + " hook has been configured by the self-hosted runner administrator")
	var command []string
	switch filepath.Ext(path) {
	case ".sh":
		command = []string{"bash", "-e", path}
	case ".ps1":
		command = []string{"pwsh", "-command", ". '" + path + "'"}
	default:
		return j.environment.failed("%s is not a valid path to a script. Make sure it ends in '.sh' or '.ps1'.", path)
	}
	if _, err := os.Stat(path); err != nil {
		return j.environment.failed("File doesn't exist")
	}
	env := map[string]string{}
	for name, value := range j.rc.Env {
		env[name] = value
	}
	folder := filepath.Join(j.folders.temporary, "_hook")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, name := range fileCommands {
		env[name] = filepath.Join(folder, strings.ToLower(name))
		if err := os.WriteFile(env[name], nil, 0o644); err != nil {
			return err
		}
	}
	j.rc.ApplyExtraPath(ctx, &env)
	restore := j.environment.toLog(j.events)
	err := j.environment.run(ctx, command, env, j.folders.work, true)
	restore()
	return errors.Join(err, j.readFileCommands(ctx, env))
}

// readFileCommands takes over what a hook set for the steps.
func (j *job) readFileCommands(ctx context.Context, env map[string]string) error {
	set := map[string]string{}
	if err := j.environment.UpdateFromEnv(env["GITHUB_ENV"], &set)(ctx); err != nil {
		return err
	}
	if j.rc.GlobalEnv == nil {
		j.rc.GlobalEnv = map[string]string{}
	}
	for name, value := range set {
		j.rc.Env[name], j.rc.GlobalEnv[name] = value, value
	}
	return j.rc.UpdateExtraPath(ctx, env["GITHUB_PATH"])
}
