package lines

import (
	"strings"
	"testing"
)

func TestWriter(t *testing.T) {
	var got []string
	writer := &Writer{Each: func(line string) { got = append(got, line) }}
	for _, part := range []string{"one\ntw", "o\n\nthree", ""} {
		if count, err := writer.Write([]byte(part)); err != nil || count != len(part) {
			t.Errorf("%d, %v", count, err)
		}
	}
	writer.End()
	if text := strings.Join(got, "|"); text != "one|two||three" {
		t.Error(text)
	}
}
