package masks

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestMask(t *testing.T) {
	var masks Masks
	for _, value := range []string{"s3cret-value", "s3cret", "", " ", "first line\nsecond line", "42", `quo"te&more`} {
		masks.Add(value)
	}
	masks.AddPattern(`ghs_\w+`)
	masks.AddPattern(`broken(`)
	for text, want := range map[string]string{
		"a s3cret-value and s3cret.":                              "a *** and ***.",
		"only the second line here":                               "only the *** here",
		"42 is short, NDI= is not hidden":                         "*** is short, NDI= is not hidden",
		"token ghs_abc123, broken(":                               "token ***, ***",
		`{"a":"quo\"te&more"}`:                                    `{"a":"***"}`,
		"https://x?q=quo%22te%26more":                             "https://x?q=***",
		"nothing\tto hide":                                        "nothing\tto hide",
		base64.StdEncoding.EncodeToString([]byte("s3cret-value")): "***",
	} {
		if got := masks.Mask(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	for _, prefix := range []string{"", "u", "us", "use"} {
		encoded := base64.StdEncoding.EncodeToString([]byte(prefix + "s3cret-value" + ":x"))
		if !strings.Contains(masks.Mask(encoded), "***") {
			t.Errorf("base64 after %q is shown: %s", prefix, encoded)
		}
	}
}
