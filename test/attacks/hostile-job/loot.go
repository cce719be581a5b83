package main

import (
	"encoding/json"
	"fmt"
	"hash/maphash"
	"os"
	"sync"
)

const (
	folder = "/loot"
	// Bytes of one attack that are kept.
	most = 64 << 20
	// Characters: shorter texts are no secret.
	shortest = 12
)

// loot is what one attack read, and how often it tried what.
type loot struct {
	Attack string         `json:"attack"`
	Round  int            `json:"round"`
	Tried  map[string]int `json:"tried"`
	// What is a success by itself, whatever was read.
	Opened []string `json:"opened"`
	// More was read than is kept.
	Full  bool  `json:"full"`
	Bytes int64 `json:"bytes"`

	mutex sync.Mutex
	file  *os.File
	kept  int
	seen  map[uint64]struct{}
	seed  maphash.Seed
}

func open(attack string) *loot {
	file, err := os.OpenFile(fmt.Sprintf("%s/%s.%d.loot", folder, attack, round), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		panic(err)
	}
	return &loot{Attack: attack, Round: round, Tried: map[string]int{}, Opened: []string{}, file: file, seen: map[uint64]struct{}{}, seed: maphash.MakeSeed()}
}

// save writes down what was tried so far: an attack may end the container that it is in.
func (l *loot) save(suffix string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	text, _ := json.Marshal(l)
	name := fmt.Sprintf("%s/%s.%d.%s", folder, l.Attack, l.Round, suffix)
	_ = os.WriteFile(name+".new", text, 0o644)
	_ = os.Rename(name+".new", name)
}

func (l *loot) close() {
	_ = l.file.Close()
	l.save("json")
}

func (l *loot) count(what string) { l.add(what, 1) }

func (l *loot) add(what string, times int) {
	l.mutex.Lock()
	l.Tried[what] += times
	l.mutex.Unlock()
}

func (l *loot) opened(what string) {
	l.mutex.Lock()
	l.Opened = append(l.Opened, what)
	l.mutex.Unlock()
}

// keep takes the texts of what was read, of one or of two bytes a character, each once.
func (l *loot) keep(source string, data []byte) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.Bytes += int64(len(data))
	header := false
	take := func(text []byte) {
		sum := maphash.Bytes(l.seed, text)
		if _, known := l.seen[sum]; known {
			return
		}
		if l.kept+len(text) > most {
			l.Full = true
			return
		}
		l.seen[sum] = struct{}{}
		if !header {
			fmt.Fprintf(l.file, "\n@@ %s\n", source)
			header = true
		}
		n, _ := l.file.Write(append(text, '\n'))
		l.kept += n
	}
	start := 0
	for at := 0; at <= len(data); at++ {
		if at < len(data) && printable(data[at]) {
			continue
		}
		if at-start >= shortest {
			take(append([]byte{}, data[start:at]...))
		}
		start = at + 1
	}
	for at := 0; at+1 < len(data); {
		end := at
		for end+1 < len(data) && printable(data[end]) && data[end+1] == 0 {
			end += 2
		}
		if end-at >= 2*shortest {
			take(append([]byte{}, data[at:end]...))
		}
		if end == at {
			at++
		} else {
			at = end
		}
	}
}

func printable(b byte) bool { return b >= 0x20 && b < 0x7f }
