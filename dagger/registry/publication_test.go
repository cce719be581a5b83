package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/olareg/olareg/config"
)

// A publication is what the pipeline does: ask, push, and set the tags one by one. Two repositories share layers, and both have an older image
// under the tag latest.
type publication struct {
	address, login, plan string
	// The images' indexes by repository.
	indexes map[string]string
}

// tagsOf are the tags that a publication sets, in their order.
var tagsOf = []struct{ repository, tag string }{
	{"team/runner", "1.2.3"}, {"team/runner-chrome", "1.2.3"}, {"team/runner-chrome", "latest"}, {"team/runner", "latest"},
}

// steps are the command lines.
func (p publication) steps() [][]string {
	common := at(p.address, "-username", user, "-password-file", p.login, "-silence", "1s", "-total", "30s", "-back-off", "5ms")
	steps := [][]string{
		append(slices.Clone(common), "check", "team/runner:latest", "team/runner-chrome:latest"),
		append(slices.Clone(common), "push", p.plan),
	}
	for _, each := range tagsOf {
		steps = append(steps, append(slices.Clone(common), "tag", each.repository, p.indexes[each.repository], each.tag))
	}
	return steps
}

// run ends with the first step that fails, and returns its error's kind, or "".
func (p publication) run(t *testing.T) string {
	t.Helper()
	for _, step := range p.steps() {
		if found := program(t, step...); found.Error != nil {
			return found.Error.Kind
		}
	}
	return ""
}

// prepared is a publication that is about to be made, and the same of the older images.
func prepared(t *testing.T, address, name string) publication {
	t.Helper()
	made := publication{address: address, login: login(t, password), indexes: map[string]string{}}
	targets := []planned{}
	for _, repository := range []string{"team/runner", "team/runner-chrome"} {
		folder, index, children := image(t, name+repository, "base of "+name)
		made.indexes[repository] = index
		targets = append(targets, planned{repository, folder, index, []object{
			{"subject": index, "type": "application/signature", "content": "signed " + index},
			{"subject": children[0], "type": "application/bill", "content": "contents of " + children[0]},
		}})
	}
	made.plan = plan(t, nil, targets...)
	return made
}

// complete fails unless everything that an index needs is there, evidence included.
func complete(t *testing.T, address, login, repository, index string) {
	t.Helper()
	common := at(address, "-username", user, "-password-file", login)
	good(t, append(slices.Clone(common), "layout", repository, "@"+index, t.TempDir())...)
	if found := good(t, append(slices.Clone(common), "referrers", repository, index)...); len(found.Referrers) != 1 {
		t.Errorf("%s@%s has %d referrers, not one", repository, index, len(found.Referrers))
	}
}

// A fault happens instead of, or after, what the registry does for one request.
type fault struct {
	name    string
	happens func(w http.ResponseWriter, r *http.Request, next http.Handler)
	// Also for all requests after that one.
	stays bool
	// The program is killed at that request, before or after the registry has done it.
	kills, after bool
}

// changed hands on what the registry answers, altered.
func changed(change func(http.ResponseWriter, *httptest.ResponseRecorder)) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		recorder := httptest.NewRecorder()
		next.ServeHTTP(recorder, r)
		maps.Copy(w.Header(), recorder.Header())
		change(w, recorder)
	}
}

// hangs reads what is sent: otherwise the server does not notice that the client is gone.
func hangs(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// doneButReset is what the registry does, but the answer never comes.
func doneButReset(w http.ResponseWriter, r *http.Request, next http.Handler) {
	next.ServeHTTP(httptest.NewRecorder(), r)
	reset(w)
}

func wrongContent(w http.ResponseWriter, recorder *httptest.ResponseRecorder) {
	body := recorder.Body.Bytes()
	if len(body) > 0 {
		body[len(body)/2] ^= 1
	}
	if w.Header().Get("Docker-Content-Digest") != "" {
		w.Header().Set("Docker-Content-Digest", "sha256:"+strings.Repeat("0", 64))
	}
	w.WriteHeader(recorder.Code)
	_, _ = w.Write(body)
}

// faultsOf are all of them.
//
// stranger is the host that redirects lead to.
func faultsOf(stranger string) []fault {
	status := func(status int, headers ...string) func(http.ResponseWriter, *http.Request, http.Handler) {
		return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			_, _ = io.Copy(io.Discard, r.Body)
			answers(status, headers...)(w)
		}
	}
	lost := func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		_, _ = io.Copy(io.Discard, r.Body)
		reset(w)
	}
	away := func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		http.Redirect(w, r, "http://"+stranger+r.URL.Path, http.StatusTemporaryRedirect)
	}
	return []fault{
		{name: "500 from then on", happens: status(500), stays: true},
		{name: "429 from then on", happens: status(429), stays: true},
		{name: "401 from then on", happens: status(401, "WWW-Authenticate", `Basic realm="test"`), stays: true},
		{name: "disk full from then on", happens: status(507), stays: true},
		{name: "reset from then on", happens: lost, stays: true},
		{name: "404 once", happens: status(404)},
		{name: "done, but its answer is lost", happens: doneButReset},
		{name: "no answer", happens: hangs},
		{name: "wrong content and digest", happens: changed(wrongContent)},
		{name: "redirects to another host from then on", happens: away, stays: true},
		{name: "killed", happens: hangs, kills: true},
		{name: "killed after it was done", happens: hangs, kills: true, after: true},
	}
}

