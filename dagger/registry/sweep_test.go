package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Every request of a push is broken in every way, one at a time. Whatever the push says then, an index is there only with all of its parts and
// evidence, no tag is, the credentials stay with their host, and the next push completes it.
func TestAPushOfWhichOneRequestBreaks(t *testing.T) {
	folder, index, children := image(t, "image", "base")
	file := plan(t, nil, planned{"a/runner", folder, index, []object{
		{"subject": children[0], "type": "application/x", "content": "about a child"},
		{"subject": index, "type": "application/x", "content": "about the index"},
	}})
	count := func() int {
		behind := &faulty{next: handler(t, nil)}
		address := serve(t, guarded(behind, true))
		good(t, at(address, "-username", user, "-password-file", login(t, password), "push", file)...)
		return behind.counted()
	}()
	if count < 25 {
		t.Fatalf("only %d requests", count)
	}
	var mu sync.Mutex
	outcomes := map[string]map[string]int{}
	var elsewhere atomic.Value
	stranger := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if headers := fmt.Sprint(r.Header) + string(body); strings.Contains(headers, "Basic") || strings.Contains(headers, password) {
			elsewhere.Store(headers)
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	faults := map[string]func(http.ResponseWriter, *http.Request, http.Handler){
		"reset":     func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { reset(w) },
		"500":       status(500),
		"503":       status(503),
		"disk full": status(507),
		"429":       func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { answers(429, "Retry-After", "1")(w) },
		"401": func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			refusing(w, 401, "UNAUTHORIZED", "not now")
		},
		"redirect": func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			http.Redirect(w, r, "http://"+stranger+"/", http.StatusTemporaryRedirect)
		},
		"cut short": changed(func(w http.ResponseWriter, recorder *httptest.ResponseRecorder) {
			w.Header().Set("Content-Length", fmt.Sprint(recorder.Body.Len()+10))
			w.WriteHeader(recorder.Code)
			_, _ = w.Write(recorder.Body.Bytes())
		}),
		"done, but reset": doneButReset,
		"endless": func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			w.WriteHeader(200)
			for range 200 {
				if _, err := w.Write(make([]byte, 100_000)); err != nil {
					return
				}
			}
		},
		"other content": func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.Method == http.MethodGet {
				w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
				_, _ = w.Write([]byte(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}`))
				return
			}
			next.ServeHTTP(w, r)
		},
		"silence": hangs,
	}
	t.Run("at every place", func(t *testing.T) {
		for name, happens := range faults {
			for place := 1; place <= count; place++ {
				t.Run(fmt.Sprintf("%s %d", name, place), func(t *testing.T) {
					t.Parallel()
					behind := &faulty{next: handler(t, nil), at: place, fault: fault{happens: happens}}
					address := serve(t, guarded(behind, true))
					flags := []string{"-username", user, "-password-file", login(t, password)}
					if name == "silence" {
						flags = append(flags, "-silence", "300ms")
					}
					found := program(t, at(address, append(flags, "push", file)...)...)
					outcome := "done"
					if found.Error != nil {
						outcome = found.Error.Kind
						if strings.Contains(fmt.Sprint(*found.Error)+found.log, password) {
							t.Error("the password is printed")
						}
					}
					mu.Lock()
					if outcomes[name] == nil {
						outcomes[name] = map[string]int{}
					}
					outcomes[name][outcome]++
					mu.Unlock()
					direct := serve(t, behind.next)
					for _, tag := range good(t, at(direct, "tags", "a/runner")...).Tags {
						// Without an answer of the referrers API there is the fallback tag, too.
						if !strings.HasPrefix(tag, "sha256-") {
							t.Errorf("tag %s", tag)
						}
					}
					if there := good(t, at(direct, "-optional", "manifest", "a/runner", "@"+index)...).Manifests[0]; there != nil {
						whole(t, direct, index, children[0])
					} else if outcome == "done" {
						t.Error("the index is not there")
					}
					good(t, at(direct, "push", file)...)
					whole(t, direct, index, children[0])
				})
			}
		}
	})
	if leaked := elsewhere.Load(); leaked != nil {
		t.Errorf("another host was given %v", leaked)
	}
	t.Logf("%d requests, of which each breaks: %v", count, outcomes)
}

// whole checks that an image has all of its parts and its evidence.
func whole(t *testing.T, address, index, child string) {
	t.Helper()
	good(t, at(address, "layout", "a/runner", "@"+index, t.TempDir())...)
	for _, subject := range []string{index, child} {
		if found := good(t, at(address, "referrers", "a/runner", subject)...).Referrers; len(found) != 1 {
			t.Errorf("%d referrers of %s", len(found), subject)
		}
	}
}

func status(code int) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { w.WriteHeader(code) }
}
