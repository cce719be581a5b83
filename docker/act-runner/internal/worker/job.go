package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/ChristopherHX/github-act-runner/actionsdotnetactcompat"
	"github.com/ChristopherHX/github-act-runner/protocol"
	"github.com/actions-oss/act-cli/pkg/common"
	"github.com/actions-oss/act-cli/pkg/container"
	"github.com/actions-oss/act-cli/pkg/model"
	"github.com/actions-oss/act-cli/pkg/runner"
	"github.com/sirupsen/logrus"
	"gopkg.in/yaml.v3"

	"runner-images/act-runner/internal/configuration"
	"runner-images/act-runner/internal/frames"
	"runner-images/act-runner/internal/masks"
	"runner-images/act-runner/internal/orphans"
	"runner-images/act-runner/internal/report"
	"runner-images/act-runner/internal/seconds"
	"runner-images/act-runner/internal/service"
)

// job is one that is being done.
type job struct {
	request      *protocol.AgentJobRequestMessage
	settings     configuration.Settings
	root         string
	seconds      seconds.Seconds
	trace        func(format string, values ...any)
	masks        *masks.Masks
	report       *report.Job
	events       *events
	cancellation *cancellation

	folders     folders
	rc          *runner.RunContext
	environment *environment
	steps       []*model.Step
	outputs     map[string]string
	literal     map[string]string
	setUp, last *report.Record
	startFailed error
}

func newJob(request *protocol.AgentJobRequestMessage, settings configuration.Settings, root string, times seconds.Seconds,
	trace func(format string, values ...any), echo func(line string),
) (*job, error) {
	j := &job{
		request: request, settings: settings, root: root, seconds: times, trace: trace,
		masks: masksOf(request), cancellation: newCancellation(), literal: map[string]string{},
	}
	reports, err := report.New(request, report.Options{Retry: times.Retry, Trace: trace, Echo: echo})
	if err != nil {
		return nil, err
	}
	j.report = reports
	j.setUp = reports.Plan("", "__setup", "Set up job")
	j.last = reports.Plan("", "__complete", "Complete job")
	reports.Start(j.setUp, "")
	j.events = &events{
		report: reports, masks: j.masks, setUp: j.setUp, last: j.last, current: j.setUp,
		debug:      isTrue(request.Variables["ACTIONS_STEP_DEBUG"].Value),
		conclusion: j.conclusion,
		cancelled:  func() bool { return j.cancellation.job.Err() != nil },
		planned:    map[string]*report.Record{}, uses: map[string]*model.Step{}, evaluate: j.evaluate,
	}
	return j, nil
}

func isTrue(text string) bool { return text == "1" || strings.EqualFold(text, "true") }

func masksOf(request *protocol.AgentJobRequestMessage) *masks.Masks {
	result := &masks.Masks{}
	for _, variable := range request.Variables {
		if variable.IsSecret {
			result.Add(variable.Value)
		}
	}
	for _, hint := range request.MaskHints {
		if strings.EqualFold(hint.Type, "regex") {
			result.AddPattern(hint.Value)
		}
	}
	if vss, _, err := request.GetConnection("SystemVssConnection"); err == nil {
		result.Add(vss.Token)
	}
	return result
}

// cancel ends the job before it is done.
func (j *job) cancel(kind frames.Kind) {
	if kind == frames.Shutdown {
		j.events.Say("##[error]The runner has received a shutdown signal. This can happen when the runner service is stopped, " +
			"or a manually started runner is canceled.")
		j.cancellation.endJob()
		j.cancellation.endAll()
	} else if kind == frames.Cancel {
		j.cancellation.endJob()
	}
}

// run does the job to its end, and returns its result.
func (j *job) run() string {
	j.events.Say("Runner name: '"+j.settings.AgentName+"'", "Machine: github-act-runner (unofficial)")
	j.events.Say(setupInfo(j.root)...)
	if err := j.prepare(); err != nil {
		return j.fail(err.Error())
	}
	err := j.execute()
	j.finishSteps()
	// Hooks clean up, so a cancelled job has its second one as well, but not a runner that is to stop.
	if !j.stopping() {
		err = errors.Join(err, j.runHook(context.WithoutCancel(j.cancellation.all), completedHook, j.last))
	}
	j.events.begin(j.last)
	j.events.Say("Cleaning up orphan processes")
	for _, process := range orphans.Kill(j.environment.tracking) {
		j.events.Say("Terminate orphan process: " + process.String())
	}
	j.events.end("Succeeded")
	result := "Succeeded"
	switch {
	case j.cancellation.job.Err() != nil:
		result = "Canceled"
	case err != nil || j.startFailed != nil:
		result = "Failed"
	}
	return j.finish(result, j.jobOutputs())
}

