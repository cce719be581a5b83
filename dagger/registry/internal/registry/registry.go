// Package registry does what the pipeline needs of a registry, each operation as a whole.
package registry

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/regclient/regclient"
	"github.com/regclient/regclient/config"
	"github.com/regclient/regclient/scheme/reg"
	"github.com/regclient/regclient/types/ref"

	"runner-images/registry/internal/failure"
	"runner-images/registry/internal/wire"
)

// tries of an operation whose answer broke off, or of an upload, the first included.
const tries = 4

// Options say how a registry is reached.
type Options struct {
	// Host, and port if it is not the usual one.
	Host string
	// Without TLS. Never tried otherwise.
	PlainHTTP bool
	// Empty without credentials.
	Username string
	// A file with nothing but the password. A line break at its end does not count.
	PasswordFile string
	Watch        *wire.Watch
	// One line for each thing that is done.
	Log io.Writer
	// Before an operation is tried again; doubled each time. Zero is half a second.
	BackOff time.Duration
}

// Registry is one registry, of which every answer is checked.
type Registry struct {
	Options
	library *regclient.RegClient
	client  *wire.Client
	logging sync.Mutex
	// Repositories of which it is known that tags can be deleted without their images.
	tagDeletion map[string]tagDeletion
}

// Open prepares access. It sends nothing yet.
func Open(ctx context.Context, options Options) (*Registry, error) {
	if options.BackOff == 0 {
		options.BackOff = 500 * time.Millisecond
	}
	if options.Log == nil {
		options.Log = io.Discard
	}
	host := config.Host{Name: options.Host, TLS: config.TLSEnabled, ReqConcurrent: surveying}
	if options.PlainHTTP {
		host.TLS = config.TLSDisabled
	}
	if options.Username != "" {
		password, err := readPassword(options.PasswordFile)
		if err != nil {
			return nil, err
		}
		host.User, host.Pass = options.Username, password
	}
	client := wire.NewClient(ctx, options.Watch, options.BackOff)
	library := regclient.New(
		regclient.WithConfigHost(host),
		regclient.WithUserAgent("runner-images"),
		regclient.WithRegOpts(
			reg.WithHTTPClient(client.HTTP()),
			// The client repeats by itself, and knows why. One is what authentication takes.
			reg.WithRetryLimit(1),
			reg.WithDelay(time.Millisecond, 10*time.Millisecond),
		),
	)
	return &Registry{Options: options, library: library, client: client, tagDeletion: map[string]tagDeletion{}}, nil
}

// readPassword reads a file. The reason why it cannot be read may quote it, so it is not told.
func readPassword(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil || len(text) == 0 {
		return "", failure.New(failure.Usage, "the file with the password cannot be read")
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"), nil
}

// at is a repository's name for people.
func (r *Registry) at(repository string) string { return r.Host + "/" + repository }

// repository is a reference without a tag.
func (r *Registry) repository(name string) (ref.Ref, error) {
	parsed, err := ref.New(r.Host + "/" + name)
	if err != nil || parsed.Repository == "" || strings.ContainsAny(name, "@:") {
		return ref.Ref{}, failure.New(failure.Usage, "%q is not a repository", name)
	}
	return parsed.SetTag(""), nil
}

// named is a reference to what a repository calls "@sha256:…" or ":tag".
func (r *Registry) named(repository, name string) (ref.Ref, error) {
	parsed, err := r.repository(repository)
	if err != nil {
		return ref.Ref{}, err
	}
	found, err := ref.New(r.Host + "/" + repository + name)
	if err != nil || (!strings.HasPrefix(name, "@") && !strings.HasPrefix(name, ":")) {
		return ref.Ref{}, failure.New(failure.Usage, "%q is neither @digest nor :tag", name)
	}
	if found.Digest != "" {
		if digest.Digest(found.Digest).Validate() != nil {
			return ref.Ref{}, failure.New(failure.Usage, "%q is not a digest", found.Digest)
		}
		return parsed.SetDigest(found.Digest), nil
	}
	return parsed.SetTag(found.Tag), nil
}

// do runs an operation, again if its answer broke off.
//
// limit is the largest answer in bytes, or 0 for that of documents.
func (r *Registry) do(ctx context.Context, action string, limit int64, work func(context.Context) error) error {
	for try := 1; ; try++ {
		traced, trace := r.client.Begin(ctx, limit)
		err := work(traced)
		if err == nil {
			return nil
		}
		found := *trace.Explain(err)
		if found.Action == "" {
			found.Action = action
		}
		if found.Kind != failure.Connection || trace.Exhausted() || try >= tries {
			return &found
		}
		r.log("%s: %s, again", action, found.Message)
		if err := r.Watch.Sleep(ctx, r.BackOff<<(try-1)); err != nil {
			return &found
		}
	}
}

func (r *Registry) log(format string, args ...any) {
	r.logging.Lock()
	defer r.logging.Unlock()
	fmt.Fprintf(r.Log, format+"\n", args...)
}

// parallel is the number of blobs that are transferred at the same time.
const parallel = 3

// each runs work for all items, some at the same time, and stops at the first error.
func each[T any](ctx context.Context, items []T, work func(context.Context, T) error) error {
	return eachOf(ctx, parallel, items, work)
}

// eachOf is each, for as many items at the same time.
func eachOf[T any](ctx context.Context, count int, items []T, work func(context.Context, T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slots := make(chan struct{}, count)
	var running sync.WaitGroup
	for _, item := range items {
		slots <- struct{}{}
		if ctx.Err() != nil {
			<-slots
			break
		}
		running.Add(1)
		go func() {
			defer running.Done()
			defer func() { <-slots }()
			if err := work(ctx, item); err != nil {
				cancel(err)
			}
		}()
	}
	running.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}
