package main

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/olareg/olareg/config"
	"github.com/opencontainers/go-digest"

	"runner-images/registry/internal/registry"
)

// surveyOf is what a survey prints.
func surveyOf(t *testing.T, address string, names ...string) registry.Survey {
	t.Helper()
	var stdout, stderr bytes.Buffer
	args := []string{"-total", "60s", "-back-off", "5ms", "-contents", "application/report,application/other", "-records", "application/record"}
	args = append(append(at(address, args...), "survey", "a"), names...)
	if code := run(context.Background(), args, &stdout, &stderr); code != 0 {
		t.Fatalf("%v: %s", args, stdout.String())
	}
	var found registry.Survey
	if err := json.Unmarshal(stdout.Bytes(), &found); err != nil {
		t.Fatal(err)
	}
	return found
}

// surveyable is a repository with two images: a tag was moved from one to the other.
func surveyable(t *testing.T, address string) (old, current string, children []string) {
	t.Helper()
	first, old, _ := image(t, "old")
	second, current, children := image(t, "current")
	good(t, at(address, "push", plan(t, nil,
		planned{"a", first, old, []object{{"subject": old, "type": "application/bill", "content": "a bill"}}},
		planned{"a", second, current, []object{
			{"subject": current, "type": "application/report", "content": "a report"},
			{"subject": current, "type": "application/record", "content": `{"from":"` + old + `"}`},
			{"subject": children[0], "type": "application/bill", "content": "another bill"},
		}}))...)
	good(t, at(address, "tag", "a", current, "latest")...)
	return old, current, children
}

func TestASurveyHasAllThatCanBeReached(t *testing.T) {
	registries(t, func(t *testing.T, address string, api bool) {
		old, current, children := surveyable(t, address)
		for _, names := range [][]string{nil, {":latest"}, {"@" + current}} {
			found := surveyOf(t, address, names...)
			if found.Complete != (names == nil) {
				t.Errorf("%v: complete is %v", names, found.Complete)
			}
			for _, name := range append([]string{old, current}, children...) {
				content := found.Manifests[name]
				if content == nil || digest.FromString(*content).String() != name {
					t.Errorf("%v: %s is not there", names, name)
				}
			}
			// The configurations of four images, the report and the record.
			texts := slices.Collect(maps.Values(found.Blobs))
			if len(texts) != 6 || !slices.Contains(texts, "a report") || slices.Contains(texts, "a bill") {
				t.Errorf("%v: blobs %q", names, texts)
			}
			if len(found.Referrers[current]) != 2 || len(found.Referrers[old]) != 1 || len(found.Referrers[children[0]]) != 1 || found.Referrers[children[1]] == nil {
				t.Errorf("%v: referrers %v", names, found.Referrers)
			}
			for _, each := range found.Referrers[current] {
				if found.Manifests[each.Digest.String()] == nil {
					t.Errorf("%v: the referrer %s is not there", names, each.Digest)
				}
			}
			if latest, there := found.Tags["latest"]; names != nil && names[0][0] == '@' {
				if there {
					t.Errorf("%v: tags %v", names, found.Tags)
				}
			} else if latest == nil || *latest != current {
				t.Errorf("%v: tags %v", names, found.Tags)
			}
			if fallbacks := len(found.Tags) - 1; names == nil && (fallbacks == 0) != api {
				t.Errorf("%d fallback tags", fallbacks)
			}
		}
	})
}

func TestASurveySaysWhatIsNotThere(t *testing.T) {
	address := serve(t, handler(t, nil))
	absent := "sha256:" + strings.Repeat("0", 64)
	for _, names := range [][]string{nil, {":absent", "@" + absent}} {
		found := surveyOf(t, address, names...)
		tag, named := found.Tags["absent"]
		content, read := found.Manifests[absent]
		if named != (names != nil) || tag != nil || read != (names != nil) || content != nil {
			t.Errorf("%v: %+v", names, found)
		}
	}
	bad(t, "usage", at(address, "survey")...)
	bad(t, "usage", at(address, "survey", "a", "latest")...)
}

func TestASurveyReadsNothingTwice(t *testing.T) {
	no := false
	for _, api := range []*bool{nil, &no} {
		behind := &requests{next: handler(t, func(c *config.Config) { c.API.Referrer.Enabled = api })}
		address := serve(t, behind)
		surveyable(t, address)
		behind.seen = nil
		surveyOf(t, address)
		read := map[string]int{}
		for _, each := range behind.seen {
			if !strings.Contains(each, "/referrers/") && !strings.Contains(each, "/manifests/sha256-") {
				read[each]++
			}
		}
		for request, count := range read {
			if count > 1 {
				t.Errorf("%d times %s", count, request)
			}
		}
	}
}
