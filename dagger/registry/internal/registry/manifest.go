package registry

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/regclient/regclient/types/descriptor"
	"github.com/regclient/regclient/types/manifest"
	"github.com/regclient/regclient/types/mediatype"
	v1 "github.com/regclient/regclient/types/oci/v1"

	"runner-images/registry/internal/failure"
)

// Manifest is a manifest or an index, with its bytes as the registry has them.
type Manifest struct {
	Digest    string `json:"digest"`
	MediaType string `json:"mediaType"`
	Content   string `json:"content"`
	parsed    manifest.Manifest
}

// visible is how long to wait before each further try to read what was just written: in some registries that takes a moment.
var visible = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}

// Manifest reads "@sha256:…" or ":tag", and checks a digest.
//
// wait is for what should exist.
func (r *Registry) Manifest(ctx context.Context, repository, name string, wait bool) (*Manifest, error) {
	reference, err := r.named(repository, name)
	if err != nil {
		return nil, err
	}
	var found *Manifest
	for try := 0; ; try++ {
		err := r.do(ctx, "read "+r.at(repository)+name, 0, func(ctx context.Context) error {
			read, err := r.library.ManifestGet(ctx, reference)
			if err != nil {
				return err
			}
			raw, err := read.RawBody()
			if err != nil {
				return err
			}
			// The library believes the registry's header for a tag.
			actual := digest.FromBytes(raw).String()
			if reference.Digest != "" && actual != reference.Digest {
				return failure.New(failure.DigestMismatch, "the registry returns %s", actual)
			}
			found = &Manifest{actual, manifest.GetMediaType(read), string(raw), read}
			return nil
		})
		if !wait || try >= len(visible) || !failure.Is(err, failure.NotFound) {
			return found, err
		}
		if err := r.Watch.Sleep(ctx, visible[try]); err != nil {
			return nil, err
		}
	}
}

// present reads a manifest that may be missing.
func (r *Registry) present(ctx context.Context, repository, name string) (*Manifest, error) {
	found, err := r.Manifest(ctx, repository, name, false)
	if failure.Is(err, failure.NotFound) {
		return nil, nil
	}
	return found, err
}

// put writes a manifest's bytes under their digest or a tag, and reads them back.
func (r *Registry) put(ctx context.Context, repository, name string, content *Manifest) error {
	reference, err := r.named(repository, name)
	if err != nil {
		return err
	}
	err = r.do(ctx, "write "+r.at(repository)+name, 0, func(ctx context.Context) error {
		return r.library.ManifestPut(ctx, reference, content.parsed)
	})
	if err != nil {
		return err
	}
	return r.compare(ctx, repository, name, content.Digest)
}

func (r *Registry) compare(ctx context.Context, repository, name, expected string) error {
	actual, err := r.Manifest(ctx, repository, name, true)
	if err != nil {
		return err
	}
	if actual.Digest != expected {
		found := failure.New(failure.DigestMismatch, "it should be %s, but the registry returns %s", expected, actual.Digest)
		found.Action = "read " + r.at(repository) + name
		return found
	}
	return nil
}

// parse reads a manifest's bytes of a known digest.
func parse(content []byte, expected string) (*Manifest, error) {
	if actual := digest.FromBytes(content).String(); actual != expected {
		return nil, failure.New(failure.Local, "the content of %s has the digest %s", expected, actual)
	}
	var typed struct{ MediaType string }
	if err := json.Unmarshal(content, &typed); err != nil {
		return nil, failure.New(failure.Local, "%s is no manifest: %w", expected, err)
	}
	read, err := manifest.New(manifest.WithRaw(content), manifest.WithDesc(descriptor.Descriptor{
		MediaType: typed.MediaType, Digest: digest.Digest(expected), Size: int64(len(content)),
	}))
	if err != nil {
		return nil, failure.New(failure.Local, "%s cannot be read: %w", expected, err)
	}
	return &Manifest{expected, manifest.GetMediaType(read), string(content), read}, nil
}