// fail ends a job that cannot be done.
func (j *job) fail(message string) string {
	j.events.Problem(message)
	j.events.end("Failed")
	return j.finish("Failed", nil)
}

func (j *job) finish(result string, outputs map[string]protocol.VariableValue) string {
	if err := j.report.Finish(result, outputs); err != nil {
		j.trace("the server was not told how the job ended: %s", err)
	}
	// It may contain what nobody is to find: keys that actions wrote for this job.
	if j.folders.temporary != "" {
		if err := empty(j.folders.temporary); err != nil {
			j.trace("the temporary folder cannot be emptied: %s", err)
		}
	}
	return result
}

func (j *job) stopping() bool { return j.cancellation.all.Err() != nil }

func (j *job) conclusion(id string) (string, bool) {
	result, there := j.rc.StepResults[id]
	if !there {
		return "", false
	}
	return result.Conclusion.String(), true
}

// prepare translates GitHub's message for act.
func (j *job) prepare() error {
	context_, there := j.request.ContextData["github"]
	github, isMap := context_.ToRawObject().(map[string]interface{})
	if !there || !isMap {
		return errors.New("the job's message contains no github context")
	}
	if j.request.JobContainer == nil && isTrue(os.Getenv(requireContainer)) {
		return errors.New("Jobs without a job container are forbidden on this runner. Add a 'container:' to the job, or ask the runner's administrator.")
	}
	repository, _ := github["repository"].(string)
	var err error
	if j.folders, err = prepareFolders(j.root, j.settings.WorkFolder, repository); err != nil {
		return err
	}
	if folder := os.Getenv(archives); folder != "" {
		if err := linkArchives(folder, j.folders.downloads); err != nil {
			return err
		}
	}
	github["workspace"] = j.folders.workspace
	github["event_path"] = filepath.Join(j.folders.act, "act", "workflow", "event.json")
	if name := j.request.Variables["system.github.job"].Value; name != "" {
		github["job"] = name
	}
	if j.steps, err = actionsdotnetactcompat.ConvertSteps(j.request.Steps); err != nil {
		return err
	}
	j.nameSteps()
	if j.rc, err = j.runContext(github); err != nil {
		return err
	}
	for index, step := range j.steps {
		record := j.report.Insert(j.last, j.request.Steps[index].ID, step.ID, j.masks.Mask(firstLine(step.String())))
		j.events.planned[step.ID] = record
		if index == 0 {
			j.events.first = record
		}
		if step.Uses != "" {
			j.events.uses[step.ID] = step
		}
	}
	return nil
}

// nameSteps gives steps without a name the one that GitHub shows.
func (j *job) nameSteps() {
	for _, step := range j.steps {
		switch {
		case step.Name != "":
		case step.Uses != "":
			step.Name = "Run " + step.Uses
		default:
			step.Name = "Run " + firstLine(step.Run)
		}
	}
}

// evaluate is a text with its expressions evaluated, for the log. It is called while act holds its logger, so another one is used;
// and hashFiles() is left as it is, since it would run a program.
func (j *job) evaluate(text string) string {
	if !strings.Contains(text, "${{") || strings.Contains(text, "hashFiles") {
		return text
	}
	ctx := context.Background()
	return j.rc.NewExpressionEvaluator(ctx).Interpolate(ctx, text)
}

