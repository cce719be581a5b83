package registry

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/opencontainers/go-digest"
	"github.com/regclient/regclient/types/descriptor"

	"runner-images/registry/internal/failure"
)

// source is where an image is copied from.
type source interface {
	manifest(ctx context.Context, digest string) (*Manifest, error)
	open(ctx context.Context, blob descriptor.Descriptor) (io.ReadCloser, error)
	// repository of the same registry, or empty.
	repository() string
}

// layout is a folder with an OCI image layout.
type layout string

func (l layout) path(name digest.Digest) string {
	return filepath.Join(string(l), "blobs", name.Algorithm().String(), name.Encoded())
}

func (l layout) manifest(_ context.Context, name string) (*Manifest, error) {
	parsed := digest.Digest(name)
	if err := parsed.Validate(); err != nil {
		return nil, failure.New(failure.Local, "%q is not a digest", name)
	}
	content, err := os.ReadFile(l.path(parsed))
	if err != nil {
		return nil, local(err)
	}
	return parse(content, name)
}

func (l layout) open(_ context.Context, blob descriptor.Descriptor) (io.ReadCloser, error) {
	if err := blob.Digest.Validate(); err != nil {
		return nil, failure.New(failure.Local, "%q is not a digest", blob.Digest)
	}
	file, err := os.Open(l.path(blob.Digest))
	if err != nil {
		return nil, local(err)
	}
	info, err := file.Stat()
	if err != nil || info.Size() != blob.Size {
		file.Close()
		return nil, failure.New(failure.Local, "the blob %s does not have %d bytes", blob.Digest, blob.Size)
	}
	return file, nil
}

func (l layout) repository() string { return "" }

// remote is a repository of the registry.
type remote struct {
	registry *Registry
	name     string
}

func (s remote) manifest(ctx context.Context, name string) (*Manifest, error) {
	return s.registry.Manifest(ctx, s.name, "@"+name, false)
}

func (s remote) open(ctx context.Context, blob descriptor.Descriptor) (io.ReadCloser, error) {
	return s.registry.download(ctx, s.name, blob)
}

func (s remote) repository() string { return s.name }

// graph is an image: its manifests, children before what names them, and all of its blobs, each once.
type graph struct {
	manifests []*Manifest
	blobs     []descriptor.Descriptor
	// Configurations and the like, which are small and read back as a whole.
	documents map[digest.Digest]bool
}

// deepest is the number of indexes that may be nested.
const deepest = 4

func graphOf(ctx context.Context, from source, root string) (*graph, error) {
	found := &graph{documents: map[digest.Digest]bool{}}
	return found, found.add(ctx, from, root, map[string]bool{}, 0)
}

func (g *graph) add(ctx context.Context, from source, name string, seen map[string]bool, depth int) error {
	if seen[name] {
		return nil
	}
	seen[name] = true
	if depth > deepest {
		return failure.New(failure.Invalid, "indexes are nested too deeply")
	}
	read, err := from.manifest(ctx, name)
	if err != nil {
		return err
	}
	children, err := read.children()
	if err != nil {
		return failure.New(failure.Invalid, "%s: %w", name, err)
	}
	for _, child := range children {
		if err := g.add(ctx, from, child.Digest.String(), seen, depth+1); err != nil {
			return err
		}
	}
	blobs, err := read.blobs()
	if err != nil {
		return failure.New(failure.Invalid, "%s: %w", name, err)
	}
	for place, blob := range blobs {
		if place == 0 {
			g.documents[blob.Digest] = true
		}
		if !seen[blob.Digest.String()] {
			seen[blob.Digest.String()] = true
			g.blobs = append(g.blobs, blob)
		}
	}
	g.manifests = append(g.manifests, read)
	return nil
}

// local is the error for this machine's files, without "open" and "read".
func local(err error) *failure.Error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return failure.New(failure.Local, "%s: %w", strings.TrimPrefix(path.Path, "./"), path.Err)
	}
	return failure.New(failure.Local, "%w", err)
}
