package service

import "runtime"

// architectures have GitHub's names for what Go calls otherwise.
var architectures = map[string]string{"amd64": "X64", "arm64": "ARM64", "arm": "ARM", "386": "X86"}

// Architecture is GitHub's name for this machine's architecture: X64.
func Architecture() string {
	if name, there := architectures[runtime.GOARCH]; there {
		return name
	}
	return runtime.GOARCH
}

// OSDescription is what the list of runners says about this machine.
func OSDescription() string { return "github-act-runner linux/" + runtime.GOARCH }