// runContext is the job in act's form.
func (j *job) runContext(github map[string]interface{}) (*runner.RunContext, error) {
	text := func(name string) string {
		value, _ := github[name].(string)
		return value
	}
	env, err := j.variables(github)
	if err != nil {
		return nil, err
	}
	matrix, err := actionsdotnetactcompat.ConvertMatrixInstance(j.request.ContextData)
	if err != nil {
		return nil, err
	}
	defaults, err := defaultsOf(j.request)
	if err != nil {
		return nil, err
	}
	services, err := actionsdotnetactcompat.ConvertServiceContainer(j.request.JobServiceContainers)
	if err != nil {
		return nil, err
	}
	event, err := json.Marshal(github["event"])
	if err != nil {
		return nil, err
	}
	j.outputs = outputsOf(j.request)
	config := &runner.Config{
		Workdir:                   j.folders.workspace,
		BindWorkdir:               true,
		HostEnvironmentDir:        j.folders.act,
		ActionCacheDir:            j.folders.downloads,
		EventName:                 text("event_name"),
		GitHubInstance:            "github.com",
		GitHubServerURL:           text("server_url"),
		GitHubAPIServerURL:        text("api_url"),
		GitHubGraphQlAPIServerURL: text("graphql_url"),
		Token:                     j.request.Variables["system.github.token"].Value,
		Secrets:                   secretsOf(j.request),
		Platforms:                 map[string]string{"": selfHosted},
		Env:                       map[string]string{orphans.Variable: os.Getenv(orphans.Variable)},
		ContainerDaemonSocket:     strings.TrimPrefix(os.Getenv("DOCKER_HOST"), "unix://"),
		LogOutput:                 true,
		NoSkipCheckout:            true,
		AutoRemove:                true,
		ForcePull:                 true,
		ForceRebuild:              true,
	}
	definition := &model.Job{
		If:           yaml.Node{Kind: yaml.ScalarNode, Value: "always()"},
		Name:         j.request.JobDisplayName,
		RawRunsOn:    yaml.Node{Kind: yaml.ScalarNode, Style: yaml.DoubleQuotedStyle},
		RawContainer: j.container(),
		Defaults:     defaults,
		Steps:        j.steps,
		Services:     services,
		Outputs:      j.outputs,
	}
	jobs := map[string]*model.Job{j.request.JobID: definition}
	needs := needsOf(j.request, jobs)
	if len(needs.Content) > 0 {
		definition.RawNeeds = needs
	}
	rc := &runner.RunContext{
		Name:        j.request.JobID,
		Config:      config,
		Env:         env,
		Run:         &model.Run{JobID: j.request.JobID, Workflow: &model.Workflow{Name: text("workflow"), Jobs: jobs}},
		Matrix:      matrix,
		EventJSON:   string(event),
		StepResults: map[string]*model.StepResult{},
		ContextData: map[string]interface{}{},
		JobName:     j.request.Variables["system.github.job"].Value,
	}
	for name, data := range j.request.ContextData {
		rc.ContextData[name] = data.ToRawObject()
	}
	rc.ContextData["github"] = github
	config.ActionCache = j.actions(config)
	rc.ExprEval = rc.NewExpressionEvaluator(context.Background())
	return rc, nil
}

// selfHosted is act's name for this machine.
const selfHosted = "-self-hosted"

// container is the job's own container. Without one, actions in containers find the work folder at its own path.
func (j *job) container() yaml.Node {
	if j.request.JobContainer != nil {
		return *j.request.JobContainer.ToYamlNode()
	}
	var node yaml.Node
	_ = node.Encode(map[string]any{"image": "", "volumes": []string{j.folders.work + ":" + j.folders.work}})
	return node
}

func secretsOf(request *protocol.AgentJobRequestMessage) map[string]string {
	secrets := map[string]string{}
	for name, variable := range request.Variables {
		if variable.IsSecret && name != "system.github.token" {
			secrets[name] = variable.Value
		}
	}
	if token, there := request.Variables["system.github.token"]; there {
		secrets["GITHUB_TOKEN"] = token.Value
	}
	return secrets
}

// defaultsOf are the shell and the folder of steps that say nothing else. The library's conversion loses the folder.
func defaultsOf(request *protocol.AgentJobRequestMessage) (model.Defaults, error) {
	var defaults model.Defaults
	for index := range request.Defaults {
		if err := request.Defaults[index].ToYamlNode().Decode(&defaults); err != nil {
			return defaults, err
		}
	}
	return defaults, nil
}

func outputsOf(request *protocol.AgentJobRequestMessage) map[string]string {
	outputs := map[string]string{}
	if request.JobOutputs == nil {
		return outputs
	}
	values, _ := request.JobOutputs.ToRawObject().(map[interface{}]interface{})
	for name, value := range values {
		outputs[fmt.Sprint(name)] = fmt.Sprint(value)
	}
	return outputs
}

