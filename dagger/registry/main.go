// Command registry is the pipeline's client of registries. It prints one JSON document: the result, or {"error": …} with exit code 1. What it does
// meanwhile is on standard error.
//
//	registry [FLAGS] check REPOSITORY[:TAG]…
//	registry [FLAGS] push PLAN
//	registry [FLAGS] manifest REPOSITORY @DIGEST|:TAG…
//	registry [FLAGS] tag REPOSITORY DIGEST TAG
//	registry [FLAGS] tags REPOSITORY
//	registry [FLAGS] referrers REPOSITORY DIGEST
//	registry [FLAGS] blob REPOSITORY DIGEST
//	registry [FLAGS] survey REPOSITORY [@DIGEST|:TAG…]
//	registry [FLAGS] copy FROM TO DIGEST
//	registry [FLAGS] layout REPOSITORY @DIGEST|:TAG FOLDER
//	registry [FLAGS] evidence REPOSITORY @DIGEST|:TAG FOLDER
//	registry [FLAGS] delete-tag REPOSITORY TAG
//	registry [FLAGS] delete REPOSITORY DIGEST
//
// Repositories are named without the registry. Credentials come from a file as Docker writes it, never from an argument.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/opencontainers/go-digest"

	"runner-images/registry/internal/failure"
	"runner-images/registry/internal/registry"
	"runner-images/registry/internal/wire"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// settings are the flags.
type settings struct {
	registry.Options
	limits   wire.Limits
	optional bool
	alone    bool
	wait     bool
	platform string
	archive  string
	output   string
	contents string
	records  string
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	result, err := answered(ctx, args, stderr)
	if err != nil {
		var known *failure.Error
		if !errors.As(err, &known) {
			known = failure.New(failure.Unknown, "%w", err)
		}
		result = map[string]any{"error": known}
	}
	encoder := json.NewEncoder(stdout)
	encoder.SetEscapeHTML(false)
	if printing := encoder.Encode(result); printing != nil || err != nil {
		return 1
	}
	return 0
}

// answered does the work until it is done or a limit is reached. Nothing that hangs can hold it up, the work is left behind.
func answered(ctx context.Context, args []string, stderr io.Writer) (any, error) {
	var set settings
	flags := flag.NewFlagSet("registry", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&set.Host, "registry", "", "host, and port")
	flags.BoolVar(&set.PlainHTTP, "plain-http", false, "without TLS")
	flags.StringVar(&set.Username, "username", "", "with -password-file: who it is")
	flags.StringVar(&set.PasswordFile, "password-file", "", "with -username: a file with the password alone")
	flags.DurationVar(&set.limits.Silence, "silence", 0, "longest time in which nothing is transferred")
	flags.DurationVar(&set.limits.Total, "total", 0, "longest time altogether")
	flags.DurationVar(&set.BackOff, "back-off", 0, "before the second try")
	flags.BoolVar(&set.optional, "optional", false, "manifest: null for what does not exist")
	flags.BoolVar(&set.alone, "alone", false, "delete: no list of referrers forgets it; what is gone already is no error")
	flags.BoolVar(&set.wait, "wait", false, "manifest: it exists, though perhaps not yet everywhere")
	flags.StringVar(&set.platform, "platform", "", "layout: only this one")
	flags.StringVar(&set.archive, "archive", "", "layout: also as a tar")
	flags.StringVar(&set.output, "output", "", "blob: into this file")
	flags.StringVar(&set.contents, "contents", "", "survey: types of artifacts whose contents are read, with commas between them")
	flags.StringVar(&set.records, "records", "", "survey: the type of artifacts that name other images")
	if err := flags.Parse(args); err != nil {
		return nil, failure.New(failure.Usage, "%w", err)
	}
	if set.Host == "" || flags.NArg() == 0 {
		return nil, failure.New(failure.Usage, "a command and -registry are needed")
	}
	set.Watch = wire.NewWatch(set.limits)
	set.Log = stderr
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		result any
		err    error
	}
	done := make(chan answer, 1)
	go func() {
		result, err := command(ctx, &set, flags.Arg(0), flags.Args()[1:])
		done <- answer{result, err}
	}()
	exceeded := make(chan *failure.Error, 1)
	go func() { exceeded <- set.Watch.Exceeded(ctx) }()
	select {
	case found := <-done:
		return found.result, found.err
	case limit := <-exceeded:
		// Both may be true in the same moment.
		select {
		case found := <-done:
			return found.result, found.err
		default:
		}
		if limit == nil {
			return nil, failure.New(failure.Interrupted, "it was interrupted")
		}
		return nil, limit
	}
}

