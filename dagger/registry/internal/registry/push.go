package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/regclient/regclient/types/descriptor"

	"runner-images/registry/internal/failure"
)

// Plan is what is pushed in one step.
type Plan struct {
	Repositories []Target `json:"repositories"`
	// Other repositories of the registry from which blobs may be mounted.
	Siblings []string `json:"siblings"`
}

// Target is an image for one repository. Paths are relative to the plan's folder.
type Target struct {
	Repository string `json:"repository"`
	// Folder of an OCI layout. Empty if the repository has the image, and only referrers are new.
	Layout string `json:"layout"`
	// Digest of the image's index.
	Index     string     `json:"index"`
	Referrers []Referrer `json:"referrers"`
	from      source
	graph     *graph
}

// Referrer is one piece of evidence about a manifest.
type Referrer struct {
	Subject      string            `json:"subject"`
	ArtifactType string            `json:"artifactType"`
	MediaType    string            `json:"mediaType"`
	Annotations  map[string]string `json:"annotations"`
	// The only layer's content.
	File    string `json:"file"`
	content []byte
	// An existing one, which is copied as it is.
	made *Manifest
}

// Count of blobs.
type Count struct {
	Blobs int   `json:"blobs"`
	Bytes int64 `json:"bytes"`
}

func (c *Count) add(bytes int64) {
	c.Blobs++
	c.Bytes += bytes
}

// Mounted blobs, and where they were.
type Mounted struct {
	Count
	From []string `json:"from"`
}

// Pushed is what became of one repository's image.
type Pushed struct {
	Repository string `json:"repository"`
	Index      string `json:"index"`
	// What went over the network.
	Uploaded Count `json:"uploaded"`
	// What the registry took from another of its repositories.
	Mounted Mounted `json:"mounted"`
	// What the repository had already.
	Present Count `json:"present"`
	// Digests of the referrers' manifests, in the order of the plan.
	Referrers []string `json:"referrers"`
	// How many of these the repository did not have.
	Attached int `json:"attached"`
	// Tags that list referrers because the registry itself does not.
	FallbackTags []string `json:"fallbackTags"`
	mu           sync.Mutex
	seen         map[digest.Digest]bool
}

// ReadPlan reads a plan and everything small that it names.
func ReadPlan(path string) (*Plan, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, local(err)
	}
	var plan Plan
	if err := json.Unmarshal(content, &plan); err != nil {
		return nil, failure.New(failure.Usage, "the plan is not JSON: %w", err)
	}
	folder := filepath.Dir(path)
	within := func(name string) string {
		if filepath.IsAbs(name) {
			return name
		}
		return filepath.Join(folder, name)
	}
	for place := range plan.Repositories {
		target := &plan.Repositories[place]
		if target.Layout != "" {
			target.from = layout(within(target.Layout))
		}
		for place := range target.Referrers {
			referrer := &target.Referrers[place]
			if referrer.content, err = os.ReadFile(within(referrer.File)); err != nil {
				return nil, local(err)
			}
		}
	}
	return &plan, nil
}

// push is one run.
type push struct {
	*Registry
	mu sync.Mutex
	// Repositories that have a blob.
	holders map[digest.Digest][]string
	// Where blobs may be beside those.
	siblings []string
	results  []*Pushed
}

// Push uploads images and their referrers, by digest only. An index is the last thing that a repository gets, after the platforms' images
// and all evidence in all repositories, and everything is read back.
func (r *Registry) Push(ctx context.Context, plan *Plan) ([]*Pushed, error) {
	run := &push{Registry: r, holders: map[digest.Digest][]string{}, siblings: plan.Siblings}
	for place := range plan.Repositories {
		target := &plan.Repositories[place]
		if target.from == nil {
			target.from = remote{r, target.Repository}
		}
		var err error
		if target.graph, err = graphOf(ctx, target.from, target.Index); err != nil {
			return nil, err
		}
		run.results = append(run.results, &Pushed{
			Repository: target.Repository, Index: target.Index,
			Referrers: []string{}, FallbackTags: []string{}, Mounted: Mounted{From: []string{}}, seen: map[digest.Digest]bool{},
		})
	}
	stages := []func(context.Context, *Target, *Pushed) error{run.images, run.evidence, run.index}
	for _, stage := range stages {
		for place := range plan.Repositories {
			if err := stage(ctx, &plan.Repositories[place], run.results[place]); err != nil {
				return nil, err
			}
		}
	}
	return run.results, nil
}

