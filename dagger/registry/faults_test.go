package main

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const (
	user     = "someone"
	password = "canary-4711"
)

// login is a file with credentials.
func login(t *testing.T, password string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "password")
	// As editors write it.
	if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// refusing answers with an error of the specification's form.
func refusing(w http.ResponseWriter, status int, code, message string) bool {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errors":[{"code":%q,"message":%q}]}`, code, message)
	return true
}

// guarded wants credentials; readers may only read.
func guarded(next http.Handler, mayWrite bool) http.Handler {
	return &requests{next: next, instead: func(w http.ResponseWriter, r *http.Request) bool {
		name, given, ok := r.BasicAuth()
		if !ok || name != user || given != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			return refusing(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead && !mayWrite {
			return refusing(w, http.StatusForbidden, "DENIED", "requested access to the resource is denied")
		}
		return false
	}}
}

func TestCheck(t *testing.T) {
	t.Run("says what tags point to, and leaves nothing", func(t *testing.T) {
		registries(t, func(t *testing.T, address string, _ bool) {
			folder, index, _ := image(t, "image")
			good(t, at(address, "push", plan(t, nil, planned{"a", folder, index, nil}))...)
			good(t, at(address, "tag", "a", index, "latest")...)
			found := good(t, at(address, "check", "a:latest", "a:1.2", "b:latest", "c")...).Repositories
			latest := found[0].Tags["latest"]
			if len(found) != 3 || latest.Digest != index || strings.Join(latest.Platforms, " ") != "linux/amd64 linux/arm64" {
				t.Errorf("%+v", found)
			}
			if found[0].Tags["1.2"] != nil || found[1].Tags["latest"] != nil {
				t.Errorf("%+v", found)
			}
			if tags := good(t, at(address, "tags", "b")...).Tags; len(tags) != 0 {
				t.Errorf("%v", tags)
			}
		})
	})
	t.Run("cancels the upload that it starts", func(t *testing.T) {
		behind := &requests{next: handler(t, nil)}
		good(t, at(serve(t, behind), "check", "a")...)
		if behind.matching("POST", "/uploads/") != 1 || behind.matching("DELETE", "/uploads/") != 1 || len(behind.seen) != 2 {
			t.Errorf("%v", behind.seen)
		}
	})
	t.Run("knows wrong credentials from missing permission", func(t *testing.T) {
		address := serve(t, guarded(handler(t, nil), true))
		good(t, at(address, "-username", user, "-password-file", login(t, password), "check", "a")...)
		wrong := bad(t, "unauthorized", at(address, "-username", user, "-password-file", login(t, "another"), "check", "a")...)
		if wrong.Error.Status != 401 || wrong.Error.Said != "unauthorized: authentication required" || strings.Contains(wrong.log, "another") {
			t.Errorf("%+v", wrong.Error)
		}
		bad(t, "unauthorized", at(address, "check", "a")...)
		readers := serve(t, guarded(handler(t, nil), false))
		denied := bad(t, "forbidden", at(readers, "-username", user, "-password-file", login(t, password), "check", "a")...)
		if denied.Error.Status != 403 || denied.Error.Message != "the registry answered 403 Forbidden: denied: requested access to the resource is denied" {
			t.Errorf("%+v", denied.Error)
		}
	})
	t.Run("knows it of a token server, too", func(t *testing.T) {
		status := http.StatusUnauthorized
		token := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, given, _ := r.BasicAuth(); given != password {
				w.WriteHeader(status)
				fmt.Fprint(w, `{"details":"incorrect username or password"}`)
				return
			}
			fmt.Fprintf(w, `{"token":%q}`, "for "+strings.Join(r.URL.Query()["scope"], " "))
		}))
		address := serve(t, &requests{next: handler(t, nil), instead: func(w http.ResponseWriter, r *http.Request) bool {
			if strings.HasPrefix(r.Header.Get("Authorization"), "Bearer for repository:a:pull,push") {
				return false
			}
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/token",service="test",scope="repository:a:pull,push"`, token))
			return refusing(w, 401, "UNAUTHORIZED", "authentication required")
		}})
		good(t, at(address, "-username", user, "-password-file", login(t, password), "check", "a")...)
		wrong := bad(t, "unauthorized", at(address, "-username", user, "-password-file", login(t, "another"), "check", "a")...)
		if wrong.Error.Said != "incorrect username or password" {
			t.Errorf("%+v", wrong.Error)
		}
		status = http.StatusBadGateway
		bad(t, "server", at(address, "-username", user, "-password-file", login(t, "another"), "check", "a")...)
	})
	t.Run("finds out that there is no TLS, and never does without by itself", func(t *testing.T) {
		behind := &requests{next: handler(t, nil)}
		bad(t, "not-tls", "-registry", serve(t, behind), "check", "a")
		if len(behind.seen) != 0 {
			t.Errorf("%v", behind.seen)
		}
	})
	t.Run("does not trust every certificate", func(t *testing.T) {
		server := httptest.NewUnstartedServer(handler(t, nil))
		server.StartTLS()
		defer server.Close()
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		found := bad(t, "certificate", "-registry", server.Listener.Addr().String(), "check", "a")
		if !strings.Contains(found.Error.Message, "certificate signed by unknown authority") {
			t.Errorf("%+v", found.Error)
		}
	})
	t.Run("says that nobody is there", func(t *testing.T) {
		listener, _ := net.Listen("tcp", "127.0.0.1:0")
		address := listener.Addr().String()
		listener.Close()
		bad(t, "unreachable", at(address, "check", "a")...)
		found := bad(t, "unreachable", "-registry", "registry.invalid", "check", "a")
		if !strings.Contains(found.Error.Message, "no such host") {
			t.Errorf("%+v", found.Error)
		}
	})
	t.Run("refuses what is no repository", func(t *testing.T) {
		bad(t, "usage", at("127.0.0.1:1", "check", "Not/A Name")...)
	})
}

