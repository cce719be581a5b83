package configuration

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestWriteAndRead(t *testing.T) {
	store := Store{Root: t.TempDir()}
	if _, err := store.Settings(); !errors.Is(err, fs.ErrNotExist) || store.IsConfigured() {
		t.Fatalf("an empty folder is configured: %v", err)
	}
	key := newKey(t)
	settings := Settings{AgentID: 7, AgentName: "one", PoolID: 1, ServerURL: "https://example", WorkFolder: "_work", Ephemeral: true}
	credentials := Credentials{Scheme: "OAuth", Data: CredentialsData{ClientID: "client", AuthorizationURL: "https://example/token"}}
	if err := store.Write(settings, credentials, key); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]fs.FileMode{SettingsFile: 0o644, CredentialsFile: 0o600, KeyFile: 0o600} {
		if info, err := os.Stat(filepath.Join(store.Root, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if got, err := store.Settings(); err != nil || got != settings {
		t.Errorf("settings: %+v, %v", got, err)
	}
	got, gotKey, err := store.Credentials()
	if err != nil || got != credentials || !gotKey.Equal(key) {
		t.Errorf("credentials: %+v, %v", got, err)
	}
	if err := store.Write(settings, credentials, key); err == nil || !strings.HasSuffix(err.Error(), ".credentials_rsaparams cannot be written: file exists") {
		t.Errorf("a second configuration: %v", err)
	}
	if found, err := store.Remove(); !found || err != nil || store.IsConfigured() {
		t.Errorf("removal: %t, %v", found, err)
	}
	if found, err := store.Remove(); found || err != nil {
		t.Errorf("second removal: %t, %v", found, err)
	}
}

// As GitHub's own runner and its just-in-time configurations write it.
func TestOtherForms(t *testing.T) {
	store := Store{Root: t.TempDir()}
	text := "\xef\xbb\xbf" + `{"AgentId":"7","AgentName":"one","PoolId":"2","Ephemeral":"True","ServerUrl":"https://s","UseV2Flow":"false"}`
	if err := os.WriteFile(filepath.Join(store.Root, SettingsFile), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := store.Settings()
	want := Settings{AgentID: 7, AgentName: "one", PoolID: 2, Ephemeral: true, ServerURL: "https://s", WorkFolder: "_work"}
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestDamage(t *testing.T) {
	for _, text := range []string{"", "[]", "{}", `{"agentName":"one"}`} {
		store := Store{Root: t.TempDir()}
		if err := os.WriteFile(filepath.Join(store.Root, SettingsFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Settings(); err == nil || !strings.Contains(err.Error(), "is damaged") {
			t.Errorf("%q: %v", text, err)
		}
		if _, _, err := store.Credentials(); err == nil || !strings.Contains(err.Error(), "missing or damaged") {
			t.Errorf("no credentials: %v", err)
		}
	}
}

func TestJustInTime(t *testing.T) {
	encode := func(files map[string]string) string {
		encoded := map[string][]byte{}
		for name, text := range files {
			encoded[name] = []byte(text)
		}
		text, _ := json.Marshal(encoded)
		return base64.StdEncoding.EncodeToString(text)
	}
	store := Store{Root: t.TempDir()}
	for _, each := range []struct{ encoded, message string }{
		{"?", "base64 of a JSON object"},
		{base64.StdEncoding.EncodeToString([]byte("[]")), "base64 of a JSON object"},
		{encode(map[string]string{CredentialsFile: "{}"}), "base64 of a JSON object"},
		{encode(map[string]string{SettingsFile: "{}", "../evil": "x"}), `contains "../evil"`},
		{encode(map[string]string{SettingsFile: "{}"}), "contains no valid .runner"},
	} {
		if err := store.WriteJustInTime(each.encoded); err == nil || !strings.Contains(err.Error(), each.message) {
			t.Errorf("%s: %v", each.encoded, err)
		}
		if store.IsConfigured() {
			t.Errorf("%s: something was written", each.encoded)
		}
	}
	good := encode(map[string]string{SettingsFile: `{"agentName":"one","serverUrl":"https://s"}`})
	if err := store.WriteJustInTime(good); err != nil || !store.IsConfigured() {
		t.Errorf("a good one: %v", err)
	}
	if err := store.WriteJustInTime(good); err == nil || !strings.Contains(err.Error(), "this one has one") {
		t.Errorf("a second one: %v", err)
	}
}
