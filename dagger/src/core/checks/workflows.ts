import { cachedTools, cachePath } from "../plan/tool-cache.js"
import { TOOL_CACHE, userPath } from "../variants/runner-user.js"
import { contains, equals, matches, SCRATCH, type CheckContext, type ExecCheck } from "./check.js"

/** Libraries with headers, by the names under which pkg-config knows them. */
const LIBRARIES = ["bzip2", "libffi", "liblzma", "openssl", "readline", "sqlite3", "yaml-0.1", "zlib"]

/** Uses a function of each library, so that none is left out when the program is linked. */
const USES_LIBRARIES = `#include <stdio.h>
#include <bzlib.h>
#include <ffi.h>
#include <lzma.h>
#include <openssl/crypto.h>
#include <readline/readline.h>
#include <sqlite3.h>
#include <yaml.h>
#include <zlib.h>
int main(void) {
  ffi_cif cif;
  yaml_get_version_string();
  return puts(ffi_prep_cif(&cif, FFI_DEFAULT_ABI, 0, &ffi_type_void, NULL) == FFI_OK && BZ2_bzlibVersion() && lzma_version_number()
    && OpenSSL_version_num() && rl_library_version && sqlite3_libversion_number() && zlibVersion() ? "linked" : "not linked") < 0;
}`

const EXTENSION = `#include <Python.h>
static struct PyModuleDef module = { PyModuleDef_HEAD_INIT, "probe", NULL, -1, NULL };
PyMODINIT_FUNC PyInit_probe(void) { puts("imported"); return PyModule_Create(&module); }`

/** A program in each folder of the user's own. */
const PROBES = userPath("$HOME")
  .split(":")
  .map((folder, place) => `${folder}/probe-${String(place)}`)

/** What workflows that were written for Ubuntu's hosted runners take for granted. */
export function workflowChecks(context: CheckContext): ExecCheck[] {
  return [...programChecks(context), ...settingChecks(), ...toolCacheChecks(context)]
}

function programChecks({ plan }: CheckContext): ExecCheck[] {
  const [distribution = ""] = plan.base.split(":")
  return [
    {
      name: "program/python",
      proves: "python is Python 3",
      command: "python -V",
      expect: matches(/^Python 3\.\d+\.\d+$/),
    },
    {
      name: "program/lsb-release",
      proves: "lsb_release names the distribution",
      command: "lsb_release -is | tr A-Z a-z",
      expect: equals(distribution),
    },
    {
      name: "program/file",
      proves: "file knows what a file contains",
      command: `${SCRATCH} && echo packed | gzip > a && file --brief a`,
      expect: contains("gzip compressed data"),
    },
    {
      name: "program/pkg-config",
      proves: "pkg-config knows the libraries with headers, and Python",
      command: `for library in ${LIBRARIES.join(" ")} python3; do pkg-config --exists $library || echo $library; done; pkg-config --libs zlib`,
      expect: equals("-lz"),
    },
    {
      name: "program/pipx",
      proves: "pipx runs, and installs programs into a folder of PATH",
      command: 'test "$(pipx environment --value PIPX_BIN_DIR)" = "$HOME/.local/bin" && echo yes',
      expect: equals("yes"),
    },
    {
      name: "program/bc",
      proves: "bc computes",
      command: "echo '2 ^ 70' | bc",
      expect: equals("1180591620717411303424"),
    },
    {
      name: "program/time",
      proves: "time measures a program, as a program of its own",
      command: "/usr/bin/time -f 'exit code %x' true",
      expect: equals("exit code 0"),
    },
    {
      name: "program/tree",
      proves: "tree lists folders",
      command: `${SCRATCH} && mkdir -p a/b && tree -i --noreport a`,
      expect: equals("a\nb"),
    },
    {
      name: "program/lz4",
      proves: "lz4 packs and unpacks",
      command: "echo packed | lz4 -q | lz4 -dq",
      expect: equals("packed"),
    },
    {
      name: "program/pigz",
      proves: "pigz packs and unpacks",
      command: "echo packed | pigz | pigz -d",
      expect: equals("packed"),
    },
    {
      name: "program/acl",
      proves: "getfacl shows access control lists, and setfacl is there to set them",
      command: `${SCRATCH} && umask 027 && touch a && getfacl --omit-header a && command -v setfacl`,
      expect: equals("user::rw-\ngroup::r--\nother::---\n\n/usr/bin/setfacl"),
    },
    {
      name: "program/gawk",
      proves: "awk is GNU awk",
      command: `awk 'BEGIN { print gensub(/(a)(b)/, "\\\\2\\\\1", 1, "ab") }'`,
      expect: equals("ba"),
    },
    {
      name: "program/dig",
      proves: "dig, host and nslookup are there",
      command: "dig -v && command -v host && command -v nslookup",
      expect: matches(/^DiG \d+\.\d+[^]*\/usr\/bin\/host\n\/usr\/bin\/nslookup$/),
    },
    {
      name: "program/ping",
      proves: "ping runs, and knows its version",
      // Whether it may send anything is up to the container engine's ping_group_range.
      command: "ping -V",
      expect: contains("iputils"),
    },
    {
      name: "program/nc",
      proves: "nc sends and receives",
      command: `${SCRATCH} && { nc -lU socket > received & } && while [ ! -S socket ] && kill -0 $! 2>/dev/null; do sleep 0.1; done; echo sent | nc -NU socket; wait $!; cat received`,
      expect: equals("sent"),
    },
  ]
}