// trusted is a registry with TLS whose certificate this process trusts by SSL_CERT_FILE in a process of its own.
func TestTheAuthoritiesOfSSLCERTFILEAreTrusted(t *testing.T) {
	if os.Getenv("REGISTRY_TEST_TRUST") != "" {
		good(t, "-registry", os.Getenv("REGISTRY_TEST_TRUST"), "check", "a")
		return
	}
	server := httptest.NewTLSServer(handler(t, nil))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o644); err != nil {
		t.Fatal(err)
	}
	process := again(t, "SSL_CERT_FILE="+file, "REGISTRY_TEST_TRUST="+server.Listener.Addr().String())
	if output, err := process.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

func TestLimits(t *testing.T) {
	silent := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	for _, each := range []struct {
		name, address, kind, text string
		flags                     []string
	}{
		{"silence", silent, "silence", "nothing was transferred for 0.5 seconds", []string{"-silence", "500ms"}},
		{"total", silent, "total", "it did not finish within 0.5 seconds", []string{"-silence", "1h", "-total", "500ms"}},
		{"a drip", serve(t, http.HandlerFunc(drip)), "total", "it did not finish within 1.5 seconds", []string{"-silence", "1s", "-total", "1500ms"}},
	} {
		t.Run(each.name, func(t *testing.T) {
			found := bad(t, each.kind, append(each.flags, at(each.address, "manifest", "a", ":b")...)...)
			if found.Error.Message != each.text {
				t.Errorf("%+v", found.Error)
			}
		})
	}
	t.Run("of a token server", func(t *testing.T) {
		address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/",service="test"`, silent))
			w.WriteHeader(401)
		}))
		bad(t, "silence", append([]string{"-silence", "500ms"}, at(address, "manifest", "a", ":b")...)...)
	})
	t.Run("of an answer's size", func(t *testing.T) {
		for _, command := range [][]string{{"manifest", "a", ":b"}, {"tags", "a"}, {"check", "a:b"}} {
			address := serve(t, &requests{next: handler(t, nil), instead: func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodGet {
					return false
				}
				w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
				for range 1000 {
					if _, err := w.Write(bytes.Repeat([]byte(" "), 100_000)); err != nil {
						return true
					}
				}
				return true
			}})
			found := program(t, at(address, command...)...)
			if found.Error == nil || found.Traffic.Received > 0 || !strings.Contains(found.Error.Message, "8388608") {
				t.Errorf("%v: %+v", command, found.Error)
			}
		}
	})
}

func drip(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		_, _ = w.Write([]byte(" "))
		w.(http.Flusher).Flush()
		time.Sleep(100 * time.Millisecond)
	}
}

