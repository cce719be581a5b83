package listener

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestParseTimeSpan(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"00:05:00":         5 * time.Minute,
		"01:00:00.5":       time.Hour + 500*time.Millisecond,
		"2.01:00:00":       49 * time.Hour,
		"00:00:00":         cancelTimeout,
		"":                 cancelTimeout,
		"soon":             cancelTimeout,
		"00:00:30.0000000": 30 * time.Second,
	} {
		if got := parseTimeSpan(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestParseJob(t *testing.T) {
	job, err := parseJob([]byte(`{"jobId":"a","jobDisplayName":"build","messageType":"RunnerJobRequest","requestId":7}`), "https://run")
	if err != nil || job.JobID != "a" || job.JobDisplayName != "build" || job.RequestID != 7 || job.RunServiceURL != "https://run" {
		t.Errorf("%+v, %v", job, err)
	}
	for _, text := range []string{"", "{}", "[]"} {
		if _, err := parseJob([]byte(text), ""); err == nil {
			t.Errorf("%q is a job", text)
		}
	}
}

func TestDotEnv(t *testing.T) {
	root := t.TempDir()
	t.Setenv("ACT_RUNNER_TEST_A", "")
	if err := os.WriteFile(filepath.Join(root, ".env"), []byte("ACT_RUNNER_TEST_A=b=c\n=x\nnothing\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	loadDotEnv(root)
	if value := os.Getenv("ACT_RUNNER_TEST_A"); value != "b=c" {
		t.Error(value)
	}
	loadDotEnv(filepath.Join(root, "missing"))
}