// faulty is a registry with a fault at one request. Requests are counted from one.
type faulty struct {
	mu    sync.Mutex
	count int
	at    int
	fault fault
	// The registry.
	next http.Handler
	kill func()
}

func (f *faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.count++
	hit := f.at > 0 && (f.count == f.at || (f.fault.stays && f.count > f.at))
	kill := f.kill
	f.mu.Unlock()
	if !hit {
		f.next.ServeHTTP(w, r)
		return
	}
	if f.fault.kills && kill != nil {
		if f.fault.after {
			f.next.ServeHTTP(httptest.NewRecorder(), r)
		}
		kill()
		hangs(w, r, nil)
		return
	}
	f.fault.happens(w, r, f.next)
}

// from starts the count again, with another fault.
func (f *faulty) from(at int, with fault, kill func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count, f.at, f.fault, f.kill = 0, at, with, kill
}

func (f *faulty) counted() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

// inProcess runs a publication in a process of its own, until it ends or is killed.
func inProcess(t *testing.T, made publication, behind *faulty, at int, with fault) string {
	t.Helper()
	steps, err := json.Marshal(made.steps())
	if err != nil {
		t.Fatal(err)
	}
	process := exec.Command(os.Args[0], "-test.run", "^TestPublicationProcess$")
	process.Env = append(os.Environ(), "REGISTRY_TEST_STEPS="+string(steps))
	started := make(chan struct{})
	behind.from(at, with, func() {
		<-started
		_ = process.Process.Kill()
	})
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	close(started)
	if process.Wait() == nil {
		return ""
	}
	return "killed"
}

// TestPublicationProcess is what inProcess runs.
func TestPublicationProcess(t *testing.T) {
	text := os.Getenv("REGISTRY_TEST_STEPS")
	if text == "" {
		return
	}
	var steps [][]string
	if err := json.Unmarshal([]byte(text), &steps); err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		if code := run(context.Background(), step, io.Discard, io.Discard); code != 0 {
			t.Fatalf("%v ended with %d", step, code)
		}
	}
}

// outcome of a publication with a fault.
type outcome struct {
	request, fault, result string
	// How many of the tags are the new ones.
	set int
}

// tryFault makes a publication with a fault at one request, and looks at what is left.
func tryFault(t *testing.T, at int, with fault, api bool, stranger *stranger) outcome {
	t.Helper()
	behind := &faulty{next: guarded(handler(t, func(c *config.Config) { c.API.Referrer.Enabled = &api }), true)}
	address := serve(t, behind)
	old, made := prepared(t, address, "old"), prepared(t, address, "new")
	for _, step := range old.steps()[:2] {
		good(t, step...)
	}
	for _, each := range tagsOf {
		if each.tag == "latest" {
			good(t, append(at2(old), "tag", each.repository, old.indexes[each.repository], each.tag)...)
		}
	}
	var result string
	if with.kills {
		result = inProcess(t, made, behind, at, with)
	} else {
		behind.from(at, with, nil)
		result = made.run(t)
	}
	behind.from(0, fault{}, nil)
	set := 0
	named := map[string]string{}
	for _, each := range tagsOf {
		found := good(t, append(at2(made), "-optional", "manifest", each.repository, ":"+each.tag)...).Manifests[0]
		switch {
		case found == nil && each.tag == "latest":
			t.Errorf("%s:%s is gone", each.repository, each.tag)
		case found == nil:
		case found.Digest == made.indexes[each.repository]:
			set++
			named[found.Digest] = each.repository
		case found.Digest == old.indexes[each.repository] && each.tag == "latest":
			named[found.Digest] = each.repository
		default:
			t.Errorf("%s:%s is %s", each.repository, each.tag, found.Digest)
		}
	}
	for index, repository := range named {
		complete(t, address, made.login, repository, index)
	}
	if result == "" && set != len(tagsOf) {
		t.Errorf("it succeeded, and %d of %d tags are set", set, len(tagsOf))
	}
	if again := made.run(t); again != "" {
		t.Errorf("publishing again fails: %s", again)
	}
	for repository, index := range made.indexes {
		complete(t, address, made.login, repository, index)
	}
	if got := stranger.seen(); len(got) > 0 {
		t.Errorf("another host was given %q", got)
	}
	return outcome{strconv.Itoa(at), with.name, result, set}
}