// images are the blobs, and every manifest but the last one.
func (p *push) images(ctx context.Context, target *Target, result *Pushed) error {
	if target.from.repository() == target.Repository {
		return nil
	}
	err := each(ctx, target.graph.blobs, func(ctx context.Context, blob descriptor.Descriptor) error {
		open := func(ctx context.Context) (io.ReadCloser, error) { return target.from.open(ctx, blob) }
		there, err := p.blob(ctx, target, result, blob, open)
		document := target.graph.documents[blob.Digest]
		if err != nil || there && !document {
			return err // Its size was compared already.
		}
		return p.confirm(ctx, target.Repository, blob, document)
	})
	if err != nil {
		return err
	}
	children := target.graph.manifests[:len(target.graph.manifests)-1]
	return each(ctx, children, func(ctx context.Context, child *Manifest) error {
		_, err := p.manifest(ctx, target.Repository, child)
		return err
	})
}

// index is the manifest that names the others.
func (p *push) index(ctx context.Context, target *Target, result *Pushed) error {
	_, err := p.manifest(ctx, target.Repository, target.graph.manifests[len(target.graph.manifests)-1])
	if err == nil {
		p.log("%s@%s: complete", target.Repository, result.Index)
	}
	return err
}

// manifest writes a manifest that is not there yet, and says whether it was there. Both is read back.
func (p *push) manifest(ctx context.Context, repository string, content *Manifest) (bool, error) {
	found, err := p.present(ctx, repository, "@"+content.Digest)
	if err != nil || found != nil {
		return found != nil, err
	}
	return false, p.put(ctx, repository, "@"+content.Digest, content)
}

// blob brings a blob to a repository in the cheapest way, and says whether it was there.
func (p *push) blob(
	ctx context.Context,
	target *Target,
	result *Pushed,
	blob descriptor.Descriptor,
	open func(context.Context) (io.ReadCloser, error),
) (bool, error) {
	if !result.first(blob.Digest) {
		return true, nil // Several manifests may have the same blob.
	}
	started := time.Now()
	there, err := p.has(ctx, target.Repository, blob)
	if err != nil {
		return false, err
	}
	if there {
		p.holds(target.Repository, blob.Digest)
		result.count(func() { result.Present.add(blob.Size) })
		p.log("%s: %s, %d bytes, was there", target.Repository, blob.Digest, blob.Size)
		return true, nil
	}
	from, err := p.mounted(ctx, target, blob)
	if err != nil {
		return false, err
	}
	if from != "" {
		p.holds(target.Repository, blob.Digest)
		result.mounted(blob.Size, from)
		p.log("%s: %s, %d bytes, mounted from %s", target.Repository, blob.Digest, blob.Size, from)
		return false, nil
	}
	sent, err := p.upload(ctx, target.Repository, blob, open)
	if err != nil {
		return false, err
	}
	p.holds(target.Repository, blob.Digest)
	if sent == 0 && blob.Size > 0 {
		result.mounted(blob.Size, "")
		p.log("%s: %s, %d bytes, was elsewhere in the registry", target.Repository, blob.Digest, blob.Size)
		return false, nil
	}
	result.count(func() { result.Uploaded.add(blob.Size) })
	p.log("%s: %s, %d bytes, uploaded in %s", target.Repository, blob.Digest, blob.Size, seconds(started))
	return false, nil
}

// first says whether a blob is met for the first time.
func (p *Pushed) first(blob digest.Digest) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	met := p.seen[blob]
	p.seen[blob] = true
	return !met
}

func (p *Pushed) count(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *Pushed) mounted(size int64, from string) {
	p.count(func() {
		p.Mounted.add(size)
		if from != "" && !slices.Contains(p.Mounted.From, from) {
			p.Mounted.From = append(p.Mounted.From, from)
			slices.Sort(p.Mounted.From)
		}
	})
}

// mounted is the repository that a blob was mounted from, or empty.
func (p *push) mounted(ctx context.Context, target *Target, blob descriptor.Descriptor) (string, error) {
	p.mu.Lock()
	candidates := slices.Clone(p.holders[blob.Digest])
	p.mu.Unlock()
	if name := target.from.repository(); name != "" {
		candidates = append(candidates, name)
	}
	for _, name := range candidates {
		if done, err := p.mount(ctx, name, target.Repository, blob); err != nil || done {
			return name, err
		}
	}
	if len(candidates) > 0 {
		return "", nil
	}
	for _, name := range p.siblings {
		if name == target.Repository {
			continue
		}
		// Whoever may not read there uploads.
		there, err := p.has(ctx, name, blob)
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		if err != nil || !there {
			continue
		}
		if done, err := p.mount(ctx, name, target.Repository, blob); err != nil || done {
			return name, err
		}
	}
	return "", nil
}

