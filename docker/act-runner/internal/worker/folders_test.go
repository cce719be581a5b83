package worker

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestEmpty(t *testing.T) {
	folder := t.TempDir()
	mounted := filepath.Join(folder, "b", "mounted")
	protected := filepath.Join(folder, "c", "protected")
	for _, path := range []string{mounted, protected} {
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{filepath.Join(folder, "a"), filepath.Join(protected, "file")} {
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_ = os.Chmod(protected, 0o500)
	// What cannot be removed is no reason to leave the rest.
	if err := syscall.Mount("none", mounted, "tmpfs", 0, ""); err != nil {
		t.Logf("without a mount: %s", err)
	} else {
		defer func() { _ = syscall.Unmount(mounted, 0) }()
		if err := empty(folder); err == nil {
			t.Error("there is no error")
		}
		entries, _ := os.ReadDir(folder)
		if len(entries) != 1 || entries[0].Name() != "b" {
			t.Error(entries)
		}
		_ = syscall.Unmount(mounted, 0)
	}
	if err := empty(folder); err != nil {
		t.Error(err)
	}
	if entries, _ := os.ReadDir(folder); len(entries) != 0 {
		t.Error(entries)
	}
	if err := empty(filepath.Join(folder, "missing")); err != nil {
		t.Error(err)
	}
}
