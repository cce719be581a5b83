// Package masks hides secrets in what a job says.
package masks

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"sort"
	"strings"
	"sync"
)

// mask is what is shown in place of a secret.
const mask = "***"

// shortest is the length from which a secret's other spellings are hidden as well: those of a shorter one are in any text.
const shortest = 6

// Masks are the secrets of a job.
type Masks struct {
	mutex    sync.Mutex
	values   map[string]bool
	patterns []*regexp.Regexp
	replacer *strings.Replacer
}

// Add hides a value, each of its lines, and the forms in which programs show a value.
func (m *Masks) Add(value string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.values == nil {
		m.values = map[string]bool{}
	}
	m.values[value] = true
	for _, line := range strings.FieldsFunc(value, func(r rune) bool { return r == '\n' || r == '\r' }) {
		m.values[line] = true
		if len(line) < shortest {
			continue
		}
		for _, other := range spellings(line) {
			m.values[other] = true
		}
	}
	m.replacer = nil
}

// spellings are base64, at each place in a longer text, and what JSON and addresses make of it.
func spellings(value string) []string {
	result := []string{strings.Trim(value, `"`), url.QueryEscape(value), url.PathEscape(value)}
	for _, html := range []bool{true, false} {
		var text strings.Builder
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(html)
		_ = encoder.Encode(value)
		result = append(result, strings.Trim(text.String(), "\"\n"))
	}
	for shift := range 3 {
		// Of the last letters, bits may belong to what follows.
		whole := (len(value) - shift) / 3 * 3
		result = append(result, base64.StdEncoding.EncodeToString([]byte(value[shift:shift+whole])))
	}
	return append(result, base64.StdEncoding.EncodeToString([]byte(value)))
}

// AddPattern hides whatever a regular expression matches. One that cannot be read hides itself.
func (m *Masks) AddPattern(pattern string) {
	expression, err := regexp.Compile(pattern)
	if err != nil {
		m.Add(pattern)
		return
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.patterns = append(m.patterns, expression)
}

// Mask is a text without secrets.
func (m *Masks) Mask(text string) string {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.replacer == nil {
		m.replacer = m.newReplacer()
	}
	text = m.replacer.Replace(text)
	for _, pattern := range m.patterns {
		text = pattern.ReplaceAllString(text, mask)
	}
	return text
}

// newReplacer has the longest values first: a secret may be a part of another one.
func (m *Masks) newReplacer() *strings.Replacer {
	var values []string
	for value := range m.values {
		if strings.TrimSpace(value) != "" {
			values = append(values, value)
		}
	}
	sort.Slice(values, func(i, j int) bool { return len(values[i]) > len(values[j]) })
	var pairs []string
	for _, value := range values {
		pairs = append(pairs, value, mask)
	}
	return strings.NewReplacer(pairs...)
}