func (p *push) holds(repository string, blob digest.Digest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Contains(p.holders[blob], repository) {
		p.holders[blob] = append(p.holders[blob], repository)
	}
}

// confirm reads back what a repository should have: documents as a whole, of layers the size. The registry has computed their digests.
func (p *push) confirm(ctx context.Context, repository string, blob descriptor.Descriptor, whole bool) error {
	if whole {
		_, err := p.Blob(ctx, repository, blob.Digest)
		return err
	}
	for try := 0; ; try++ {
		there, err := p.has(ctx, repository, blob)
		if err != nil || there {
			return err
		}
		if try >= len(visible) {
			return failure.New(failure.DigestMismatch, "%s does not have the blob %s of %d bytes, which it accepted", repository, blob.Digest, blob.Size)
		}
		if err := p.Watch.Sleep(ctx, visible[try]); err != nil {
			return err
		}
	}
}

// evidence is everything that refers to the image's manifests.
func (p *push) evidence(ctx context.Context, target *Target, result *Pushed) error {
	subjects := map[string]descriptor.Descriptor{}
	for _, each := range target.graph.manifests {
		subjects[each.Digest] = each.parsed.GetDescriptor()
	}
	lists := map[string][]*Manifest{}
	order := []string{}
	for _, referrer := range target.Referrers {
		subject, ok := subjects[referrer.Subject]
		if !ok {
			return failure.New(failure.Usage, "a referrer is about %s, which is not in the image %s", referrer.Subject, target.Index)
		}
		made := referrer.made
		contents := map[digest.Digest][]byte{}
		if made == nil {
			var err error
			if made, contents, err = artifact(bare(subject), referrer); err != nil {
				return failure.New(failure.Local, "a referrer cannot be made: %w", err)
			}
		}
		blobs, err := made.blobs()
		if err != nil {
			return failure.New(failure.Invalid, "%s: %w", made.Digest, err)
		}
		for _, blob := range blobs {
			open := func(ctx context.Context) (io.ReadCloser, error) {
				if content, ok := contents[blob.Digest]; ok {
					return io.NopCloser(bytes.NewReader(content)), nil
				}
				return target.from.open(ctx, blob)
			}
			if _, err := p.blob(ctx, target, result, blob, open); err != nil {
				return err
			}
			if err := p.confirm(ctx, target.Repository, blob, true); err != nil {
				return err
			}
		}
		there, err := p.manifest(ctx, target.Repository, made)
		if err != nil {
			return err
		}
		if !there {
			result.Attached++
		}
		if len(lists[referrer.Subject]) == 0 {
			order = append(order, referrer.Subject)
		}
		lists[referrer.Subject] = append(lists[referrer.Subject], made)
		result.Referrers = append(result.Referrers, made.Digest)
	}
	for _, subject := range order {
		tag, err := p.list(ctx, target.Repository, subject, lists[subject])
		if err != nil {
			return err
		}
		if tag != "" {
			result.FallbackTags = append(result.FallbackTags, tag)
		}
	}
	return nil
}

// bare is a descriptor as a subject has it.
func bare(full descriptor.Descriptor) descriptor.Descriptor {
	return descriptor.Descriptor{MediaType: full.MediaType, Digest: full.Digest, Size: full.Size}
}

// Copy copies an image with its referrers from one repository to another.
func (r *Registry) Copy(ctx context.Context, from, to, index string) (*Pushed, error) {
	source := remote{r, from}
	target := Target{Repository: to, Index: index, from: source}
	images, err := graphOf(ctx, source, index)
	if err != nil {
		return nil, err
	}
	for _, subject := range images.manifests {
		referrers, err := r.artifacts(ctx, from, subject.Digest)
		if err != nil {
			return nil, err
		}
		target.Referrers = append(target.Referrers, referrers...)
	}
	results, err := r.Push(ctx, &Plan{Repositories: []Target{target}})
	if err != nil {
		return nil, err
	}
	return results[0], nil
}
