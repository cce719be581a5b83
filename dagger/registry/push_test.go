package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/olareg/olareg/config"
	"github.com/opencontainers/go-digest"
)

// registries are both kinds: with a referrers API, and without one.
func registries(t *testing.T, test func(t *testing.T, address string, api bool)) {
	no := false
	t.Run("with the referrers API", func(t *testing.T) { test(t, serve(t, handler(t, nil)), true) })
	t.Run("without it", func(t *testing.T) {
		test(t, serve(t, handler(t, func(c *config.Config) { c.API.Referrer.Enabled = &no })), false)
	})
	t.Run("of the distribution", func(t *testing.T) { test(t, distribution(t, true), false) })
}

func TestPushIsCompleteAndASecondOneUploadsNothing(t *testing.T) {
	registries(t, func(t *testing.T, address string, api bool) {
		folder, index, children := image(t, "first", "base")
		file := plan(t, nil, planned{"team/runner", folder, index, []object{
			{"subject": index, "type": "application/one", "content": `{"about":"the index"}`},
			{"subject": children[0], "type": "application/one", "content": `{"about":"a child"}`},
			{"subject": children[0], "type": "application/two", "content": `{"about":"a child, too"}`},
		}})
		first := good(t, at(address, "push", file)...).Repositories[0]
		// With the empty configuration and the contents of the referrers.
		if count := blobs(1) + 4; first.Uploaded.Blobs != count || first.Present.Blobs != 0 || first.Uploaded.Bytes < 200_000 {
			t.Errorf("%d blobs, not %+v", count, first)
		}
		second := good(t, at(address, "push", file)...)
		again := second.Repositories[0]
		if again.Uploaded.Blobs != 0 || again.Mounted.Blobs != 0 || again.Present.Blobs != first.Uploaded.Blobs ||
			again.Present.Bytes != first.Uploaded.Bytes {
			t.Errorf("uploaded again: %+v", again)
		}
		if second.Traffic.Sent > 100_000 {
			t.Errorf("%d bytes were sent again", second.Traffic.Sent)
		}
		if !slices.Equal(first.Referrers, again.Referrers) || len(first.Referrers) != 3 {
			t.Errorf("%v, then %v", first.Referrers, again.Referrers)
		}
		if first.Attached != 3 || again.Attached != 0 {
			t.Errorf("%d new referrers, then %d", first.Attached, again.Attached)
		}
		if tags := len(first.FallbackTags); (tags == 0) != api || (!api && tags != 2) {
			t.Errorf("fallback tags %v", first.FallbackTags)
		}
		found := good(t, at(address, "referrers", "team/runner", children[0])...)
		types := []string{}
		for _, each := range found.Referrers {
			types = append(types, each.ArtifactType)
		}
		slices.Sort(types)
		if !slices.Equal(types, []string{"application/one", "application/two"}) || (found.Tag == "") != api {
			t.Errorf("%v, tag %q", types, found.Tag)
		}
		read := good(t, at(address, "manifest", "team/runner", "@"+index, "@"+first.Referrers[1])...)
		if digest.FromString(read.Manifests[0].Content).String() != index || !strings.Contains(read.Manifests[1].Content, children[0]) {
			t.Errorf("read back: %+v", read.Manifests)
		}
	})
}

