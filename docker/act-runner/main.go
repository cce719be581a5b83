// The runner for images without GitHub's own: a program with its files, command line and words around the library
// github-act-runner, which speaks GitHub's protocol, and act, which runs steps.
package main

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"runner-images/act-runner/internal/arguments"
	"runner-images/act-runner/internal/configuration"
	"runner-images/act-runner/internal/exitcode"
	"runner-images/act-runner/internal/listener"
	"runner-images/act-runner/internal/registration"
	"runner-images/act-runner/internal/seconds"
	"runner-images/act-runner/internal/terminal"
	"runner-images/act-runner/internal/worker"
)

//go:embed VERSION
var versionFile string

//go:embed help.txt
var help string

func main() {
	program, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitcode.Terminated)
	}
	// Under another name it is the same file, so its own path does not tell.
	root := filepath.Dir(filepath.Dir(program))
	if filepath.Base(os.Args[0]) == "Runner.Worker" {
		os.Exit(worker.Main(root, os.Args[1:]))
	}
	os.Exit(run(root, program, os.Args[1:]))
}

func run(root, program string, args []string) int {
	given, err := arguments.Read(args)
	version := strings.TrimSpace(versionFile)
	if err == nil {
		switch {
		case given.Flag("help"):
			fmt.Print(help)
			return exitcode.Success
		case given.Flag("version"):
			fmt.Println(version)
			return exitcode.Success
		case given.Flag("commit"):
			fmt.Println(commit(program))
			return exitcode.Success
		}
	}
	terminal := terminal.New(root)
	code := exitcode.Terminated
	if err == nil {
		code, err = execute(given, root, version, terminal)
	}
	if err != nil {
		terminal.Error("An error occurred: %s", err)
	}
	return code
}

func execute(given arguments.Arguments, root, version string, terminal *terminal.Terminal) (int, error) {
	store := configuration.Store{Root: root}
	times := seconds.Take()
	if given.Command == "run" {
		return listener.Run(given, store, terminal, times, version)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	c := registration.Context{Store: store, Terminal: terminal, Seconds: times, Version: version}
	var err error
	switch given.Command {
	case "configure":
		err = registration.Configure(ctx, given, c)
	case "remove":
		err = registration.Remove(ctx, given, c)
	default:
		err = errors.New("No command is given. Use ./config.sh and ./run.sh.")
	}
	if err != nil {
		return exitcode.Terminated, err
	}
	return exitcode.Success, nil
}

// commit stands for the commit that GitHub's runner was built from: a digest of this program, in 40 hexadecimal digits.
func commit(program string) string {
	file, err := os.Open(program)
	if err != nil {
		return ""
	}
	defer file.Close()
	hash := sha256.New()
	_, _ = io.Copy(hash, file)
	return hex.EncodeToString(hash.Sum(nil))[:40]
}
