package registry

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/regclient/regclient/types/descriptor"
	"github.com/regclient/regclient/types/mediatype"
	v1 "github.com/regclient/regclient/types/oci/v1"

	"runner-images/registry/internal/failure"
)

const layoutVersion = `{"imageLayoutVersion":"1.0.0"}`

// Layout writes an image of the registry as an OCI layout, every blob checked.
//
// platform is that of the only image, or empty for all.
func (r *Registry) Layout(ctx context.Context, repository, name, folder, platform string) (string, error) {
	from := remote{r, repository}
	root, err := r.Manifest(ctx, repository, name, false)
	if err != nil {
		return "", err
	}
	if platform != "" && root.parsed.IsList() {
		child, err := root.of(platform)
		if err != nil {
			return "", err
		}
		if root, err = from.manifest(ctx, child); err != nil {
			return "", err
		}
	}
	images, err := graphOf(ctx, from, root.Digest)
	if err != nil {
		return "", err
	}
	to := layout(folder)
	if err := to.begin(images); err != nil {
		return "", err
	}
	err = each(ctx, images.blobs, func(ctx context.Context, blob descriptor.Descriptor) error { return r.fetch(ctx, repository, blob, to) })
	if err != nil {
		return "", err
	}
	return root.Digest, to.name(bare(root.parsed.GetDescriptor()))
}

// begin writes an image's manifests.
func (l layout) begin(images *graph) error {
	if err := os.MkdirAll(filepath.Join(string(l), "blobs", "sha256"), 0o755); err != nil {
		return local(err)
	}
	for _, each := range images.manifests {
		if err := write(l.path(digest.Digest(each.Digest)), []byte(each.Content)); err != nil {
			return err
		}
	}
	return nil
}

// name writes what makes a folder of blobs an OCI layout.
func (l layout) name(entries ...descriptor.Descriptor) error {
	index, err := json.Marshal(v1.Index{
		Versioned: v1.IndexSchemaVersion,
		MediaType: mediatype.OCI1ManifestList,
		Manifests: entries,
	})
	if err != nil {
		return local(err)
	}
	if err := write(filepath.Join(string(l), "index.json"), index); err != nil {
		return err
	}
	return write(filepath.Join(string(l), "oci-layout"), []byte(layoutVersion))
}

// of is the digest of a platform's image.
func (m *Manifest) of(platform string) (string, error) {
	children, err := m.children()
	if err != nil {
		return "", failure.New(failure.Invalid, "%s: %w", m.Digest, err)
	}
	for _, child := range children {
		if child.Platform == nil {
			continue
		}
		name := child.Platform.OS + "/" + child.Platform.Architecture
		// linux/arm64 is also what is called linux/arm64/v8.
		if name == platform || name+"/"+child.Platform.Variant == platform {
			return child.Digest.String(), nil
		}
	}
	return "", failure.New(failure.NotFound, "the image has no platform %s; it has %s", platform, strings.Join(m.platforms(), ", "))
}

// fetch downloads a blob into a layout, from the start again if it breaks off.
func (r *Registry) fetch(ctx context.Context, repository string, blob descriptor.Descriptor, to layout) error {
	started := time.Now()
	action := fmt.Sprintf("read the blob %s of %s", blob.Digest, r.at(repository))
	for try := 1; ; try++ {
		err := r.fetchOnce(ctx, repository, blob, to)
		if err == nil {
			r.log("%s: %s, %d bytes, downloaded in %s", repository, blob.Digest, blob.Size, seconds(started))
			return nil
		}
		if try >= tries || !failure.Is(err, failure.Connection) {
			return acting(action, err)
		}
		if err := r.Watch.Sleep(ctx, r.BackOff<<(try-1)); err != nil {
			return err
		}
	}
}

func (r *Registry) fetchOnce(ctx context.Context, repository string, blob descriptor.Descriptor, to layout) error {
	reference, err := r.repository(repository)
	if err != nil {
		return err
	}
	file, err := os.Create(to.path(blob.Digest))
	if err != nil {
		return local(err)
	}
	defer file.Close()
	// One more byte, so that the library's own check finds a longer one.
	traced, trace := r.client.Begin(ctx, blob.Size+1)
	reader, err := r.library.BlobGet(traced, reference, blob)
	if err != nil {
		return trace.Explain(err)
	}
	defer reader.Close()
	// The library's reader ends with an error if the digest is another.
	if _, err := io.Copy(file, reader); err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			return local(err)
		}
		return trace.Explain(err)
	}
	if err := file.Close(); err != nil {
		return local(err)
	}
	return nil
}

func write(path string, content []byte) error {
	if err := os.WriteFile(path, content, 0o644); err != nil {
		return local(err)
	}
	return nil
}

// Pack writes a layout as a tar whose bytes depend on its contents alone.
func (r *Registry) Pack(folder, path string) error {
	names := []string{}
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		return local(err)
	}
	slices.Sort(names)
	file, err := os.Create(path)
	if err != nil {
		return local(err)
	}
	defer file.Close()
	archive := tar.NewWriter(file)
	for _, name := range names {
		if err := r.packOne(archive, folder, name); err != nil {
			return local(err)
		}
	}
	if err := archive.Close(); err != nil {
		return local(err)
	}
	if err := file.Close(); err != nil {
		return local(err)
	}
	return nil
}

func (r *Registry) packOne(archive *tar.Writer, folder, name string) error {
	content, err := os.Open(name)
	if err != nil {
		return err
	}
	defer content.Close()
	info, err := content.Stat()
	if err != nil {
		return err
	}
	within, err := filepath.Rel(folder, name)
	if err != nil {
		return err
	}
	header := &tar.Header{Name: within, Mode: 0o644, Size: info.Size(), Typeflag: tar.TypeReg, ModTime: time.Unix(0, 0)}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	// Of this nothing goes over the network.
	defer r.Watch.Touch()
	_, err = io.Copy(archive, content)
	return err
}
