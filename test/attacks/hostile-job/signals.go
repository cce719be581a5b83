package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// signals sends each signal of the list to every process but the job's own; what was sent is written down at once, since one may be the last.
func signals(l *loot) {
	for _, number := range numbers {
		l.opened(fmt.Sprint(number))
		for _, pid := range processes() {
			if pid == os.Getppid() || strings.Contains(describe(pid), "/hostile") {
				continue
			}
			l.count("signals")
			l.save("part")
			_ = syscall.Kill(pid, syscall.Signal(number))
			if number == int(syscall.SIGSTOP) || number >= int(syscall.SIGTSTP) && number <= int(syscall.SIGTTOU) {
				time.Sleep(20 * time.Millisecond)
				_ = syscall.Kill(pid, syscall.SIGCONT)
			}
		}
		time.Sleep(150 * time.Millisecond)
	}
}