// largestBlob is the size in bytes that no blob has.
const largestBlob = 1 << 40

// sound says what is wrong with a descriptor that somebody else wrote. Digests become paths, and sizes become limits.
func sound(given descriptor.Descriptor) error {
	if given.Digest.Validate() != nil || given.Digest.Algorithm() != digest.SHA256 {
		return failure.New(failure.Invalid, "%q is not a digest of SHA-256", given.Digest)
	}
	if given.Size < 0 || given.Size > largestBlob {
		return failure.New(failure.Invalid, "%s cannot have %d bytes", given.Digest, given.Size)
	}
	return nil
}

func allSound(given []descriptor.Descriptor) ([]descriptor.Descriptor, error) {
	for _, each := range given {
		if err := sound(each); err != nil {
			return nil, err
		}
	}
	return given, nil
}

// onlySound leaves out what nothing can be behind. Of lists to which everybody may add who may write to the registry.
func onlySound(given []descriptor.Descriptor) []descriptor.Descriptor {
	return slices.DeleteFunc(slices.Clone(given), func(each descriptor.Descriptor) bool { return sound(each) != nil })
}

// children of an index; none of a manifest.
func (m *Manifest) children() ([]descriptor.Descriptor, error) {
	found, err := m.listed()
	if err != nil {
		return nil, err
	}
	return allSound(found)
}

// listed is what an index lists, whatever that is.
func (m *Manifest) listed() ([]descriptor.Descriptor, error) {
	index, ok := m.parsed.(manifest.Indexer)
	if !ok || !m.parsed.IsList() {
		return nil, nil
	}
	return index.GetManifestList()
}

// blobs of a manifest: its configuration and its layers; none of an index.
func (m *Manifest) blobs() ([]descriptor.Descriptor, error) {
	image, ok := m.parsed.(manifest.Imager)
	if !ok || m.parsed.IsList() {
		return nil, nil
	}
	configuration, err := image.GetConfig()
	if err != nil {
		return nil, err
	}
	layers, err := image.GetLayers()
	if err != nil {
		return nil, err
	}
	return allSound(append([]descriptor.Descriptor{configuration}, layers...))
}

// platforms of an index, as linux/arm64.
func (m *Manifest) platforms() []string {
	children, err := m.children()
	if err != nil {
		return nil
	}
	names := []string{}
	for _, child := range children {
		if child.Platform != nil {
			names = append(names, strings.TrimSuffix(child.Platform.OS+"/"+child.Platform.Architecture+"/"+child.Platform.Variant, "/"))
		}
	}
	return names
}

// artifact is the manifest of one piece of evidence about another manifest, and the contents of its blobs.
func artifact(subject descriptor.Descriptor, about Referrer) (*Manifest, map[digest.Digest][]byte, error) {
	layer := descriptor.Descriptor{
		MediaType: about.MediaType, Digest: digest.FromBytes(about.content), Size: int64(len(about.content)),
	}
	empty := descriptor.Descriptor{
		MediaType: mediatype.OCI1Empty, Digest: descriptor.EmptyDigest, Size: int64(len(descriptor.EmptyData)),
	}
	made, err := manifest.New(manifest.WithOrig(v1.Manifest{
		Versioned:    v1.ManifestSchemaVersion,
		MediaType:    mediatype.OCI1Manifest,
		ArtifactType: about.ArtifactType,
		Config:       empty,
		Layers:       []descriptor.Descriptor{layer},
		Subject:      &subject,
		Annotations:  about.Annotations,
	}))
	if err != nil {
		return nil, nil, err
	}
	raw, err := made.RawBody()
	if err != nil {
		return nil, nil, err
	}
	parsed, err := parse(raw, digest.FromBytes(raw).String())
	return parsed, map[digest.Digest][]byte{layer.Digest: about.content, empty.Digest: descriptor.EmptyData}, err
}