// needsOf adds the jobs that this one needs, with how they ended.
func needsOf(request *protocol.AgentJobRequestMessage, jobs map[string]*model.Job) yaml.Node {
	names := yaml.Node{Kind: yaml.SequenceNode}
	context_, there := request.ContextData["needs"]
	if !there {
		return names
	}
	needs, _ := context_.ToRawObject().(map[string]interface{})
	for name, value := range needs {
		needed := &model.Job{Outputs: map[string]string{}, Result: "success"}
		details, _ := value.(map[string]interface{})
		if result, ok := details["result"].(string); ok {
			needed.Result = result
		}
		outputs, _ := details["outputs"].(map[string]interface{})
		for output, value := range outputs {
			if text, ok := value.(string); ok {
				needed.Outputs[output] = text
			}
		}
		jobs[name] = needed
		names.Content = append(names.Content, &yaml.Node{Kind: yaml.ScalarNode, Style: yaml.DoubleQuotedStyle, Value: name})
	}
	return names
}

// contextVariables are members of the github context that steps have as GITHUB_… in their environment.
// https://docs.github.com/actions/reference/workflows-and-actions/variables#default-environment-variables
var contextVariables = []string{
	"actor", "actor_id", "api_url", "base_ref", "event_name", "event_path", "graphql_url", "head_ref", "job", "ref", "ref_name",
	"ref_protected", "ref_type", "repository", "repository_id", "repository_owner", "repository_owner_id", "retention_days",
	"run_attempt", "run_id", "run_number", "server_url", "sha", "triggering_actor", "workflow", "workflow_ref", "workflow_sha",
	"workspace",
}

// variables are the environment of all steps.
func (j *job) variables(github map[string]interface{}) (map[string]string, error) {
	vss, data, err := j.request.GetConnection("SystemVssConnection")
	if err != nil {
		return nil, err
	}
	env := map[string]string{}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if !strings.Contains(value, "${{") {
			env[name] = value
			continue
		}
		// act would evaluate it, and reads the variables of this process as well.
		j.literal[name] = value
		_ = os.Unsetenv(name)
	}
	given, err := actionsdotnetactcompat.ConvertEnvironment(j.request.EnvironmentVariables)
	if err != nil {
		return nil, err
	}
	for name, value := range given {
		env[name] = value
	}
	for _, name := range contextVariables {
		switch value := github[name].(type) {
		case string:
			env["GITHUB_"+strings.ToUpper(name)] = value
		case bool, float64:
			env["GITHUB_"+strings.ToUpper(name)] = fmt.Sprint(value)
		}
	}
	env["CI"], env["GITHUB_ACTIONS"] = "true", "true"
	env["ACTIONS_RUNTIME_URL"], env["ACTIONS_RUNTIME_TOKEN"] = vss.TenantURL, vss.Token
	for key, name := range map[string]string{
		"PipelinesServiceUrl": "ACTIONS_RUNTIME_URL", "CacheServerUrl": "ACTIONS_CACHE_URL",
		"ResultsServiceUrl": "ACTIONS_RESULTS_URL", "GenerateIdTokenUrl": "ACTIONS_ID_TOKEN_REQUEST_URL",
	} {
		if data[key] != "" {
			env[name] = data[key]
		}
	}
	if data["GenerateIdTokenUrl"] != "" {
		env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = vss.Token
	}
	if isTrue(j.request.Variables["actions_uses_cache_service_v2"].Value) {
		env["ACTIONS_CACHE_SERVICE_V2"] = "True"
	}
	if j.events.debug {
		env["RUNNER_DEBUG"] = "1"
	}
	return env, nil
}

// actions gets actions from where GitHub says that they are.
func (j *job) actions(config *runner.Config) runner.ActionCache {
	vss, _, _ := j.request.GetConnection("SystemVssConnection")
	base := actionsdotnetactcompat.ActionCacheBase{
		VssConnection: vss, Plan: j.request.Plan, GHToken: config.Token, HttpClient: &http.Client{Transport: service.NewTransport()}, CacheDir: j.folders.downloads,
	}
	if strings.EqualFold(j.request.MessageType, "RunnerJobRequest") {
		return &actionsdotnetactcompat.LaunchActionCache{
			ActionCacheBase: base, LaunchEndpoint: j.request.Variables["system.github.launch_endpoint"].Value, JobID: j.request.JobID,
		}
	}
	return &actionsdotnetactcompat.VssActionCache{ActionCacheBase: base}
}

