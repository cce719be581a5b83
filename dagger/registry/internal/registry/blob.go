package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/regclient/regclient/types/descriptor"

	"runner-images/registry/internal/failure"
)

// document is the largest blob that is read into memory.
const document = 64 << 20

// Blob reads a whole blob of moderate size and checks its digest.
func (r *Registry) Blob(ctx context.Context, repository string, name digest.Digest) ([]byte, error) {
	if err := name.Validate(); err != nil {
		return nil, failure.New(failure.Usage, "%q is not a digest", name)
	}
	reference, err := r.repository(repository)
	if err != nil {
		return nil, err
	}
	var content []byte
	err = r.do(ctx, fmt.Sprintf("read the blob %s of %s", name, r.at(repository)), document, func(ctx context.Context) error {
		reader, err := r.library.BlobGet(ctx, reference, descriptor.Descriptor{Digest: name})
		if err != nil {
			return err
		}
		defer reader.Close()
		// The library's reader ends with an error if the digest is another.
		content, err = io.ReadAll(reader)
		return err
	})
	return content, err
}

// download opens a blob. Reading it ends with an error if it is not what its descriptor says.
func (r *Registry) download(ctx context.Context, repository string, blob descriptor.Descriptor) (io.ReadCloser, error) {
	reference, err := r.repository(repository)
	if err != nil {
		return nil, err
	}
	// One more byte, so that the library's own check finds a longer one.
	traced, trace := r.client.Begin(ctx, blob.Size+1)
	reader, err := r.library.BlobGet(traced, reference, blob)
	if err != nil {
		return nil, trace.Explain(err)
	}
	return reader, nil
}

// has says whether a repository has a blob, of the right size.
func (r *Registry) has(ctx context.Context, repository string, blob descriptor.Descriptor) (bool, error) {
	reference, err := r.repository(repository)
	if err != nil {
		return false, err
	}
	size := int64(-1)
	err = r.do(ctx, fmt.Sprintf("look for the blob %s in %s", blob.Digest, r.at(repository)), 0, func(ctx context.Context) error {
		reader, err := r.library.BlobHead(ctx, reference, descriptor.Descriptor{Digest: blob.Digest})
		if err != nil {
			return err
		}
		size = reader.Response().ContentLength
		return reader.Close()
	})
	if failure.Is(err, failure.NotFound) {
		return false, nil
	}
	return err == nil && (size < 0 || size == blob.Size), err
}

// mount has the registry take a blob from another of its repositories. Whatever it answers instead, the blob can be uploaded.
func (r *Registry) mount(ctx context.Context, from, to string, blob descriptor.Descriptor) (bool, error) {
	source, err := r.repository(from)
	if err != nil {
		return false, err
	}
	target, err := r.repository(to)
	if err != nil {
		return false, err
	}
	traced, _ := r.client.BeginUpload(ctx)
	err = r.library.BlobMount(traced, source, target, blob)
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	return err == nil, nil
}

// upload sends a blob, from the start again if the connection or the registry fails meanwhile. It returns the bytes that were sent of it:
// none if the registry had it elsewhere.
func (r *Registry) upload(
	ctx context.Context,
	repository string,
	blob descriptor.Descriptor,
	open func(context.Context) (io.ReadCloser, error),
) (int64, error) {
	reference, err := r.repository(repository)
	if err != nil {
		return 0, err
	}
	announced := blob
	for try := 1; ; try++ {
		content, err := open(ctx)
		if err != nil {
			return 0, err
		}
		traced, trace := r.client.BeginUpload(ctx)
		counted := &counting{from: content, hash: sha256.New()}
		_, err = r.library.BlobPut(traced, reference, announced, counted)
		content.Close()
		read, actual := counted.result()
		if err == nil && announced.Digest == "" && actual != blob.Digest {
			err = failure.New(failure.Local, "the content of the blob %s has the digest %s", blob.Digest, actual)
		}
		if err == nil {
			return read, nil
		}
		found := *trace.Explain(err)
		if read == blob.Size && actual != blob.Digest {
			found = *failure.New(failure.Local, "the content of the blob %s has the digest %s", blob.Digest, actual)
		}
		found.Action = fmt.Sprintf("upload the blob %s to %s", blob.Digest, r.at(repository))
		wait := max(r.BackOff<<(try-1), trace.RetryAfter())
		left, limited := r.Watch.Remaining()
		switch {
		case ctx.Err() != nil:
			return 0, context.Cause(ctx)
		case found.Status == http.StatusRequestEntityTooLarge && announced.Digest != "":
			// In parts, which the library does if it is not told what it sends.
			announced = descriptor.Descriptor{}
			wait = 0
		case try >= tries || trace.Exhausted() || (limited && wait >= left) ||
			!failure.Is(&found, failure.Connection, failure.Server, failure.RateLimited):
			return 0, &found
		}
		r.log("%s: %s, again", repository, found.Message)
		if err := r.Watch.Sleep(ctx, wait); err != nil {
			return 0, &found
		}
	}
}

// counting has no Seek on purpose: the library would otherwise repeat a failed upload in small parts, whatever the reason.
type counting struct {
	mu   sync.Mutex
	from io.Reader
	hash hash.Hash
	read int64
}

func (c *counting) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.from.Read(p)
	c.hash.Write(p[:n])
	c.read += int64(n)
	return n, err
}

func (c *counting) result() (int64, digest.Digest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read, digest.NewDigest(digest.SHA256, c.hash)
}

var errTried = errors.New("nothing is uploaded")

type neverRead struct{}

func (neverRead) Read([]byte) (int, error) { return 0, errTried }

// Pushable opens an upload to a repository and cancels it.
func (r *Registry) Pushable(ctx context.Context, repository string) error {
	reference, err := r.repository(repository)
	if err != nil {
		return err
	}
	traced, trace := r.client.BeginUpload(ctx)
	_, err = r.library.BlobPut(traced, reference, descriptor.Descriptor{}, neverRead{})
	if errors.Is(err, errTried) {
		return nil
	}
	if err == nil {
		return failure.New(failure.Invalid, "the registry accepts an upload of nothing")
	}
	found := *trace.Explain(err)
	found.Action = "start an upload to " + r.at(repository)
	return &found
}

// seconds for logs.
func seconds(since time.Time) string { return fmt.Sprintf("%.1f s", time.Since(since).Seconds()) }

// inMemory opens a document.
func inMemory(content []byte) func(context.Context) (io.ReadCloser, error) {
	return func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
}
