// Package terminal has what the runner says: on its output in the forms of GitHub's runner, which this project's start-up program
// reads, and in a log for whoever looks for a fault.
package terminal

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Terminal writes lines to the runner's output, and to its log.
type Terminal struct {
	out, err io.Writer
	log      *Log
	mutex    sync.Mutex
	secrets  []string
}

// New is a terminal on standard output, with a log below root.
func New(root string) *Terminal {
	return &Terminal{out: os.Stdout, err: os.Stderr, log: NewLog(root, "Runner")}
}

// NewFor is a terminal on other outputs, for tests.
func NewFor(out, err io.Writer, log *Log) *Terminal {
	return &Terminal{out: out, err: err, log: log}
}

// Hide shows a secret as *** from now on.
func (t *Terminal) Hide(secret string) {
	if strings.TrimSpace(secret) == "" {
		return
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.secrets = append(t.secrets, secret)
}

// Line says a line.
func (t *Terminal) Line(format string, values ...any) {
	text := t.masked(fmt.Sprintf(format, values...))
	t.log.Write("INFO", "Terminal", "WRITE LINE: "+text)
	t.print(t.out, text)
}

// Event says a line with the time before it.
func (t *Terminal) Event(format string, values ...any) {
	t.Line("%s: %s", Timestamp(), fmt.Sprintf(format, values...))
}

// Success says what was done.
func (t *Terminal) Success(format string, values ...any) {
	t.Line("√ %s", fmt.Sprintf(format, values...))
}

// Section begins a part of a longer output.
func (t *Terminal) Section(title string) {
	t.print(t.out, "\n# "+title+"\n")
}

// Error says what is wrong.
func (t *Terminal) Error(format string, values ...any) {
	text := t.masked(fmt.Sprintf(format, values...))
	t.log.Write("ERR ", "Terminal", "WRITE ERROR: "+text)
	t.print(t.err, text)
}

// Trace writes to the log alone.
func (t *Terminal) Trace(source, format string, values ...any) {
	t.log.Write("INFO", source, t.masked(fmt.Sprintf(format, values...)))
}

func (t *Terminal) masked(text string) string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, secret := range t.secrets {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return text
}

func (t *Terminal) print(to io.Writer, text string) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	// Without its output the runner works on.
	_, _ = fmt.Fprintln(to, text)
}

// Timestamp is the time in the form of the runner's output: 2026-01-13 04:31:47Z.
func Timestamp() string {
	return time.Now().UTC().Format("2006-01-02 15:04:05Z")
}

// Log is a file in the runner's folder _diag: Runner_20260113-043147-utc.log or Worker_….
type Log struct {
	path  string
	mutex sync.Mutex
}

// NewLog is the log of a program that starts now.
func NewLog(root, program string) *Log {
	name := fmt.Sprintf("%s_%s-utc.log", program, time.Now().UTC().Format("20060102-150405"))
	return &Log{path: filepath.Join(root, "_diag", name)}
}

// Write adds a line. A log that cannot be written is no reason to stop working.
func (l *Log) Write(level, source, text string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if os.MkdirAll(filepath.Dir(l.path), 0o755) != nil {
		return
	}
	file, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return
	}
	defer file.Close()
	fmt.Fprintf(file, "[%s %s %s] %s\n", Timestamp(), level, source, text)
}