func command(ctx context.Context, set *settings, name string, args []string) (any, error) {
	needed := map[string]int{"push": 1, "tag": 3, "tags": 1, "referrers": 2, "blob": 2, "copy": 3, "layout": 3, "evidence": 3, "delete-tag": 2, "delete": 2}
	if count, fixed := needed[name]; fixed && count != len(args) {
		return nil, failure.New(failure.Usage, "%s needs %d arguments", name, count)
	}
	client, err := registry.Open(ctx, set.Options)
	if err != nil {
		return nil, err
	}
	none := struct{}{}
	switch name {
	case "check":
		return check(ctx, client, args)
	case "push":
		plan, err := registry.ReadPlan(args[0])
		if err != nil {
			return nil, err
		}
		pushed, err := client.Push(ctx, plan)
		return map[string]any{"repositories": pushed, "traffic": traffic(set.Watch)}, err
	case "manifest":
		return manifests(ctx, client, set, args)
	case "tag":
		return none, client.Tag(ctx, args[0], args[1], args[2])
	case "tags":
		tags, err := client.Tags(ctx, args[0])
		return map[string]any{"tags": tags}, err
	case "referrers":
		return client.Referrers(ctx, args[0], args[1])
	case "blob":
		return blob(ctx, client, set, args)
	case "survey":
		if len(args) == 0 {
			return nil, failure.New(failure.Usage, "survey needs a repository")
		}
		return client.Survey(ctx, args[0], args[1:], registry.Read{Types: strings.Split(set.contents, ","), Records: set.records})
	case "copy":
		pushed, err := client.Copy(ctx, args[0], args[1], args[2])
		return map[string]any{"repositories": []*registry.Pushed{pushed}, "traffic": traffic(set.Watch)}, err
	case "layout":
		found, err := client.Layout(ctx, args[0], args[1], args[2], set.platform)
		if err == nil && set.archive != "" {
			err = client.Pack(args[2], set.archive)
		}
		return map[string]any{"digest": found}, err
	case "evidence":
		found, err := client.Evidence(ctx, args[0], args[1], args[2])
		return map[string]any{"digest": found}, err
	case "delete-tag":
		return none, client.DeleteTag(ctx, args[0], args[1])
	case "delete":
		if set.alone {
			return none, client.DeleteAlone(ctx, args[0], args[1])
		}
		return none, client.Delete(ctx, args[0], args[1])
	default:
		return nil, failure.New(failure.Usage, "%q is not a command", name)
	}
}

func traffic(watch *wire.Watch) any {
	sent, received := watch.Traffic()
	return map[string]int64{"sent": sent, "received": received}
}

func check(ctx context.Context, client *registry.Registry, names []string) (any, error) {
	repositories := []registry.Checked{}
	places := map[string]int{}
	for _, name := range names {
		repository, tag, tagged := strings.Cut(name, ":")
		place, known := places[repository]
		if !known {
			place = len(repositories)
			places[repository] = place
			repositories = append(repositories, registry.Checked{Repository: repository, Tags: map[string]*registry.Tagged{}})
		}
		if tagged {
			repositories[place].Tags[tag] = nil
		}
	}
	return map[string]any{"repositories": repositories}, client.Check(ctx, repositories)
}

func manifests(ctx context.Context, client *registry.Registry, set *settings, args []string) (any, error) {
	if len(args) < 2 {
		return nil, failure.New(failure.Usage, "manifest needs a repository and names")
	}
	found := []*registry.Manifest{}
	for _, name := range args[1:] {
		each, err := client.Manifest(ctx, args[0], name, set.wait)
		if err != nil && !(set.optional && failure.Is(err, failure.NotFound)) {
			return nil, err
		}
		found = append(found, each)
	}
	return map[string]any{"manifests": found}, nil
}

func blob(ctx context.Context, client *registry.Registry, set *settings, args []string) (any, error) {
	content, err := client.Blob(ctx, args[0], digest.Digest(args[1]))
	if err != nil {
		return nil, err
	}
	if set.output != "" {
		if err := os.WriteFile(set.output, content, 0o644); err != nil {
			return nil, failure.New(failure.Local, "%w", err)
		}
		return map[string]any{"size": len(content)}, nil
	}
	if !utf8.Valid(content) {
		return nil, failure.New(failure.Invalid, "the blob %s is not text", args[1])
	}
	return map[string]any{"size": len(content), "content": string(content)}, nil
}
