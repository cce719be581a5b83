package worker

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// folders are where a job works, as with GitHub's runner.
type folders struct {
	work string
	// pipeline contains the workspace: WORK/example.
	pipeline string
	// workspace is WORK/example/example, as the repository is called.
	workspace string
	// temporary is emptied for each job.
	temporary string
	tools     string
	// act has the files by which steps and act exchange what they have to say, and the actions.
	act string
	// downloads has the actions' archives. No job finds what another one put there.
	downloads string
}

// prepareFolders makes the folders for a job.
func prepareFolders(root, work, repository string) (folders, error) {
	if !filepath.IsAbs(work) {
		work = filepath.Join(root, work)
	}
	name := repository[strings.LastIndexByte(repository, '/')+1:]
	if name == "" || name == "." || name == ".." {
		name = "job"
	}
	f := folders{
		work:      work,
		pipeline:  filepath.Join(work, name),
		workspace: filepath.Join(work, name, name),
		temporary: filepath.Join(work, "_temp"),
	}
	f.act = filepath.Join(f.temporary, "_act")
	f.downloads = filepath.Join(f.temporary, "_downloads")
	for _, variable := range []string{"RUNNER_TOOL_CACHE", "RUNNER_TOOLSDIRECTORY", "AGENT_TOOLSDIRECTORY"} {
		if f.tools == "" {
			f.tools = os.Getenv(variable)
		}
	}
	if f.tools == "" {
		f.tools = filepath.Join(work, "_tool")
	}
	// A job can be done beside what is left of others.
	_ = empty(f.temporary)
	for _, folder := range []string{f.workspace, f.temporary, f.downloads} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return f, err
		}
	}
	return f, nil
}

// empty removes what is in a folder, which may be a mounted one. What cannot be removed is left, and told of in the error.
func empty(folder string) error {
	entries, err := os.ReadDir(folder)
	if os.IsNotExist(err) {
		return nil
	}
	failures := []error{err}
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		if err := os.RemoveAll(path); err != nil {
			// Tools like Go's write-protect the folders that they fill.
			makeWritable(path)
			failures = append(failures, os.RemoveAll(path))
		}
	}
	return errors.Join(failures...)
}

func makeWritable(path string) {
	_ = filepath.WalkDir(path, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
}
