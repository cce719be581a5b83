// Package frames has the messages by which the listener tells the worker what to do: a kind, a length, and so many bytes.
package frames

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Kind is what a message is about, by the numbers of GitHub's runner. A higher number is more urgent.
type Kind uint32

const (
	// NewJob has the job's message as its body.
	NewJob Kind = 1
	// Cancel ends the job; steps with always() and cancelled() are still run.
	Cancel Kind = 2
	// Shutdown ends the job, because the runner is to stop; no more steps are run.
	Shutdown Kind = 3
)

// limit bounds a message: GitHub's are smaller by far.
const limit = 256 << 20

// Write sends a message.
func Write(to io.Writer, kind Kind, body []byte) error {
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(kind)), uint32(len(body)))
	_, err := to.Write(append(header, body...))
	return err
}

// Read receives a message.
func Read(from io.Reader) (Kind, []byte, error) {
	var header [8]byte
	if _, err := io.ReadFull(from, header[:]); err != nil {
		return 0, nil, err
	}
	length := binary.BigEndian.Uint32(header[4:])
	if length > limit {
		return 0, nil, fmt.Errorf("a message of %d bytes is too long", length)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(from, body); err != nil {
		return 0, nil, err
	}
	return Kind(binary.BigEndian.Uint32(header[:4])), body, nil
}
