package orphans

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

func TestKill(t *testing.T) {
	marked := exec.Command("setsid", "-w", "sleep", "60")
	marked.Env = append(os.Environ(), Variable+"=github_one")
	other := exec.Command("sleep", "60")
	other.Env = append(os.Environ(), Variable+"=github_one_and_more")
	for _, command := range []*exec.Cmd{marked, other} {
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
	}
	defer func() { _ = other.Process.Kill(); _ = other.Wait() }()
	// Until it is that program, its environment is this one's.
	deadline := time.Now().Add(5 * time.Second)
	var ended []Process
	for len(ended) == 0 && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
		ended = Kill("github_one")
	}
	if len(ended) == 0 {
		t.Fatal("nothing was ended")
	}
	_ = marked.Wait()
	if marked.ProcessState.Exited() {
		t.Errorf("it ended by itself: %v", marked.ProcessState)
	}
	if err := other.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("another job's process was ended: %v", err)
	}
	if Kill("") != nil {
		t.Error("without a value, something was ended")
	}
}
