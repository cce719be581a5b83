// Package exitcode has the numbers with which GitHub's runner ends. The scripts around the listener, and this project's start-up
// program, know them.
package exitcode

// How the listener ends.
const (
	Success         = 0
	Terminated      = 1
	Retry           = 2
	SessionConflict = 5
	VersionRefused  = 7
)

// Results are a job's results in the runner's words, in the order of their numbers.
var Results = []string{"Succeeded", "SucceededWithIssues", "Failed", "Canceled", "Skipped", "Abandoned"}

// first is added to a result's number, so that the end of a job is told apart from a crash.
const first = 100

// OfResult is the worker's exit code for a job's result; "Failed" if there is no such result.
func OfResult(result string) int {
	for number, name := range Results {
		if name == result {
			return first + number
		}
	}
	return OfResult("Failed")
}

// ResultOf is the job's result that a worker's exit code stands for. The second value is false if the worker crashed or was killed.
func ResultOf(code int) (string, bool) {
	if code < first || code >= first+len(Results) {
		return "Failed", false
	}
	return Results[code-first], true
}
