package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What a registry says of an image is anybody's, as far as the digest that was asked for goes.
func TestHostileDescriptors(t *testing.T) {
	const config = "application/vnd.oci.image.config.v1+json"
	const layer = "application/vnd.oci.image.layer.v1.tar+gzip"
	const manifest = "application/vnd.oci.image.manifest.v1+json"
	const index = "application/vnd.oci.image.index.v1+json"
	descriptor := func(mediaType, digest string, size int64) string {
		return fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":%d}`, mediaType, digest, size)
	}
	content := []byte(`{"os":"linux","architecture":"amd64"}`)
	sum := "sha256:" + sha(content)
	image := func(configuration, layer string) string {
		return fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"config":%s,"layers":[%s]}`, manifest, configuration, layer)
	}
	good := descriptor(config, sum, int64(len(content)))
	list := func(child string) string {
		return fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"manifests":[%s]}`, index, child)
	}
	cases := map[string]string{}
	for name, digest := range map[string]string{
		"a path":                 "sha256:../../../../escaped",
		"an absolute path":       "sha256:/escaped",
		"no algorithm":           "escaped",
		"nothing":                "",
		"an unknown algorithm":   "md5:00112233445566778899aabbccddeeff",
		"a path of an algorithm": "../../escaped:" + sha(content),
		"capitals":               "sha256:" + strings.ToUpper(sha(content)),
		"too short":              "sha256:00",
	} {
		cases["a layer whose digest is "+name] = image(good, descriptor(layer, digest, 7))
		cases["a configuration whose digest is "+name] = image(descriptor(config, digest, 7), descriptor(layer, sum, int64(len(content))))
		cases["a platform whose digest is "+name] = list(descriptor(manifest, digest, 7))
	}
	cases["a layer of a negative size"] = image(good, descriptor(layer, sum, -1))
	cases["a layer of the smallest size"] = image(good, descriptor(layer, sum, -1<<63))
	cases["a layer that is longer than its size"] = image(good, descriptor(layer, "sha256:"+sha([]byte("longer")), 3))
	cases["a layer that is shorter than its size"] = image(good, descriptor(layer, "sha256:"+sha([]byte("longer")), 3000))
	cases["a layer of an impossible size"] = image(good, descriptor(layer, sum, 1<<62))
	cases["a layer that does not end"] = image(good, descriptor(layer, "sha256:"+sha([]byte("endless")), 1<<39))
	cases["a list instead of a manifest"] = `[]`
	cases["deep nesting"] = `{"schemaVersion":2,"mediaType":"` + manifest + `","annotations":` + strings.Repeat(`{"a":`, 200000) + "1" + strings.Repeat("}", 200000) + "}"
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			mediaType := manifest
			if strings.Contains(text, `"manifests"`) {
				mediaType = index
			}
			address := serve(t, &requests{next: handler(t, nil), instead: func(w http.ResponseWriter, r *http.Request) bool {
				switch {
				case r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/v2/a/manifests/"):
					if !strings.HasSuffix(r.URL.Path, sha([]byte(text))) {
						return refusing(w, http.StatusNotFound, "MANIFEST_UNKNOWN", "there is none")
					}
					w.Header().Set("Content-Type", mediaType)
					_, _ = w.Write([]byte(text))
				case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, sha([]byte("longer"))):
					_, _ = w.Write([]byte("longer"))
				case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, sha([]byte("endless"))):
					for {
						if _, err := w.Write(make([]byte, 1<<10)); err != nil {
							return true
						}
						time.Sleep(10 * time.Millisecond)
					}
				case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, sha(content)):
					_, _ = w.Write(content)
				default:
					return false
				}
				return true
			}})
			root := "@sha256:" + sha([]byte(text))
			outside := t.TempDir()
			folder := filepath.Join(outside, "1", "2", "3", "layout")
			for _, command := range [][]string{{"layout", "a", root, folder}, {"copy", "a", "b", root[1:]}, {"evidence", "a", root, folder}} {
				if command[0] == "evidence" && strings.HasPrefix(name, "a layer that ") {
					// It reads no layers.
					continue
				}
				found := program(t, at(address, append([]string{"-total", "2s"}, command...)...)...)
				if found.Error == nil {
					t.Errorf("%s accepts it", command[0])
				} else if found.Error.Kind == "unknown" || found.Error.Kind == "local" {
					t.Errorf("%s: %+v", command[0], found.Error)
				}
			}
			_ = filepath.WalkDir(outside, func(path string, entry os.DirEntry, err error) error {
				if err == nil && strings.Contains(entry.Name(), "escaped") {
					t.Errorf("%s was written", path)
				}
				return nil
			})
		})
	}
}

// Everybody who may write to a registry may attach something, which must not keep others from verifying what else is attached.
func TestHostileReferrers(t *testing.T) {
	folder, index, _ := image(t, "image", "base")
	real := handler(t, nil)
	address := serve(t, real)
	good(t, at(address, "push", plan(t, nil, planned{"a", folder, index, nil}))...)
	list := `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[
		{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:../../escaped","size":7},
		{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"escaped","size":7},
		{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"` + index + `","size":-7}]}`
	for _, part := range []string{"/manifests/" + strings.Replace(index, ":", "-", 1), "/referrers/" + index} {
		asked := 0
		lying := serve(t, &requests{next: real, instead: func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, part) {
				return false
			}
			asked++
			w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
			_, _ = w.Write([]byte(list))
			return true
		}})
		if found := good(t, at(lying, "referrers", "a", index)...); len(found.Referrers) != 0 {
			t.Errorf("%s: %+v", part, found.Referrers)
		}
		good(t, at(lying, "evidence", "a", "@"+index, t.TempDir())...)
		if asked == 0 {
			t.Errorf("%s was not asked for", part)
		}
	}
}