// once fails the first n requests that match, and counts them.
func failing(n int32, matches func(*http.Request) bool, how func(http.ResponseWriter)) func(http.ResponseWriter, *http.Request) bool {
	var count atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !matches(r) || count.Add(1) > n {
			return false
		}
		_, _ = io.CopyN(io.Discard, r.Body, 10)
		how(w)
		return true
	}
}

func reset(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}
}

func answers(status int, headers ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for place := 0; place < len(headers); place += 2 {
			w.Header().Set(headers[place], headers[place+1])
		}
		w.WriteHeader(status)
	}
}

func TestFaultsThatPass(t *testing.T) {
	is := func(method, part string) func(*http.Request) bool {
		return func(r *http.Request) bool { return r.Method == method && strings.Contains(r.URL.Path, part) }
	}
	for name, matches := range map[string]func(*http.Request) bool{
		"a blob's question":    is(http.MethodHead, "/blobs/"),
		"the start of uploads": is(http.MethodPost, "/uploads/"),
		"an upload":            is(http.MethodPut, "/uploads/"),
		"a manifest's writing": is(http.MethodPut, "/manifests/"),
		"a manifest's reading": is(http.MethodGet, "/manifests/"),
	} {
		for fault, how := range map[string]func(http.ResponseWriter){
			"reset": reset, "500": answers(500), "502": answers(502), "503": answers(503), "408": answers(408), "429": answers(429),
		} {
			t.Run(name+": "+fault, func(t *testing.T) {
				t.Parallel()
				behind := &requests{next: handler(t, nil), instead: failing(2, matches, how)}
				folder, index, _ := image(t, "image", strings.Repeat("base", 2_000_000))
				good(t, at(serve(t, behind), "push", plan(t, nil, planned{"a", folder, index, nil}))...)
			})
		}
	}
}

func TestFaultsThatStay(t *testing.T) {
	for name, each := range map[string]struct {
		kind string
		how  func(http.ResponseWriter)
	}{
		"reset": {"connection", reset}, "500": {"server", answers(500)}, "503": {"server", answers(503)}, "403": {"forbidden", answers(403)},
		"400": {"refused", answers(400)}, "405": {"unsupported", answers(405)}, "429": {"rate-limited", answers(429)}, "507": {"server", answers(507)},
	} {
		for _, part := range []string{"/blobs/sha256:", "/uploads/", "/manifests/"} {
			t.Run(name+" of "+part, func(t *testing.T) {
				t.Parallel()
				behind := &requests{next: handler(t, nil), instead: failing(1<<20, func(r *http.Request) bool {
					return strings.Contains(r.URL.Path, part)
				}, each.how)}
				folder, index, _ := image(t, "image")
				found := bad(t, each.kind, at(serve(t, behind), "push", plan(t, nil, planned{"a", folder, index, nil}))...)
				if found.Error.Action == "" {
					t.Errorf("%+v", found.Error)
				}
			})
		}
	}
}

func TestRetryAfter(t *testing.T) {
	matches := func(r *http.Request) bool { return r.Method == http.MethodGet }
	for _, date := range []bool{false, true} {
		behind := &requests{next: handler(t, nil), instead: failing(1, matches, func(w http.ResponseWriter) {
			value := "1"
			if date {
				value = time.Now().Add(2 * time.Second).UTC().Format(http.TimeFormat)
			}
			answers(429, "Retry-After", value)(w)
		})}
		address := serve(t, behind)
		started := time.Now()
		// Which waits longer than it would without traffic.
		bad(t, "not-found", append([]string{"-silence", "500ms"}, at(address, "manifest", "a", ":b")...)...)
		if took := time.Since(started); took < 900*time.Millisecond || took > 4*time.Second {
			t.Errorf("waited %v", took)
		}
	}
	for _, value := range []string{"3600", "99999999999999999999"} {
		behind := &requests{next: handler(t, nil), instead: failing(1, matches, answers(429, "Retry-After", value))}
		started := time.Now()
		found := program(t, at(serve(t, behind), "manifest", "a", ":b")...)
		if value == "3600" && (found.Error.Kind != "rate-limited" || time.Since(started) > 2*time.Second) {
			t.Errorf("%+v", found.Error)
		}
	}
}

