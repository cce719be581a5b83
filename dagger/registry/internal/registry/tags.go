package registry

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"

	"github.com/opencontainers/go-digest"
	"github.com/regclient/regclient"
	"github.com/regclient/regclient/types/descriptor"
	"github.com/regclient/regclient/types/manifest"
	"github.com/regclient/regclient/types/mediatype"
	v1 "github.com/regclient/regclient/types/oci/v1"

	"runner-images/registry/internal/failure"
)

// Tag sets a tag to a manifest of the same repository, and reads it back.
func (r *Registry) Tag(ctx context.Context, repository, digest, tag string) error {
	content, err := r.Manifest(ctx, repository, "@"+digest, true)
	if err != nil {
		return err
	}
	return r.put(ctx, repository, ":"+tag, content)
}

// Tags lists a repository's tags, fallback tags included. A repository that does not exist has none.
func (r *Registry) Tags(ctx context.Context, repository string) ([]string, error) {
	reference, err := r.repository(repository)
	if err != nil {
		return nil, err
	}
	tags := []string{}
	err = r.do(ctx, "list the tags of "+r.at(repository), 0, func(ctx context.Context) error {
		list, err := r.library.TagList(ctx, reference)
		if err != nil {
			return err
		}
		tags = append([]string{}, list.Tags...)
		slices.Sort(tags)
		return nil
	})
	if failure.Is(err, failure.NotFound) {
		return tags, nil
	}
	return tags, err
}

// Delete deletes a manifest, and with it all tags that point to it. If it refers to another manifest, that one's fallback tag forgets it.
func (r *Registry) Delete(ctx context.Context, repository, digest string) error {
	return r.delete(ctx, repository, digest, regclient.WithManifestCheckReferrers())
}

// DeleteAlone is Delete for who deletes lists of referrers as well: those stay as they are. What is gone already is no error.
func (r *Registry) DeleteAlone(ctx context.Context, repository, digest string) error {
	if err := r.delete(ctx, repository, digest); !failure.Is(err, failure.NotFound) {
		return err
	}
	return nil
}

func (r *Registry) delete(ctx context.Context, repository, digest string, options ...regclient.ManifestOpts) error {
	reference, err := r.named(repository, "@"+digest)
	if err != nil {
		return err
	}
	return r.do(ctx, "delete "+r.at(repository)+"@"+digest, 0, func(ctx context.Context) error {
		return r.library.ManifestDelete(ctx, reference, options...)
	})
}

type tagDeletion int

const (
	untried tagDeletion = iota
	// Only the tag is deleted.
	tagOnly
	// The registry deletes the image with its tag.
	withImage
)

// DeleteTag deletes a tag and nothing else: the image stays, under its digest and its other tags.
//
// Registries take a request to delete a tag in different ways: some delete the tag, some refuse, and some delete the image under all of its
// tags. Which one it is, is tried out with a manifest that nobody uses.
func (r *Registry) DeleteTag(ctx context.Context, repository, tag string) error {
	before, err := r.Manifest(ctx, repository, ":"+tag, false)
	if err != nil {
		return err
	}
	action := "delete the tag " + r.at(repository) + ":" + tag
	how, err := r.howTagsAreDeleted(ctx, repository)
	if err != nil {
		return acting(action, err)
	}
	if how == withImage {
		// Then the tag is given to a manifest that nobody uses, which is deleted with it.
		dummy, err := r.dummy(ctx, repository)
		if err != nil {
			return acting(action, err)
		}
		if err := r.put(ctx, repository, ":"+tag, dummy); err != nil {
			return acting(action, err)
		}
	}
	deletion := r.deleteTag(ctx, repository, tag)
	left, err := r.present(ctx, repository, ":"+tag)
	if deletion == nil {
		deletion = err
	}
	if left != nil && left.Digest != before.Digest {
		// The library replaces a tag before it deletes it, too.
		return errors.Join(acting(action, deletion), r.put(ctx, repository, ":"+tag, before))
	}
	if deletion == nil && left != nil {
		deletion = failure.New(failure.Unsupported, "the registry says that the tag was deleted, but it is still there")
	}
	if deletion != nil {
		return acting(action, deletion)
	}
	return r.compare(ctx, repository, "@"+before.Digest, before.Digest)
}

