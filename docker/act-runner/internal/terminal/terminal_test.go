package terminal

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

func TestLines(t *testing.T) {
	root := t.TempDir()
	var out, err bytes.Buffer
	terminal := NewFor(&out, &err, NewLog(root, "Runner"))
	terminal.Hide("s3cret")
	terminal.Hide(" ")
	terminal.Success("Connected to %s", "GitHub")
	terminal.Event("Running job: %s", "build 100% s3cret")
	terminal.Error("An error occurred: %s", "no s3cret")
	time := regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ`)
	if text := time.ReplaceAllString(out.String(), "TIME"); text != "√ Connected to GitHub\nTIME: Running job: build 100% ***\n" {
		t.Errorf("output: %q", text)
	}
	if err.String() != "An error occurred: no ***\n" {
		t.Errorf("errors: %q", err.String())
	}
	logs, _ := filepath.Glob(filepath.Join(root, "_diag", "Runner_*-utc.log"))
	if len(logs) != 1 {
		t.Fatalf("logs: %v", logs)
	}
	log, _ := os.ReadFile(logs[0])
	want := "[TIME INFO Terminal] WRITE LINE: √ Connected to GitHub\n" +
		"[TIME INFO Terminal] WRITE LINE: TIME: Running job: build 100% ***\n" +
		"[TIME ERR  Terminal] WRITE ERROR: An error occurred: no ***\n"
	if text := time.ReplaceAllString(string(log), "TIME"); text != want {
		t.Errorf("log: %q", text)
	}
}

func TestUnwritableLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	NewFor(&out, &out, NewLog(file, "Runner")).Line("on")
	if out.String() != "on\n" {
		t.Errorf("output: %q", out.String())
	}
}
