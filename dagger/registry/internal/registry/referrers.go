package registry

import (
	"context"
	"time"

	"github.com/regclient/regclient/types/descriptor"
	"github.com/regclient/regclient/types/manifest"
	v1 "github.com/regclient/regclient/types/oci/v1"
	"github.com/regclient/regclient/types/ref"
	"github.com/regclient/regclient/types/referrer"

	"runner-images/registry/internal/failure"
)

// Referrers are the manifests whose subject is a digest, as the registry's API and the fallback tag list them. Some registries have an
// API whose list is empty, so both are asked.
type Referrers struct {
	Descriptors []descriptor.Descriptor `json:"referrers"`
	// The fallback tag, if it exists.
	Tag string `json:"tag,omitempty"`
}

func (r *Referrers) has(name string) bool {
	for _, each := range r.Descriptors {
		if each.Digest.String() == name {
			return true
		}
	}
	return false
}

// Referrers lists what refers to a digest.
func (r *Registry) Referrers(ctx context.Context, repository, subject string) (*Referrers, error) {
	api, err := r.listed(ctx, repository, subject)
	if err != nil {
		return nil, err
	}
	tagged, err := r.tagged(ctx, repository, subject)
	if err != nil {
		return nil, err
	}
	for _, each := range tagged.Descriptors {
		if !api.has(each.Digest.String()) {
			api.Descriptors = append(api.Descriptors, each)
		}
	}
	api.Tag = tagged.Tag
	return api, nil
}

// listed asks the API; the library turns to the fallback tag if there is none.
func (r *Registry) listed(ctx context.Context, repository, subject string) (*Referrers, error) {
	reference, err := r.named(repository, "@"+subject)
	if err != nil {
		return nil, err
	}
	found := &Referrers{Descriptors: []descriptor.Descriptor{}}
	err = r.do(ctx, "list the referrers of "+r.at(repository)+"@"+subject, 0, func(ctx context.Context) error {
		list, err := r.library.ReferrerList(ctx, reference)
		if err != nil {
			return err
		}
		found.Descriptors = onlySound(list.Descriptors)
		if len(list.Tags) > 0 {
			found.Tag = list.Tags[0]
		}
		return nil
	})
	return found, err
}

// tagged reads the fallback tag.
func (r *Registry) tagged(ctx context.Context, repository, subject string) (*Referrers, error) {
	tag, err := r.fallback(repository, subject)
	if err != nil {
		return nil, err
	}
	found := &Referrers{Descriptors: []descriptor.Descriptor{}}
	index, err := r.present(ctx, repository, ":"+tag.Tag)
	if err != nil || index == nil {
		return found, err
	}
	found.Tag = tag.Tag
	listed, err := index.listed()
	if err != nil {
		return nil, failure.New(failure.Invalid, "%s:%s: %w", repository, tag.Tag, err)
	}
	found.Descriptors = onlySound(listed)
	return found, nil
}

func (r *Registry) fallback(repository, subject string) (ref.Ref, error) {
	reference, err := r.named(repository, "@"+subject)
	if err != nil {
		return ref.Ref{}, err
	}
	return referrer.FallbackTag(reference)
}

// list makes sure that referrers which were just written can be found: by the registry's API, otherwise by the fallback tag, which is
// returned then.
func (r *Registry) list(ctx context.Context, repository, subject string, made []*Manifest) (string, error) {
	complete := func(list *Referrers) bool {
		for _, each := range made {
			if !list.has(each.Digest) {
				return false
			}
		}
		return true
	}
	for try := 0; ; try++ {
		listed, err := r.listed(ctx, repository, subject)
		if err != nil {
			return "", err
		}
		if complete(listed) {
			return listed.Tag, nil
		}
		tagged, err := r.tagged(ctx, repository, subject)
		if err != nil {
			return "", err
		}
		if complete(tagged) {
			return tagged.Tag, nil
		}
		if try >= len(visible) {
			return "", failure.New(failure.DigestMismatch, "%s does not list the referrers of %s that it accepted", repository, subject)
		}
		if try == 0 {
			// The list may be late.
			if err := r.Watch.Sleep(ctx, time.Second); err != nil {
				return "", err
			}
			continue
		}
		// Again if somebody else has written the tag at the same time, and won.
		if err := r.addTo(ctx, repository, subject, made); err != nil {
			return "", err
		}
	}
}

// addTo writes the fallback tag with more referrers than it has.
func (r *Registry) addTo(ctx context.Context, repository, subject string, made []*Manifest) error {
	tag, err := r.fallback(repository, subject)
	if err != nil {
		return err
	}
	list := referrer.New(tag)
	known, err := r.present(ctx, repository, ":"+tag.Tag)
	if err != nil {
		return err
	}
	if known != nil {
		if _, ok := known.parsed.GetOrig().(v1.Index); !ok {
			return failure.New(failure.Invalid, "%s:%s is not an index", repository, tag.Tag)
		}
		list.Manifest = known.parsed
	}
	for _, each := range made {
		if err := list.Add(each.parsed); err != nil {
			return failure.New(failure.Local, "a referrer cannot be listed: %w", err)
		}
	}
	return r.do(ctx, "write "+r.at(repository)+":"+tag.Tag, 0, func(ctx context.Context) error {
		return r.library.ManifestPut(ctx, tag.SetTag(tag.Tag), list.Manifest)
	})
}

// artifacts are existing referrers with their manifests.
func (r *Registry) artifacts(ctx context.Context, repository, subject string) ([]Referrer, error) {
	found, err := r.Referrers(ctx, repository, subject)
	if err != nil {
		return nil, err
	}
	referrers := []Referrer{}
	for _, each := range found.Descriptors {
		made, err := r.Manifest(ctx, repository, "@"+each.Digest.String(), false)
		if err != nil {
			return nil, err
		}
		if refersTo, ok := made.parsed.(manifest.Subjecter); !ok || refersTo == nil {
			continue
		}
		referrers = append(referrers, Referrer{Subject: subject, made: made})
	}
	return referrers, nil
}