// at2 are the flags that publications have.
func at2(made publication) []string {
	return at(made.address, "-username", user, "-password-file", made.login)
}

// stranger is a host that redirects lead to. It keeps the credentials that it is given.
type stranger struct {
	mu    sync.Mutex
	given []string
}

func (s *stranger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if given := r.Header.Get("Authorization"); given != "" {
		s.given = append(s.given, given)
	}
	w.WriteHeader(http.StatusNotFound)
}

func (s *stranger) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.given
}

// requestsOf is the number of requests of a publication without a fault.
func requestsOf(t *testing.T, api bool) int {
	t.Helper()
	behind := &faulty{next: guarded(handler(t, func(c *config.Config) { c.API.Referrer.Enabled = &api }), true)}
	made := prepared(t, serve(t, behind), "new")
	if kind := made.run(t); kind != "" {
		t.Fatal(kind)
	}
	return behind.counted()
}

// The registry, or the program, fails at every request of a publication, in every way: each tag stays whole, old or new, and publishing again
// heals it. Usually each request fails in one way, so that each way is seen at many requests; RUNNER_IMAGES_TEST_FULL tries all combinations.
func TestAPublicationThatFails(t *testing.T) {
	full := os.Getenv("RUNNER_IMAGES_TEST_FULL") != ""
	elsewhere := &stranger{}
	faults := faultsOf(serve(t, elsewhere))
	var mu sync.Mutex
	table := map[string]map[string]int{}
	points := map[int]bool{}
	t.Run("all", func(t *testing.T) {
		for _, api := range []bool{true, false} {
			count := requestsOf(t, api)
			for request := 1; request <= count; request++ {
				// Usually one kind of registry at each request.
				if !full && (request%2 == 0) != api {
					continue
				}
				for place, with := range faults {
					if !full && (request*5+place)%len(faults) != 0 {
						continue
					}
					t.Run(fmt.Sprintf("%s at request %d of %d, referrers API %v", with.name, request, count, api), func(t *testing.T) {
						t.Parallel()
						found := tryFault(t, request, with, api, elsewhere)
						mu.Lock()
						defer mu.Unlock()
						if table[with.name] == nil {
							table[with.name] = map[string]int{}
						}
						how := found.result
						if how == "" {
							how = "published"
						}
						table[with.name][fmt.Sprintf("%s, %d of %d tags new", how, found.set, len(tagsOf))]++
						points[request] = true
					})
				}
			}
		}
	})
	for _, name := range slices.Sorted(maps.Keys(table)) {
		for _, how := range slices.Sorted(maps.Keys(table[name])) {
			t.Logf("%-32s %-40s %d", name, how, table[name][how])
		}
	}
	t.Logf("%d requests, of which each failed in some way", len(points))
	if len(points) < 50 {
		t.Errorf("only %d requests", len(points))
	}
}

// Two publications of different images to the same tags, at once: each tag is one of the two, whole.
func TestTwoPublicationsAtOnce(t *testing.T) {
	for round := range 10 {
		t.Run(strconv.Itoa(round), func(t *testing.T) {
			t.Parallel()
			no := false
			address := serve(t, guarded(handler(t, func(c *config.Config) {
				if round%2 == 1 {
					c.API.Referrer.Enabled = &no
				}
			}), true))
			both := []publication{prepared(t, address, "one"), prepared(t, address, "two")}
			var group sync.WaitGroup
			kinds := make([]string, len(both))
			for place, made := range both {
				group.Go(func() { kinds[place] = made.run(t) })
			}
			group.Wait()
			for _, each := range tagsOf {
				found := good(t, append(at2(both[0]), "manifest", each.repository, ":"+each.tag)...).Manifests[0]
				if found.Digest != both[0].indexes[each.repository] && found.Digest != both[1].indexes[each.repository] {
					t.Errorf("%s:%s is %s", each.repository, each.tag, found.Digest)
				}
				complete(t, address, both[0].login, each.repository, found.Digest)
			}
			// Whoever read back the other's image says so.
			for _, kind := range kinds {
				if kind != "" && kind != "digest-mismatch" {
					t.Errorf("one failed: %s", kind)
				}
			}
		})
	}
}