function settingChecks(): ExecCheck[] {
  return [
    {
      name: "headers/libraries",
      proves: "a program compiles against the libraries that packages of pip and gem most often need, and runs",
      command: `${SCRATCH} && cat > a.c <<'SOURCE' && gcc a.c $(pkg-config --cflags --libs ${LIBRARIES.join(" ")}) && ./a.out\n${USES_LIBRARIES}\nSOURCE\n`,
      expect: equals("linked"),
    },
    {
      name: "headers/python",
      proves: "an extension of Python compiles, and Python imports it",
      command: `${SCRATCH} && cat > a.c <<'SOURCE' && gcc -shared -fPIC -o probe.so $(pkg-config --cflags python3) a.c && python3 -S -c 'import probe'\n${EXTENSION}\nSOURCE\n`,
      expect: equals("imported"),
    },
    {
      name: "locale/english",
      proves: "programs can be told to speak American English in UTF-8",
      command: "LC_ALL=en_US.UTF-8 locale charmap && LC_ALL=en_US.UTF-8 locale currency_symbol",
      expect: equals("UTF-8\n$"),
    },
    {
      name: "path/user",
      proves: "the user's own programs come before the system's on PATH",
      command: `${PROBES.map((probe) => `mkdir -p "$(dirname ${probe})" && printf '#!/bin/sh\\necho ran\\n' > ${probe} && chmod +x ${probe} && $(basename ${probe}) && rm ${probe}`).join(" && ")} && case ":$PATH:" in *":${userPath("$HOME")}:"*"/usr/local/sbin:"*) echo before ;; esac`,
      expect: equals("ran\nran\nbefore"),
    },
    {
      name: "path/login",
      proves: "a login shell keeps PATH, whichever shell it is",
      command: `for shell in bash sh; do PATH="/added:$PATH" $shell -lc 'test "$PATH" = "/added:$0" && echo kept' "$PATH"; done`,
      expect: equals("kept\nkept"),
    },
    {
      name: "user/without-account",
      proves: "a user without an account can be given a name",
      command: `${SCRATCH} && echo "somebody:x:$(id -u):$(id -g)::/:/bin/sh" > passwd && LD_PRELOAD=libnss_wrapper.so NSS_WRAPPER_PASSWD="$PWD/passwd" NSS_WRAPPER_GROUP=/etc/group id -un`,
      expect: equals("somebody"),
    },
  ]
}

/** setup-* actions find the image's own tools, without a network. */
function toolCacheChecks({ platform, tools, packages }: CheckContext): ExecCheck[] {
  // go.ts has Go's.
  return cachedTools(tools, packages)
    .filter(({ name }) => name !== "go")
    .map((tool) => {
      const folder = `${TOOL_CACHE}/${cachePath(tool, platform)}`
      const [main = ""] = Object.keys(tool.links)
      return {
        name: `cache/${tool.name}`,
        proves: `the action for ${tool.name} finds the image's own, and may add other versions`,
        command: `[ -e ${folder}.complete ] && touch ${TOOL_CACHE}/${tool.name}/.probe && rm ${TOOL_CACHE}/${tool.name}/.probe && ${folder}/${main} --version`,
        expect: contains(tool.version),
      }
    })
}