func TestPushMountsWhatAnotherRepositoryHas(t *testing.T) {
	standard, standardIndex, _ := image(t, "standard", "base", strings.Repeat("packages", 50_000))
	chrome, chromeIndex, _ := image(t, "chrome", "base", strings.Repeat("packages", 50_000))
	both := []planned{{"team/runner", standard, standardIndex, nil}, {"team/runner-chrome", chrome, chromeIndex, nil}}
	registries(t, func(t *testing.T, address string, _ bool) {
		pushed := good(t, at(address, "push", plan(t, nil, append(both, planned{"team/alias", chrome, chromeIndex, nil})...))...).Repositories
		if pushed[0].Uploaded.Blobs != blobs(2) || pushed[1].Uploaded.Blobs != blobs(0) || pushed[2].Uploaded.Blobs != 0 {
			t.Errorf("uploaded: %+v", pushed)
		}
		if !slices.Equal(pushed[1].Mounted.From, []string{"team/runner"}) || pushed[1].Mounted.Blobs != 2 || pushed[2].Mounted.Blobs != blobs(2) {
			t.Errorf("mounted: %+v", pushed)
		}
	})
	t.Run("two images of one repository", func(t *testing.T) {
		address := serve(t, handler(t, nil))
		pushed := good(t, at(address, "push", plan(t, nil, both[0], both[1], planned{"team/runner", chrome, chromeIndex, nil}))...).Repositories[2]
		if pushed.Uploaded.Blobs != 0 || pushed.Present.Blobs != 2 || pushed.Mounted.Blobs != blobs(0) {
			t.Errorf("%+v", pushed)
		}
	})
	t.Run("from a sibling of an earlier run", func(t *testing.T) {
		address := serve(t, handler(t, nil))
		good(t, at(address, "push", plan(t, nil, both[0]))...)
		pushed := good(t, at(address, "push", plan(t, []string{"team/absent", "team/runner"}, both[1]))...).Repositories[0]
		if pushed.Uploaded.Blobs != blobs(0) || pushed.Mounted.Blobs != 2 || !slices.Equal(pushed.Mounted.From, []string{"team/runner"}) {
			t.Errorf("%+v", pushed)
		}
	})
	t.Run("and uploads where that is refused", func(t *testing.T) {
		for _, status := range []int{http.StatusForbidden, http.StatusAccepted} {
			behind := &requests{next: handler(t, nil)}
			behind.instead = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Query().Has("mount") && status == http.StatusForbidden {
					w.WriteHeader(status)
					return true
				}
				if r.URL.Query().Has("mount") {
					r.URL.RawQuery = "" // As if nothing was said about another repository.
				}
				return false
			}
			pushed := good(t, at(serve(t, behind), "push", plan(t, nil, both...))...).Repositories
			if pushed[1].Mounted.Blobs != 0 || pushed[1].Uploaded.Blobs != blobs(2) {
				t.Errorf("%d: %+v", status, pushed[1])
			}
		}
	})
}

func TestPushWritesIndexesLastAndNoTag(t *testing.T) {
	behind := &requests{next: handler(t, nil)}
	address := serve(t, behind)
	one, oneIndex, oneChildren := image(t, "one")
	two, twoIndex, _ := image(t, "two")
	good(t, at(address, "push", plan(t, nil,
		planned{"a", one, oneIndex, []object{{"subject": oneChildren[1], "type": "application/x", "content": "evidence"}}},
		planned{"b", two, twoIndex, nil}))...)
	puts := []string{}
	for _, each := range behind.seen {
		if strings.HasPrefix(each, "PUT ") && strings.Contains(each, "/manifests/") {
			puts = append(puts, each[strings.LastIndex(each, "/")+1:])
		}
	}
	if len(puts) != 7 || !slices.Equal(puts[5:], []string{oneIndex, twoIndex}) {
		t.Errorf("written in this order: %v", puts)
	}
	if tags := good(t, at(address, "tags", "a")...).Tags; len(tags) != 0 {
		t.Errorf("tags %v", tags)
	}
}

