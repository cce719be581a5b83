package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// setupInfoFile is beside the runner's scripts: whoever makes a machine's image writes there what jobs tell of it.
const setupInfoFile = ".setup_info"

// setupInfo are the lines of a job's log about the machine.
func setupInfo(root string) []string {
	text, err := os.ReadFile(filepath.Join(root, setupInfoFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var groups []struct{ Group, Detail string }
	if err == nil {
		err = json.Unmarshal(text, &groups)
	}
	if err != nil {
		return []string{fmt.Sprintf("Fail to load and print machine setup info: %s", err)}
	}
	var lines []string
	for _, each := range groups {
		if each.Detail == "" {
			continue
		}
		if each.Group == "" {
			each.Group = "Machine Setup Info"
		}
		detail := strings.TrimRight(strings.ReplaceAll(each.Detail, "\r\n", "\n"), "\n")
		lines = append(lines, "##[group]"+each.Group)
		lines = append(lines, strings.Split(detail, "\n")...)
		lines = append(lines, "##[endgroup]")
	}
	return lines
}

// Variables by which the runner's administrator says how jobs are done.
const (
	requireContainer = "ACTIONS_RUNNER_REQUIRE_JOB_CONTAINER"
	archives         = "ACTIONS_RUNNER_ACTION_ARCHIVE_CACHE"
)

// linkArchives puts the archives that the runner's administrator keeps where the library would put those that it downloads.
//
// They are OWNER_NAME/SHA.tar.gz there. An owner's name has no underscore.
func linkArchives(folder, downloads string) error {
	paths, err := filepath.Glob(filepath.Join(folder, "*", "*.tar.gz"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		owner, name, found := strings.Cut(filepath.Base(filepath.Dir(path)), "_")
		if !found {
			continue
		}
		sha := strings.TrimSuffix(filepath.Base(path), ".tar.gz")
		if err := os.Symlink(path, filepath.Join(downloads, owner+"."+name+"."+sha+".tar")); err != nil {
			return err
		}
	}
	return nil
}
