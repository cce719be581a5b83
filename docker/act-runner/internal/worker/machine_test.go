package worker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSetupInfo(t *testing.T) {
	root := t.TempDir()
	if lines := setupInfo(root); lines != nil {
		t.Error(lines)
	}
	for text, want := range map[string]string{
		`[{"group":"Image","detail":"a: 1\nb: 2\n"},{"Detail":"c\r\nd"},{"group":"nothing"}]`: "##[group]Image|a: 1|b: 2|##[endgroup]|" +
			"##[group]Machine Setup Info|c|d|##[endgroup]",
		`[]`:        "",
		`{"a": 1}`:  "Fail to load and print machine setup info: json: ",
		`not JSON `: "Fail to load and print machine setup info: invalid character",
	} {
		if err := os.WriteFile(filepath.Join(root, ".setup_info"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(setupInfo(root), "|")
		if got != want && (want == "" || strings.HasPrefix(want, "##") || !strings.HasPrefix(got, want)) {
			t.Errorf("%s: %s", text, got)
		}
	}
}

func TestLinkArchives(t *testing.T) {
	folder, downloads := t.TempDir(), t.TempDir()
	for _, path := range []string{"octo_greet_more/abc.tar.gz", "octo_greet_more/abc.zip", "other/abc.tar.gz", "octo_x/y/abc.tar.gz"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, path), []byte(path), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := linkArchives(folder, downloads); err != nil {
		t.Fatal(err)
	}
	entries, _ := os.ReadDir(downloads)
	if len(entries) != 1 || entries[0].Name() != "octo.greet_more.abc.tar" {
		t.Fatal(entries)
	}
	if text, err := os.ReadFile(filepath.Join(downloads, entries[0].Name())); string(text) != "octo_greet_more/abc.tar.gz" {
		t.Error(string(text), err)
	}
	if err := linkArchives(filepath.Join(folder, "missing"), downloads); err != nil {
		t.Error(err)
	}
}