func TestAReferrersListThatIsEmptyLeadsToTheFallbackTag(t *testing.T) {
	behind := &requests{next: handler(t, nil)}
	behind.instead = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/referrers/") {
			return false
		}
		w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
		_, _ = w.Write([]byte(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}`))
		return true
	}
	address := serve(t, behind)
	folder, index, _ := image(t, "image")
	pushed := good(t, at(address, "push", plan(t, nil, planned{"a", folder, index, []object{
		{"subject": index, "type": "application/x", "content": "evidence"},
	}}))...).Repositories[0]
	tag := strings.Replace(index, ":", "-", 1)
	if !slices.Equal(pushed.FallbackTags, []string{tag}) {
		t.Errorf("%+v", pushed)
	}
	found := good(t, at(address, "referrers", "a", index)...)
	if len(found.Referrers) != 1 || found.Referrers[0].Digest != pushed.Referrers[0] || found.Tag != tag {
		t.Errorf("%+v", found)
	}
}

func TestADamagedLayoutIsNotPushed(t *testing.T) {
	address := serve(t, handler(t, nil))
	folder, index, _ := image(t, "image", "layer")
	path := filepath.Join(folder, "blobs", "sha256", digest.FromString("layer").Encoded())
	for _, content := range []string{"LAYER", "longer than it was"} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		bad(t, "local", at(address, "push", plan(t, nil, planned{"a", folder, index, nil}))...)
	}
	if found := good(t, at(address, "-optional", "manifest", "a", "@"+index)...); found.Manifests[0] != nil {
		t.Error("the index is there")
	}
}

func TestAReferrerOfAnotherImageIsRefused(t *testing.T) {
	folder, index, _ := image(t, "image")
	_, other, _ := image(t, "other")
	bad(t, "usage", at(serve(t, handler(t, nil)), "push", plan(t, nil, planned{"a", folder, index, []object{
		{"subject": other, "type": "application/x", "content": "x"},
	}}))...)
}

func TestCopyTakesReferrersAlong(t *testing.T) {
	registries(t, func(t *testing.T, address string, _ bool) {
		folder, index, children := image(t, "image", "base")
		pushed := good(t, at(address, "push", plan(t, nil, planned{"from", folder, index, []object{
			{"subject": children[1], "type": "application/x", "content": "evidence"},
		}}))...).Repositories[0]
		copied := good(t, at(address, "copy", "from", "to/there", index)...).Repositories[0]
		if copied.Uploaded.Blobs != 0 || copied.Mounted.Blobs != pushed.Uploaded.Blobs || !slices.Equal(copied.Referrers, pushed.Referrers) {
			t.Errorf("%+v", copied)
		}
		found := good(t, at(address, "referrers", "to/there", children[1])...)
		if len(found.Referrers) != 1 || found.Referrers[0].Digest != pushed.Referrers[0] {
			t.Errorf("%+v", found)
		}
		content := good(t, at(address, "blob", "to/there", digest.FromString("evidence").String())...)
		if content.Content != "evidence" {
			t.Errorf("%q", content.Content)
		}
	})
}

func TestALayoutIsTheImage(t *testing.T) {
	address := serve(t, handler(t, nil))
	folder, index, children := image(t, "image", "base")
	good(t, at(address, "push", plan(t, nil, planned{"a", folder, index, nil}))...)
	good(t, at(address, "tag", "a", index, "latest")...)
	whole, one, archive := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "one.tar")
	if found := good(t, at(address, "layout", "a", ":latest", whole)...); found.Digest != index {
		t.Errorf("%+v", found)
	}
	names := func(folder string) (names []string) {
		entries, err := os.ReadDir(filepath.Join(folder, "blobs", "sha256"))
		if err != nil {
			t.Fatal(err)
		}
		for _, each := range entries {
			names = append(names, each.Name())
		}
		return names
	}
	if !slices.Equal(names(whole), names(folder)) {
		t.Errorf("%v, not %v", names(whole), names(folder))
	}
	found := good(t, at(address, "-platform", "linux/arm64", "-archive", archive, "layout", "a", "@"+index, one)...)
	if found.Digest != children[1] || len(names(one)) != 4 {
		t.Errorf("%+v, %v", found, names(one))
	}
	if content, err := os.ReadFile(archive); err != nil || !strings.Contains(string(content), children[1]) {
		t.Error("the archive does not name the image", err)
	}
	bad(t, "not-found", at(address, "-platform", "linux/s390x", "layout", "a", ":latest", t.TempDir())...)
}

func TestReferrersAreAddedToAnImageThatIsThere(t *testing.T) {
	registries(t, func(t *testing.T, address string, _ bool) {
		folder, index, _ := image(t, "image")
		good(t, at(address, "push", plan(t, nil, planned{"a", folder, index, []object{
			{"subject": index, "type": "application/x", "content": "first"},
		}}))...)
		more := []object{{"subject": index, "type": "application/y", "content": "second"}}
		for range 2 {
			good(t, at(address, "push", plan(t, nil, planned{"a", "", index, more}))...)
		}
		if found := good(t, at(address, "referrers", "a", index)...).Referrers; len(found) != 2 {
			t.Errorf("%+v", found)
		}
		bad(t, "not-found", at(address, "push", plan(t, nil, planned{"b", "", index, more}))...)
	})
}
func TestEvidenceIsAnImageWithoutItsLayers(t *testing.T) {
	registries(t, func(t *testing.T, address string, _ bool) {
		source, index, children := image(t, "image", strings.Repeat("base", 1000))
		good(t, at(address, "push", plan(t, nil, planned{"team/runner", source, index, []object{
			{"subject": index, "type": "application/one", "content": "about the index"},
			{"subject": children[1], "type": "application/two", "content": "about a child"},
		}}))...)
		folder := t.TempDir()
		if found := good(t, at(address, "evidence", "team/runner", "@"+index, folder)...); found.Digest != index {
			t.Errorf("%s", found.Digest)
		}
		listed := map[string]int{}
		for _, entry := range read(t, folder, "index.json").Manifests {
			listed[entry.Annotations["org.opencontainers.image.ref.name"]] = len(read(t, folder, blobPath(entry.Digest)).Manifests)
		}
		named := func(digest string) string { return strings.Replace(digest, ":", "-", 1) }
		if len(listed) != 4 || listed[""] != 2 || listed[named(index)] != 1 || listed[named(children[0])] != 0 || listed[named(children[1])] != 1 {
			t.Errorf("%v", listed)
		}
		for _, child := range children {
			manifest := read(t, folder, blobPath(child))
			if _, err := os.Stat(filepath.Join(folder, blobPath(manifest.Config.Digest))); err != nil {
				t.Error(err)
			}
			for _, layer := range manifest.Layers {
				if _, err := os.Stat(filepath.Join(folder, blobPath(layer.Digest))); err == nil {
					t.Errorf("%s is a layer", layer.Digest)
				}
			}
		}
		for _, content := range []string{"about the index", "about a child"} {
			if found, _ := os.ReadFile(filepath.Join(folder, blobPath("sha256:"+sha([]byte(content))))); string(found) != content {
				t.Errorf("%q instead of %q", found, content)
			}
		}
		bad(t, "not-found", at(address, "evidence", "team/runner", ":absent", t.TempDir())...)
	})
	t.Run("without what is gone", func(t *testing.T) {
		gone := "sha256:" + sha([]byte("about the index"))
		behind := &requests{next: handler(t, nil)}
		address := serve(t, behind)
		source, index, _ := image(t, "image")
		about := []object{{"subject": index, "type": "application/one", "content": "about the index"}}
		good(t, at(address, "push", plan(t, nil, planned{"a", source, index, about}))...)
		behind.instead = func(w http.ResponseWriter, r *http.Request) bool {
			return strings.HasSuffix(r.URL.Path, "/blobs/"+gone) && refusing(w, 404, "BLOB_UNKNOWN", "blob unknown to registry")
		}
		folder := t.TempDir()
		good(t, at(address, "evidence", "a", "@"+index, folder)...)
		if _, err := os.Stat(filepath.Join(folder, blobPath(gone))); err == nil {
			t.Errorf("%s is there", gone)
		}
	})
}

type entry struct {
	Digest      string
	Annotations map[string]string
}

type document struct {
	Manifests, Layers []entry
	Config            entry
}

func read(t *testing.T, folder, path string) (found document) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, path))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &found); err != nil {
		t.Fatal(err)
	}
	return found
}

func blobPath(digest string) string {
	return filepath.Join("blobs", "sha256", strings.TrimPrefix(digest, "sha256:"))
}