// execute has act run the steps.
func (j *job) execute() error {
	logger := logrus.New()
	logger.SetOutput(io.Discard)
	// What is skipped, act says on that level alone.
	logger.SetLevel(logrus.DebugLevel)
	logger.SetFormatter(j.events)
	logger.AddHook(&setUpHook{job: j})
	container.SetContainerAllocateTerminal(false)
	// act finds the program for actions by PATH, which steps have as it was.
	path := os.Getenv("PATH")
	_ = os.Setenv("PATH", filepath.Join(j.root, "externals", "node24", "bin")+":"+path)
	ctx := common.WithLogger(j.cancellation.all, logger.WithFields(logrus.Fields{}))
	ctx = runner.WithJobLoggerFactory(ctx, loggerFactory{logger})
	ctx = common.WithJobErrorContainer(runner.WithJobLogger(ctx, "", "", j.rc.Config, &j.rc.Masks, j.rc.Matrix))
	ctx = common.WithJobCancelContext(ctx, j.cancellation.job)
	executor, err := j.rc.Executor()
	if err == nil {
		err = executor(ctx)
	}
	return errors.Join(err, common.JobError(ctx))
}

type loggerFactory struct{ logger *logrus.Logger }

func (f loggerFactory) WithJobLogger() *logrus.Logger { return f.logger }

// setUpHook waits for act to say that its own environment is ready, and puts the job's in its place. act has no other way in.
type setUpHook struct {
	job  *job
	done bool
}

func (*setUpHook) Levels() []logrus.Level { return logrus.AllLevels }

func (h *setUpHook) Fire(entry *logrus.Entry) error {
	ids, _ := entry.Data["stepid"].([]string)
	if _, ended := entry.Data["stepResult"]; h.done || !ended || len(ids) != 1 || ids[0] != "--setup-job" {
		return nil
	}
	h.done = true
	h.job.takeOver(entry.Context)
	return nil
}

// takeOver puts the job's environment in the place of act's, and runs the first hook in it.
func (j *job) takeOver(ctx context.Context) {
	theirs, isHost := j.rc.JobContainer.(*container.HostEnvironment)
	// A new one: act still has its own, and deletes after the job what that has as its workspace.
	ours := &container.HostEnvironment{
		Path: j.folders.workspace, TmpDir: j.folders.temporary, ToolCache: j.folders.tools, Workdir: j.folders.workspace,
		ActPath: filepath.Join(j.folders.act, "act"),
	}
	if isHost {
		ours.StdOut = theirs.StdOut
	}
	j.environment = &environment{
		HostEnvironment: ours, folders: j.folders, name: j.settings.AgentName, tracking: os.Getenv(orphans.Variable),
		seconds: j.seconds, imageOS: os.Getenv("ImageOS"), literal: j.literal, exported: map[string]bool{}, script: j.events.Script, problem: j.events.Problem, stopping: j.stopping,
	}
	if isHost {
		j.rc.JobContainer = j.environment
	}
	for name, value := range j.environment.GetRunnerContext(ctx) {
		j.rc.Env["RUNNER_"+strings.ToUpper(name)] = fmt.Sprint(value)
	}
	j.startFailed = j.runHook(j.cancellation.all, startedHook, j.events.first)
	if j.startFailed != nil {
		// Steps without a condition are not run after a failure.
		j.rc.StepResults["__job_started"] = &model.StepResult{Outcome: model.StepStatusFailure, Conclusion: model.StepStatusFailure}
	}
}

// finishSteps ends the records of steps that were not reached.
func (j *job) finishSteps() {
	j.events.end("")
	for _, record := range j.events.planned {
		if j.report.IsPending(record) {
			j.report.Complete(record, "Skipped")
		}
	}
}

// jobOutputs are what other jobs get, without secrets.
func (j *job) jobOutputs() map[string]protocol.VariableValue {
	if j.request.JobOutputs == nil {
		return nil
	}
	result := map[string]protocol.VariableValue{}
	for name, value := range j.outputs {
		if j.masks.Mask(value) != value {
			j.trace("the output %s is left out: it may contain a secret", name)
			continue
		}
		result[name] = protocol.VariableValue{Value: value}
	}
	return result
}
