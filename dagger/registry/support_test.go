package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/olareg/olareg"
	"github.com/olareg/olareg/config"
	"github.com/opencontainers/go-digest"
)

// what the program prints.
type printed struct {
	Error *struct {
		Kind, Message, Said, Action string
		Status                      int
		Seconds                     float64
	}
	Repositories []struct {
		Repository, Index string
		Uploaded, Present struct{ Blobs, Bytes int }
		Mounted           struct {
			Blobs, Bytes int
			From         []string
		}
		Referrers, FallbackTags []string
		Attached                int
		Tags                    map[string]*struct {
			Digest, MediaType string
			Platforms         []string
		}
	}
	Traffic   struct{ Sent, Received int }
	Manifests []*struct{ Digest, MediaType, Content string }
	Tags      []string
	Referrers []struct{ Digest, ArtifactType string }
	Tag       string
	Content   string
	Digest    string
	log       string
	code      int
}

// program runs the program in this process.
func program(t *testing.T, args ...string) printed {
	t.Helper()
	var stdout, stderr bytes.Buffer
	args = append([]string{"-silence", "20s", "-total", "60s", "-back-off", "5ms"}, args...)
	code := run(context.Background(), args, &stdout, &stderr)
	found := printed{log: stderr.String(), code: code}
	if err := json.Unmarshal(stdout.Bytes(), &found); err != nil {
		t.Fatalf("no JSON: %v\n%s", err, stdout.String())
	}
	if (code == 0) != (found.Error == nil) {
		t.Fatalf("exit code %d with %s", code, stdout.String())
	}
	return found
}

// good is a run that must succeed.
func good(t *testing.T, args ...string) printed {
	t.Helper()
	found := program(t, args...)
	if found.Error != nil {
		t.Fatalf("%v failed: %+v\n%s", args, *found.Error, found.log)
	}
	return found
}

// bad is the kind of error of a run that must fail.
func bad(t *testing.T, kind string, args ...string) printed {
	t.Helper()
	found := program(t, args...)
	if found.Error == nil || found.Error.Kind != kind {
		t.Fatalf("%v: %s expected, not %+v\n%s", args, kind, found.Error, found.log)
	}
	return found
}

// handler is a registry in this process, of a maker other than the client's own requests assume nothing about.
func handler(t *testing.T, change func(*config.Config)) http.Handler {
	t.Helper()
	yes := true
	conf := config.Config{
		Storage: config.ConfigStorage{StoreType: config.StoreMem},
		API:     config.ConfigAPI{DeleteEnabled: &yes, Blob: config.ConfigAPIBlob{DeleteEnabled: &yes}},
		Log:     slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&conf)
	}
	server := olareg.New(conf)
	t.Cleanup(func() { server.Close() })
	return server
}

// serve is the address of a handler.
func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// requests counts what reaches a registry.
type requests struct {
	mu   sync.Mutex
	seen []string
	next http.Handler
	// Answers instead of the registry, or returns false.
	instead func(http.ResponseWriter, *http.Request) bool
}

func (r *requests) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	r.seen = append(r.seen, request.Method+" "+request.URL.RequestURI())
	r.mu.Unlock()
	if r.instead != nil && r.instead(w, request) {
		return
	}
	r.next.ServeHTTP(w, request)
}

func (r *requests) matching(parts ...string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	count := 0
	for _, each := range r.seen {
		if !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(each, part) }) {
			count++
		}
	}
	return count
}

// distribution is the distribution's registry, which has no referrers API and deletes no tags by name.
func distribution(t *testing.T, deletion bool) string {
	t.Helper()
	path, err := exec.LookPath("docker-registry")
	if err != nil {
		t.Skip("docker-registry is not installed")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	folder := t.TempDir()
	settings := fmt.Sprintf("version: 0.1\nlog: {level: error}\nstorage:\n  filesystem: {rootdirectory: %s}\n  delete: {enabled: %v}\nhttp: {addr: %q}\n",
		filepath.Join(folder, "data"), deletion, address)
	file := filepath.Join(folder, "config.yml")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	process := exec.Command(path, "serve", file)
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	})
	for range 100 {
		if answer, err := http.Get("http://" + address + "/v2/"); err == nil {
			answer.Body.Close()
			return address
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("docker-registry does not answer")
	return ""
}

type object = map[string]any

// image writes an OCI layout with an index for two platforms: each has a configuration and a layer of its own, and both share one.
func image(t *testing.T, name string, shared ...string) (folder, index string, children []string) {
	t.Helper()
	folder = t.TempDir()
	save := func(content []byte) object {
		sum := digest.FromBytes(content)
		path := filepath.Join(folder, "blobs", "sha256", sum.Encoded())
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		return object{"digest": sum.String(), "size": len(content)}
	}
	document := func(mediaType string, content any) object {
		text, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		saved := save(text)
		saved["mediaType"] = mediaType
		return saved
	}
	manifests := []object{}
	for _, arch := range []string{"amd64", "arm64"} {
		layers := []object{}
		for _, text := range append(slices.Clone(shared), name+" on "+arch+strings.Repeat("x", 100_000)) {
			layer := save([]byte(text))
			layer["mediaType"] = "application/vnd.oci.image.layer.v1.tar"
			layers = append(layers, layer)
		}
		configuration := document("application/vnd.oci.image.config.v1+json", object{"os": "linux", "architecture": arch, "author": name})
		manifest := document("application/vnd.oci.image.manifest.v1+json", object{
			"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": configuration, "layers": layers,
		})
		manifest["platform"] = object{"os": "linux", "architecture": arch}
		manifests = append(manifests, manifest)
		children = append(children, manifest["digest"].(string))
	}
	root := document("application/vnd.oci.image.index.v1+json", object{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": manifests,
	})
	return folder, root["digest"].(string), children
}

type planned struct {
	repository, layout, index string
	referrers                 []object
}

// plan writes what is to be pushed.
func plan(t *testing.T, siblings []string, targets ...planned) string {
	t.Helper()
	folder := t.TempDir()
	repositories := []object{}
	for _, target := range targets {
		referrers := []object{}
		for _, each := range target.referrers {
			file := fmt.Sprintf("referrer-%d-%d", len(repositories), len(referrers))
			if err := os.WriteFile(filepath.Join(folder, file), []byte(each["content"].(string)), 0o644); err != nil {
				t.Fatal(err)
			}
			referrers = append(referrers, object{
				"subject": each["subject"], "artifactType": each["type"], "mediaType": each["type"],
				"annotations": object{"made": "up"}, "file": file,
			})
		}
		repositories = append(repositories, object{
			"repository": target.repository, "layout": target.layout, "index": target.index, "referrers": referrers,
		})
	}
	text, err := json.Marshal(object{"repositories": repositories, "siblings": siblings})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "plan.json")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func at(address string, args ...string) []string {
	return append([]string{"-registry", address, "-plain-http"}, args...)
}

// blobs is the number of different blobs of an image with n shared layers.
func blobs(shared int) int { return shared + 4 }

func sha(content []byte) string { return digest.FromBytes(content).Encoded() }

// again runs the calling test in a process of its own.
func again(t *testing.T, env ...string) *exec.Cmd {
	process := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	process.Env = append(os.Environ(), env...)
	return process
}
