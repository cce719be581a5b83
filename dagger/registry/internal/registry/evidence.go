package registry

import (
	"context"
	"encoding/json"
	"os"
	"strings"

	"github.com/opencontainers/go-digest"
	"github.com/regclient/regclient/types"
	"github.com/regclient/regclient/types/descriptor"
	"github.com/regclient/regclient/types/mediatype"
	v1 "github.com/regclient/regclient/types/oci/v1"

	"runner-images/registry/internal/failure"
)

// largest is the size in bytes of an artifact that is read. Bills of materials have a few megabytes.
const largest = 64 << 20

// Evidence writes what is needed to verify an image without its layers, as an OCI layout: its manifests and configurations, and all that refers to
// them. index.json has the lists of referrers under the names of their fallback tags. What the registry lists but does not have is left out.
func (r *Registry) Evidence(ctx context.Context, repository, name, folder string) (string, error) {
	root, err := r.Manifest(ctx, repository, name, false)
	if err != nil {
		return "", err
	}
	images, err := graphOf(ctx, remote{r, repository}, root.Digest)
	if err != nil {
		return "", err
	}
	to := layout(folder)
	if err := to.begin(images); err != nil {
		return "", err
	}
	for _, blob := range images.blobs {
		if !images.documents[blob.Digest] || blob.Size > largest {
			continue
		}
		if err := r.fetchOptional(ctx, repository, blob, to); err != nil {
			return "", err
		}
	}
	entries := []descriptor.Descriptor{bare(root.parsed.GetDescriptor())}
	for _, subject := range images.manifests {
		list, err := r.evidenceOf(ctx, repository, subject.Digest, to)
		if err != nil {
			return "", err
		}
		entries = append(entries, *list)
	}
	return root.Digest, to.name(entries...)
}

// evidenceOf writes what refers to a manifest, and the list of it.
func (r *Registry) evidenceOf(ctx context.Context, repository, subject string, to layout) (*descriptor.Descriptor, error) {
	referrers, err := r.Referrers(ctx, repository, subject)
	if err != nil {
		return nil, err
	}
	for _, each := range referrers.Descriptors {
		made, err := r.Manifest(ctx, repository, "@"+each.Digest.String(), false)
		if failure.Is(err, failure.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := write(to.path(each.Digest), []byte(made.Content)); err != nil {
			return nil, err
		}
		// What is attached is anybody's who may write to the registry: a manifest that makes no sense proves nothing, and hides nothing else.
		blobs, err := made.blobs()
		if err != nil {
			continue
		}
		for _, blob := range blobs {
			if blob.Size > largest {
				continue
			}
			if err := r.fetchOptional(ctx, repository, blob, to); err != nil {
				return nil, err
			}
		}
	}
	list, err := json.Marshal(v1.Index{
		Versioned: v1.IndexSchemaVersion,
		MediaType: mediatype.OCI1ManifestList,
		Manifests: referrers.Descriptors,
	})
	if err != nil {
		return nil, local(err)
	}
	sum := digest.FromBytes(list)
	if err := write(to.path(sum), list); err != nil {
		return nil, err
	}
	return &descriptor.Descriptor{
		MediaType:   mediatype.OCI1ManifestList,
		Digest:      sum,
		Size:        int64(len(list)),
		Annotations: map[string]string{types.AnnotationRefName: strings.Replace(subject, ":", "-", 1)},
	}, nil
}

// fetchOptional downloads a blob, if the registry has it.
func (r *Registry) fetchOptional(ctx context.Context, repository string, blob descriptor.Descriptor, to layout) error {
	err := r.fetch(ctx, repository, blob, to)
	if !failure.Is(err, failure.NotFound) {
		return err
	}
	if err := os.Remove(to.path(blob.Digest)); err != nil {
		return local(err)
	}
	return nil
}
