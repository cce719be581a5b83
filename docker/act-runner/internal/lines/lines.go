// Package lines passes on what a program writes by whole lines.
package lines

import "bytes"

// Writer calls Each for each line, without its line feed.
type Writer struct {
	Each func(line string)
	rest []byte
}

// Write looks at each byte once, however long a line is.
func (w *Writer) Write(output []byte) (int, error) {
	count := len(output)
	for {
		line, others, found := bytes.Cut(output, []byte{'\n'})
		w.rest = append(w.rest, line...)
		if !found {
			return count, nil
		}
		w.Each(string(w.rest))
		w.rest, output = w.rest[:0], others
	}
}

// End passes on an unfinished last line.
func (w *Writer) End() {
	if len(w.rest) > 0 {
		w.Each(string(w.rest))
		w.rest = nil
	}
}
