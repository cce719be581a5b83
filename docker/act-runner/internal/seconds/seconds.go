// Package seconds has the times that the runner waits.
package seconds

import (
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Variable changes times, for tests: ACT_RUNNER_SECONDS=retry=0.2,renew=1.
const Variable = "ACT_RUNNER_SECONDS"

// Seconds are the times that the runner waits. What tests do not shorten is as with GitHub's runner.
type Seconds struct {
	// Retry is the time before a server that did not answer is asked again.
	Retry time.Duration `usual:"10"`
	// Configure is the same while the runner is configured: somebody waits for that.
	Configure time.Duration `usual:"2"`
	// Conflict is how long the end of another process's session is waited for.
	Conflict time.Duration `usual:"240"`
	// Renew is the time between two messages to the server that a job is still worked on.
	Renew time.Duration `usual:"60"`
	// Interrupt is the time that a cancelled step has after SIGINT.
	Interrupt time.Duration `usual:"7.5"`
	// Terminate is the time that it has after SIGTERM, which follows.
	Terminate time.Duration `usual:"2.5"`
	// Shutdown is the time that a job has to end after the runner was told to stop.
	Shutdown time.Duration `usual:"60"`
}

// Take reads the times. The variable stays in the environment for the worker, which takes it away from jobs.
func Take() Seconds {
	given := map[string]string{}
	for _, setting := range strings.Split(os.Getenv(Variable), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(setting), "=")
		given[strings.ToLower(name)] = value
	}
	var result Seconds
	fields := reflect.ValueOf(&result).Elem()
	for index := range fields.NumField() {
		field := fields.Type().Field(index)
		seconds, err := strconv.ParseFloat(given[strings.ToLower(field.Name)], 64)
		if err != nil || seconds <= 0 {
			seconds, _ = strconv.ParseFloat(field.Tag.Get("usual"), 64)
		}
		fields.Field(index).SetInt(int64(seconds * float64(time.Second)))
	}
	return result
}
