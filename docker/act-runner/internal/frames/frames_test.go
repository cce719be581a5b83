package frames

import (
	"bytes"
	"io"
	"testing"
)

func TestWriteAndRead(t *testing.T) {
	var pipe bytes.Buffer
	for kind, body := range map[Kind]string{NewJob: `{"job":"é"}`, Cancel: ""} {
		if err := Write(&pipe, kind, []byte(body)); err != nil {
			t.Fatal(err)
		}
		got, text, err := Read(&pipe)
		if err != nil || got != kind || string(text) != body {
			t.Errorf("%d %q %v", got, text, err)
		}
	}
	if _, _, err := Read(&pipe); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	if _, _, err := Read(bytes.NewReader([]byte{0, 0, 0, 1, 0, 0, 0, 9, 'x'})); err != io.ErrUnexpectedEOF {
		t.Errorf("cut off: %v", err)
	}
	if _, _, err := Read(bytes.NewReader([]byte{0, 0, 0, 1, 255, 255, 255, 255})); err == nil {
		t.Error("any length is read")
	}
}
