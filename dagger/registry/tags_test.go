package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestATagIsSetAndListed(t *testing.T) {
	registries(t, func(t *testing.T, address string, _ bool) {
		folder, index, _ := image(t, "image")
		if tags := good(t, at(address, "tags", "a")...).Tags; len(tags) != 0 {
			t.Errorf("%v", tags)
		}
		good(t, at(address, "push", plan(t, nil, planned{"a", folder, index, nil}))...)
		for _, tag := range []string{"1.2", "latest"} {
			good(t, at(address, "tag", "a", index, tag)...)
		}
		if tags := good(t, at(address, "tags", "a")...).Tags; !slices.Equal(tags, []string{"1.2", "latest"}) {
			t.Errorf("%v", tags)
		}
		if found := good(t, at(address, "manifest", "a", ":1.2")...); found.Manifests[0].Digest != index {
			t.Errorf("%+v", found)
		}
		bad(t, "not-found", at(address, "manifest", "a", ":absent")...)
	})
}

// tagged is an image under two tags.
func tagged(t *testing.T, address string) (index string) {
	folder, index, _ := image(t, "image", "base")
	good(t, at(address, "push", plan(t, nil, planned{"a", folder, index, nil}))...)
	good(t, at(address, "tag", "a", index, "one")...)
	good(t, at(address, "tag", "a", index, "two")...)
	return index
}

// left checks which tags there are, and that each of them is the image.
func left(t *testing.T, address, index string, tags ...string) {
	t.Helper()
	if found := good(t, at(address, "tags", "a")...).Tags; !slices.Equal(found, tags) {
		t.Errorf("tags %v, not %v", found, tags)
	}
	names := []string{"@" + index}
	for _, tag := range tags {
		names = append(names, ":"+tag)
	}
	for _, found := range good(t, at(address, append([]string{"manifest", "a"}, names...)...)...).Manifests {
		if found.Digest != index {
			t.Errorf("%s is left", found.Digest)
		}
	}
	good(t, at(address, "layout", "a", "@"+index, t.TempDir())...)
}

func TestATagIsDeletedAndItsImageIsNot(t *testing.T) {
	registries(t, func(t *testing.T, address string, _ bool) {
		index := tagged(t, address)
		good(t, at(address, "delete-tag", "a", "one")...)
		left(t, address, index, "two")
		bad(t, "not-found", at(address, "delete-tag", "a", "one")...)
	})
	t.Run("by a registry that deletes the image with its tag", func(t *testing.T) {
		behind := &requests{next: handler(t, nil)}
		deletesImages := func(w http.ResponseWriter, r *http.Request) bool {
			name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
			if r.Method != http.MethodDelete || strings.HasPrefix(name, "sha256:") {
				return false
			}
			found := good(t, at(serve(t, behind.next), "manifest", "a", ":"+name)...)
			r.URL.Path = strings.Replace(r.URL.Path, name, found.Manifests[0].Digest, 1)
			return false
		}
		behind.instead = deletesImages
		address := serve(t, behind)
		index := tagged(t, address)
		good(t, at(address, "delete-tag", "a", "one")...)
		left(t, address, index, "two")
	})
	t.Run("and nothing is left of it where nothing can be deleted", func(t *testing.T) {
		address := distribution(t, false)
		index := tagged(t, address)
		bad(t, "unsupported", at(address, "delete-tag", "a", "one")...)
		left(t, address, index, "one", "two")
	})
	t.Run("and the tag is put back if deleting fails halfway", func(t *testing.T) {
		behind := &requests{next: handler(t, nil)}
		behind.instead = func(w http.ResponseWriter, r *http.Request) bool {
			name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
			// Of the test's own tags it deletes each.
			if r.Method != http.MethodDelete || strings.HasPrefix(name, "deletion-test-") || behind.matching("DELETE", "/manifests/one") == 0 {
				return false
			}
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		address := serve(t, behind)
		index := tagged(t, address)
		bad(t, "forbidden", at(address, "delete-tag", "a", "one")...)
		if found := good(t, at(address, "manifest", "a", ":one", ":two")...).Manifests; found[0].Digest != index || found[1].Digest != index {
			t.Errorf("%+v", found)
		}
	})
}

func TestAManifestIsDeletedByDigest(t *testing.T) {
	registries(t, func(t *testing.T, address string, _ bool) {
		folder, index, _ := image(t, "image")
		pushed := good(t, at(address, "push", plan(t, nil, planned{"a", folder, index, []object{
			{"subject": index, "type": "application/x", "content": "first"},
			{"subject": index, "type": "application/x", "content": "second"},
		}}))...).Repositories[0]
		good(t, at(address, "delete", "a", pushed.Referrers[0])...)
		found := good(t, at(address, "referrers", "a", index)...).Referrers
		if len(found) != 1 || found[0].Digest != pushed.Referrers[1] {
			t.Errorf("%+v", found)
		}
		bad(t, "not-found", at(address, "manifest", "a", "@"+pushed.Referrers[0])...)
	})
}

func TestAManifestIsDeletedAlone(t *testing.T) {
	registries(t, func(t *testing.T, address string, _ bool) {
		folder, index, _ := image(t, "image")
		pushed := good(t, at(address, "push", plan(t, nil, planned{"a", folder, index, []object{
			{"subject": index, "type": "application/x", "content": "first"},
		}}))...).Repositories[0]
		good(t, at(address, "tag", "a", index, "one")...)
		lists := len(pushed.FallbackTags)
		if tags := good(t, at(address, "tags", "a")...).Tags; len(tags) != 1+lists {
			t.Errorf("%v", tags)
		}
		// In any order, and again: the image, then what is about it, whose list stays.
		for range 2 {
			for _, digest := range []string{index, pushed.Referrers[0]} {
				good(t, append([]string{"-alone"}, at(address, "delete", "a", digest)...)...)
			}
		}
		bad(t, "not-found", at(address, "manifest", "a", "@"+index)...)
		bad(t, "not-found", at(address, "manifest", "a", "@"+pushed.Referrers[0])...)
		if tags := good(t, at(address, "tags", "a")...).Tags; len(tags) != lists {
			t.Errorf("%v", tags)
		}
	})
}
