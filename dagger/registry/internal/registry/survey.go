package registry

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/opencontainers/go-digest"
	"github.com/regclient/regclient/types/descriptor"
	"github.com/regclient/regclient/types/mediatype"

	"runner-images/registry/internal/failure"
)

const (
	// surveying is the number of documents that are read at the same time.
	surveying = 8
	// surveyed is the largest blob that a survey reads.
	surveyed = 16 << 20
)

// Survey is what a repository has, as far as it can be reached from some names: what these consist of, what is about them, what they are about, and
// what records name. Documents are as the registry has them.
type Survey struct {
	// Whether Tags has all tags.
	Complete bool `json:"complete"`
	// Digests, null for tags that do not exist.
	Tags map[string]*string `json:"tags"`
	// Contents by digest, null for what is named and not there.
	Manifests map[string]*string `json:"manifests"`
	// By the digest of what they refer to.
	Referrers map[string][]descriptor.Descriptor `json:"referrers"`
	// Contents of configurations, and of the layers of artifacts that were asked for, by digest.
	Blobs map[string]string `json:"blobs"`
}

// Read is which artifacts' contents a survey has.
type Read struct {
	// By the artifacts' types.
	Types []string
	// The type of records: JSON whose "from" names another image, which is surveyed as well.
	Records string
}

// surveyor reads each document once.
type surveyor struct {
	*Registry
	repository string
	read       Read
	mu         sync.Mutex
	found      *Survey
	seen       map[string]bool
	next       []string
}

// surveyedManifest is what a survey follows.
type surveyedManifest struct {
	ArtifactType string                  `json:"artifactType"`
	Config       *descriptor.Descriptor  `json:"config"`
	Layers       []descriptor.Descriptor `json:"layers"`
	Manifests    []descriptor.Descriptor `json:"manifests"`
	Subject      *descriptor.Descriptor  `json:"subject"`
}

// Survey reads a repository in one go.
//
// names are "@sha256:…" or ":tag"; none is for all tags.
func (r *Registry) Survey(ctx context.Context, repository string, names []string, read Read) (*Survey, error) {
	s := &surveyor{Registry: r, repository: repository, read: read, seen: map[string]bool{}, found: &Survey{
		Complete: len(names) == 0, Tags: map[string]*string{}, Manifests: map[string]*string{},
		Referrers: map[string][]descriptor.Descriptor{}, Blobs: map[string]string{},
	}}
	if len(names) == 0 {
		tags, err := r.Tags(ctx, repository)
		if err != nil {
			return nil, err
		}
		for _, tag := range tags {
			names = append(names, ":"+tag)
		}
	}
	if err := eachOf(ctx, surveying, names, s.name); err != nil {
		return nil, err
	}
	for len(s.next) > 0 {
		open := s.next
		s.next = nil
		if err := eachOf(ctx, surveying, open, s.visit); err != nil {
			return nil, err
		}
	}
	return s.found, nil
}

// name starts at what a user, or a tag, names.
func (s *surveyor) name(ctx context.Context, name string) error {
	if _, err := s.named(s.repository, name); err != nil {
		return err
	}
	tag, tagged := strings.CutPrefix(name, ":")
	if !tagged {
		s.also(strings.TrimPrefix(name, "@"))
		return nil
	}
	found, err := s.present(ctx, s.repository, name)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found.Tags[tag] = nil
	if found != nil {
		s.found.Tags[tag] = &found.Digest
		s.found.Manifests[found.Digest] = &found.Content
		s.add(found.Digest)
	}
	return nil
}

// also is for digests that have to be read, too.
func (s *surveyor) also(digests ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(digests...)
}

func (s *surveyor) add(digests ...string) {
	for _, each := range digests {
		if !s.seen[each] && digest.Digest(each).Validate() == nil {
			s.seen[each] = true
			s.next = append(s.next, each)
		}
	}
}

// visit reads a manifest and what is beside it.
func (s *surveyor) visit(ctx context.Context, name string) error {
	content, err := s.manifest(ctx, name)
	if err != nil || content == nil {
		return err
	}
	// What is no JSON has no parts.
	var parsed surveyedManifest
	_ = json.Unmarshal([]byte(*content), &parsed)
	for _, child := range parsed.Manifests {
		s.also(child.Digest.String())
	}
	if parsed.Subject != nil {
		s.also(parsed.Subject.Digest.String())
	}
	if err := s.contents(ctx, parsed); err != nil {
		return err
	}
	return s.referrers(ctx, name)
}

func (s *surveyor) manifest(ctx context.Context, name string) (*string, error) {
	s.mu.Lock()
	content, known := s.found.Manifests[name]
	s.mu.Unlock()
	if known {
		return content, nil
	}
	found, err := s.present(ctx, s.repository, "@"+name)
	if err != nil {
		return nil, err
	}
	if found != nil {
		content = &found.Content
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found.Manifests[name] = content
	return content, nil
}

// contents are an image's configuration, or an artifact's only layer.
func (s *surveyor) contents(ctx context.Context, parsed surveyedManifest) error {
	kind := parsed.ArtifactType
	switch {
	case kind == "" && parsed.Config != nil &&
		(parsed.Config.MediaType == mediatype.OCI1ImageConfig || parsed.Config.MediaType == mediatype.Docker2ImageConfig):
		_, err := s.blob(ctx, *parsed.Config)
		return err
	case kind == "" || len(parsed.Layers) != 1 || (kind != s.read.Records && !slices.Contains(s.read.Types, kind)):
		return nil
	}
	content, err := s.blob(ctx, parsed.Layers[0])
	if err != nil || kind != s.read.Records {
		return err
	}
	var record struct{ From string }
	if json.Unmarshal([]byte(content), &record) == nil {
		s.also(record.From)
	}
	return nil
}

// blob reads what is small, text and there. Whoever needs another one asks for it, and is told why not.
func (s *surveyor) blob(ctx context.Context, blob descriptor.Descriptor) (string, error) {
	s.mu.Lock()
	known, there := s.found.Blobs[blob.Digest.String()]
	s.mu.Unlock()
	if there || blob.Size > surveyed || blob.Digest.Validate() != nil {
		return known, nil
	}
	content, err := s.Blob(ctx, s.repository, blob.Digest)
	if failure.Is(err, failure.NotFound) || err == nil && !utf8.Valid(content) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found.Blobs[blob.Digest.String()] = string(content)
	return string(content), nil
}

func (s *surveyor) referrers(ctx context.Context, subject string) error {
	list, err := s.aboutIt(ctx, subject)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found.Referrers[subject] = list.Descriptors
	for _, each := range list.Descriptors {
		s.add(each.Digest.String())
	}
	return nil
}

// aboutIt is Referrers, without asking for a fallback tag that is known not to exist.
func (s *surveyor) aboutIt(ctx context.Context, subject string) (*Referrers, error) {
	tag, err := s.fallback(s.repository, subject)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	_, there := s.found.Tags[tag.Tag]
	s.mu.Unlock()
	if s.found.Complete && !there {
		return s.listed(ctx, s.repository, subject)
	}
	return s.Referrers(ctx, s.repository, subject)
}