func acting(action string, err error) error {
	var known *failure.Error
	if !errors.As(err, &known) {
		return err
	}
	found := *known
	found.Action = action
	return &found
}

func (r *Registry) deleteTag(ctx context.Context, repository, tag string) error {
	reference, err := r.named(repository, ":"+tag)
	if err != nil {
		return err
	}
	return r.do(ctx, "delete the tag "+r.at(repository)+":"+tag, 0, func(ctx context.Context) error {
		return r.library.TagDelete(ctx, reference)
	})
}

// howTagsAreDeleted gives two tags to a manifest that nobody uses, deletes one of them, and looks at the other.
func (r *Registry) howTagsAreDeleted(ctx context.Context, repository string) (tagDeletion, error) {
	if known := r.tagDeletion[repository]; known != untried {
		return known, nil
	}
	dummy, err := r.dummy(ctx, repository)
	if err != nil {
		return untried, err
	}
	// First without a tag: where nothing can be deleted, tags would stay.
	if err := r.put(ctx, repository, "@"+dummy.Digest, dummy); err != nil {
		return untried, err
	}
	if err := r.Delete(ctx, repository, dummy.Digest); err != nil {
		return untried, err
	}
	first, second := "deletion-test-"+random(), "deletion-test-"+random()
	for _, tag := range []string{first, second} {
		if err := r.put(ctx, repository, ":"+tag, dummy); err != nil {
			return untried, err
		}
	}
	// Whatever happens, nothing of the test stays.
	defer func() { _ = r.Delete(ctx, repository, dummy.Digest) }()
	if err := r.deleteTag(ctx, repository, first); err != nil {
		return untried, err
	}
	how := tagOnly
	other, err := r.present(ctx, repository, ":"+second)
	if err != nil {
		return untried, err
	}
	if other == nil {
		how = withImage
	}
	r.tagDeletion[repository] = how
	return how, nil
}

// dummy writes a manifest that nobody uses: no two are the same.
func (r *Registry) dummy(ctx context.Context, repository string) (*Manifest, error) {
	configuration, err := json.Marshal(map[string]any{
		"os": "linux", "architecture": "amd64", "rootfs": map[string]any{"type": "layers", "diff_ids": []string{descriptor.EmptyDigest.String()}},
		"config": map[string]any{"Labels": map[string]string{"deletion": random()}},
	})
	if err != nil {
		return nil, err
	}
	image := v1.Manifest{
		Versioned: v1.ManifestSchemaVersion,
		MediaType: mediatype.OCI1Manifest,
		Config: descriptor.Descriptor{
			MediaType: mediatype.OCI1ImageConfig, Digest: digest.FromBytes(configuration), Size: int64(len(configuration)),
		},
		Layers: []descriptor.Descriptor{
			{MediaType: mediatype.OCI1Layer, Digest: descriptor.EmptyDigest, Size: int64(len(descriptor.EmptyData))},
		},
	}
	for _, part := range []struct {
		blob    descriptor.Descriptor
		content []byte
	}{{image.Config, configuration}, {image.Layers[0], descriptor.EmptyData}} {
		if _, err := r.upload(ctx, repository, part.blob, inMemory(part.content)); err != nil {
			return nil, err
		}
	}
	made, err := manifest.New(manifest.WithOrig(image))
	if err != nil {
		return nil, err
	}
	raw, err := made.RawBody()
	if err != nil {
		return nil, err
	}
	return parse(raw, digest.FromBytes(raw).String())
}

func random() string {
	bytes := make([]byte, 8)
	_, _ = rand.Read(bytes)
	return hex.EncodeToString(bytes)
}
