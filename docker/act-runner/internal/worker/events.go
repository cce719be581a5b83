package worker

import (
	"fmt"
	"sort"
	"strings"
	"sync"

	"github.com/actions-oss/act-cli/pkg/model"
	"github.com/sirupsen/logrus"

	"runner-images/act-runner/internal/masks"
	"runner-images/act-runner/internal/report"
)

// events makes the job's log, and the states of its steps, of act's log: that is all that act tells of its progress. act calls it
// as the formatter of its logger, one entry at a time.
type events struct {
	report *report.Job
	masks  *masks.Masks
	// debug: GitHub was asked for debug logging.
	debug bool
	// conclusion is how act says that a step ended, after continue-on-error.
	conclusion func(id string) (string, bool)
	cancelled  func() bool
	// evaluate is a text with its expressions evaluated.
	evaluate func(text string) string

	mutex sync.Mutex
	// setUp, first and last are the records before the steps, of the first step, and after the steps.
	setUp   *report.Record
	first   *report.Record
	last    *report.Record
	current *report.Record
	// result is the current step's, once it is known.
	result string
	// planned are the steps by their ids, and uses those that are actions.
	planned map[string]*report.Record
	uses    map[string]*model.Step
	// said is the last problem, which act repeats.
	said string
}

const (
	runPrefix     = "\u2B50 Run "
	failurePrefix = "  \u274C  "
)

// Format is the logger's formatter. What there is to say is reported, and nothing is left to be written.
func (e *events) Format(entry *logrus.Entry) ([]byte, error) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	stage, _ := entry.Data["stage"].(string)
	ids, _ := entry.Data["stepID"].([]string)
	if len(ids) == 1 && stage != "" {
		name, _ := entry.Data["step"].(string)
		if strings.HasPrefix(entry.Message, runPrefix) {
			e.enter(stage, ids[0], name)
		}
		if result, ended := entry.Data["stepResult"].(fmt.Stringer); ended {
			e.ended(stage, ids[0], result.String())
		}
	}
	if command, is := entry.Data["command"].(string); is {
		e.command(entry, strings.ToLower(command))
		return nil, nil
	}
	if raw, _ := entry.Data["raw_output"].(bool); raw {
		e.log(strings.TrimRight(entry.Message, "\r\n"))
		return nil, nil
	}
	e.message(entry)
	return nil, nil
}

// enter begins a step's record.
func (e *events) enter(stage, id, name string) {
	e.leave()
	record := e.planned[id]
	switch stage {
	case "Pre":
		record = e.report.Insert(e.first, "", "Pre-"+id, "Pre "+name)
	case "Post":
		record = e.report.Insert(e.last, "", "Post-"+id, "Post "+name)
	}
	if record == nil {
		return
	}
	if stage == "Main" {
		e.report.Start(record, e.masks.Mask(firstLine(name)))
	} else {
		e.report.Start(record, "")
	}
	e.current = record
	if step := e.uses[id]; step != nil && stage == "Main" {
		e.action(step)
	}
}

// action tells what an action is given.
func (e *events) action(step *model.Step) {
	e.log("##[group]Run " + step.Uses)
	var names []string
	for name := range step.With {
		names = append(names, name)
	}
	sort.Strings(names)
	for index, name := range names {
		if index == 0 {
			e.log("with:")
		}
		e.log("  " + name + ": " + e.evaluate(step.With[name]))
	}
	e.log("##[endgroup]")
}

// ended notes how a step ended. Its log goes on until the next one begins.
func (e *events) ended(stage, id, status string) {
	result := "Failed"
	switch status {
	case model.StepStatusSuccess.String():
		result = "Succeeded"
	case model.StepStatusSkipped.String():
		if record := e.planned[id]; stage == "Main" && record != nil {
			e.report.Complete(record, "Skipped")
		}
		return
	}
	if result == "Failed" && stage == "Main" {
		if conclusion, known := e.conclusion(id); known && conclusion == model.StepStatusSuccess.String() {
			result = "Succeeded"
		} else if e.cancelled() {
			result = "Canceled"
		}
	}
	e.result = result
}

// leave ends the current record.
func (e *events) leave() {
	if e.current == nil {
		return
	}
	if e.result == "" {
		e.result = "Succeeded"
	}
	e.report.Complete(e.current, e.result)
	e.current, e.result, e.said = nil, "", ""
}

func (e *events) command(entry *logrus.Entry, command string) {
	argument, _ := entry.Data["arg"].(string)
	data, _ := entry.Data["kvPairs"].(map[string]string)
	switch command {
	case "group", "endgroup":
		e.log("##[" + command + "]" + argument)
	case "error", "warning", "notice":
		e.issue(command, argument, data)
	case "debug":
		if e.debug {
			e.log("##[debug]" + argument)
		}
	case "add-mask":
		e.masks.Add(argument)
	case "ignored":
		raw, _ := entry.Data["raw"].(string)
		e.log(strings.TrimRight(raw, "\r\n"))
	case "summary":
		content, _ := entry.Data["content"].(string)
		if e.current != nil {
			e.report.Summary(e.current, e.masks.Mask(content))
		}
	}
}

// message is what act itself says, most of which is for people at a terminal.
func (e *events) message(entry *logrus.Entry) {
	text := strings.TrimSpace(entry.Message)
	switch {
	case entry.Level <= logrus.ErrorLevel:
		text = withoutStepErrors(text)
		if !strings.HasPrefix(entry.Message, failurePrefix) && text != "" && text != e.said {
			e.said = text
			e.issue("error", text, nil)
		}
	case entry.Level == logrus.WarnLevel:
		e.issue("warning", text, nil)
	case entry.Level == logrus.InfoLevel:
		if strings.HasPrefix(text, "Downloading action ") || strings.HasPrefix(text, "\U0001F433") {
			e.log(text)
		}
	case e.debug && !strings.HasPrefix(text, "setupEnv"):
		e.log("##[debug]" + text)
	}
}

// withoutStepErrors leaves out the failures of which the log tells already.
func withoutStepErrors(text string) string {
	var kept []string
	for _, line := range strings.Split(text, "\n") {
		if !strings.Contains(line, stepErrorPrefix) {
			kept = append(kept, line)
		}
	}
	return strings.TrimSpace(strings.Join(kept, "\n"))
}

func (e *events) issue(kind, message string, data map[string]string) {
	message = e.masks.Mask(message)
	e.log("##[" + kind + "]" + message)
	record := e.record()
	e.report.Issue(record, kind, message, data)
}

func (e *events) log(text string) {
	e.report.Log(e.record(), e.masks.Mask(text))
}

func (e *events) record() *report.Record {
	if e.current != nil {
		return e.current
	}
	return e.setUp
}

// Problem says why a step failed.
func (e *events) Problem(message string) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.issue("error", message, nil)
}

// Say adds lines to the current step's log.
func (e *events) Say(lines ...string) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	for _, line := range lines {
		e.log(line)
	}
}

// Script says what a step runs.
func (e *events) Script(shell, text string) {
	lines := []string{"##[group]Run " + firstLine(text)}
	for _, line := range strings.Split(text, "\n") {
		lines = append(lines, "\x1b[36;1m"+line+"\x1b[0m")
	}
	e.Say(append(lines, "shell: "+shell, "##[endgroup]")...)
}

func firstLine(text string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return first
}

// begin begins a record that act knows nothing of.
func (e *events) begin(record *report.Record) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.leave()
	e.report.Start(record, "")
	e.current = record
}

// end ends the current record, with the result that is known of it or with this one.
func (e *events) end(result string) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if result != "" {
		e.result = result
	}
	e.leave()
}
