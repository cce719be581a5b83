// Package orphans ends processes that a job started and left behind.
package orphans

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Variable is in the environment of every process of a job. Its value is another one for each job.
const Variable = "RUNNER_TRACKING_ID"

// Process is one that was ended.
type Process struct {
	ID   int
	Name string
}

func (p Process) String() string { return fmt.Sprintf("pid (%d) (%s)", p.ID, p.Name) }

// Kill ends all processes of the job with this value, except this one.
func Kill(tracking string) []Process {
	folders, err := os.ReadDir("/proc")
	if err != nil || tracking == "" {
		return nil
	}
	mark := []byte("\x00" + Variable + "=" + tracking + "\x00")
	var ended []Process
	for _, folder := range folders {
		id, err := strconv.Atoi(folder.Name())
		if err != nil || id == os.Getpid() {
			continue
		}
		environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", id))
		// One that has ended meanwhile, or another user's.
		if err != nil || !bytes.Contains(append([]byte{0}, environment...), mark) {
			continue
		}
		name := commandOf(id)
		if syscall.Kill(id, syscall.SIGKILL) == nil {
			ended = append(ended, Process{ID: id, Name: name})
		}
	}
	return ended
}

func commandOf(id int) string {
	name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", id))
	return strings.TrimSpace(string(name))
}