func TestCredentialsStayWithTheirHost(t *testing.T) {
	for _, kind := range []string{"another port", "another name"} {
		t.Run(kind, func(t *testing.T) {
			content := []byte("a blob")
			var got []string
			elsewhere := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				for _, name := range []string{"Authorization", "Cookie", "Referer"} {
					got = append(got, r.Header.Get(name))
				}
				_, _ = w.Write(content)
			}))
			if kind == "another name" {
				elsewhere = strings.Replace(elsewhere, "127.0.0.1", "localhost", 1)
			}
			behind := guarded(&requests{next: handler(t, nil), instead: func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
					http.Redirect(w, r, "http://"+elsewhere+"/blob", http.StatusTemporaryRedirect)
					return true
				}
				return false
			}}, true)
			address := serve(t, behind)
			sum := "sha256:" + sha(content)
			found := good(t, at(address, "-username", user, "-password-file", login(t, password), "blob", "a", sum)...)
			if found.Content != "a blob" || strings.Join(got, "") != "" || len(got) != 3 {
				t.Errorf("%q, with %q", found.Content, got)
			}
		})
	}
}

func TestWhatIsReadIsWhatWasAskedFor(t *testing.T) {
	folder, index, children := image(t, "image", "base")
	real := handler(t, nil)
	good(t, at(serve(t, real), "push", plan(t, nil, planned{"a", folder, index, nil}))...)
	other, err := os.ReadFile(filepath.Join(folder, "blobs", "sha256", strings.TrimPrefix(children[0], "sha256:")))
	if err != nil {
		t.Fatal(err)
	}
	lying := func(part string, content []byte) string {
		return serve(t, &requests{next: real, instead: func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, part) {
				return false
			}
			w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
			_, _ = w.Write(content)
			return true
		}})
	}
	bad(t, "digest-mismatch", at(lying("/manifests/"+index, other), "manifest", "a", "@"+index)...)
	layer := sha([]byte("base"))
	for _, content := range []string{"BASE", "base and more"} {
		found := program(t, at(lying("/blobs/sha256:"+layer, []byte(content)), "blob", "a", "sha256:"+layer)...)
		if found.Error == nil || found.Error.Kind != "digest-mismatch" {
			t.Errorf("%q: %+v", content, found.Error)
		}
		found = program(t, at(lying("/blobs/sha256:"+layer, []byte(content)), "layout", "a", "@"+index, t.TempDir())...)
		if found.Error == nil {
			t.Errorf("%q is in a layout", content)
		}
	}
	// A tag that leads elsewhere after it was set.
	found := bad(t, "digest-mismatch", at(lying("/manifests/latest", other), "tag", "a", index, "latest")...)
	if !strings.Contains(found.Error.Message, "it should be "+index) {
		t.Errorf("%+v", found.Error)
	}
}

func TestAnUploadThatIsTooLargeIsSentInParts(t *testing.T) {
	behind := &requests{next: handler(t, nil)}
	behind.instead = func(w http.ResponseWriter, r *http.Request) bool {
		if r.ContentLength > 2_000_000 {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return true
		}
		return false
	}
	folder, index, _ := image(t, "image", strings.Repeat("base", 2_000_000))
	found := good(t, at(serve(t, behind), "push", plan(t, nil, planned{"a", folder, index, nil}))...).Repositories[0]
	if found.Uploaded.Bytes < 8_000_000 || behind.matching("PATCH") < 4 {
		t.Errorf("%+v, %d parts", found, behind.matching("PATCH"))
	}
}

func TestInterruption(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	address := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	var stdout bytes.Buffer
	if code := run(ctx, at(address, "tags", "a"), &stdout, io.Discard); code != 1 || !strings.Contains(stdout.String(), `"interrupted"`) {
		t.Errorf("%d: %s", code, stdout.String())
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{"check", "a"}, {"-registry", "r.example"}, {"-registry", "r.example", "other"}, {"-registry", "r.example", "tag", "a"},
		{"-registry", "r.example", "manifest", "a", "latest"}, {"-registry", "r.example", "manifest", "a", "@sha256:0"}, {"-unknown"},
	} {
		bad(t, "usage", args...)
	}
	bad(t, "usage", at("127.0.0.1:1", "-username", user, "-password-file", "/nowhere", "tags", "a")...)
	bad(t, "local", at("127.0.0.1:1", "push", "/nowhere")...)
}
