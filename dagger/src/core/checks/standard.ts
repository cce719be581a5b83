import { AGENT_USER, RUNNER_USER, userOf } from "../variants/runner-user.js"
import { spelling } from "../platforms.js"
import { ENTRYPOINT, HEALTH_COMMAND, LOADER, RUNNER_MANIFEST } from "../variants/runtime-files.js"
import { contains, equals, fails, HELPERS, matches, SCRATCH, type CheckContext, type ExecCheck } from "./check.js"

/** The command with which a container starts. */
const START = ENTRYPOINT.join(" ")

/**
 * Compiling JavaScript to machine code, which the emulator then translates once more, takes longer than interpreting what runs once. Other
 * checks run Node.js with its compiler.
 */
const JITLESS = { environment: { NODE_OPTIONS: "--jitless" } }

/** Makes a package with a program, as the folder `a` and as `a.tgz`. */
const NPM_PACKAGE = `${SCRATCH} && mkdir a b && echo '{"name":"a","version":"1.2.3","bin":"a.js"}' > a/package.json && printf '#!/usr/bin/env node\\nconsole.log("installed", require("./package.json").version)' > a/a.js && chmod +x a/a.js && tar -czf a.tgz a`

const npmInstall = (what: string) => `npm install --offline --no-audit --no-fund --silent ${what}`

const pipInstall = (pip: string) =>
  `${pip} install --quiet --no-index --disable-pip-version-check --root-user-action=ignore smoke-1.2.3-py3-none-any.whl`

/** Prints the version of the installed wheel, and whether it is used in a virtual environment. */
const SMOKE = "import smoke, ssl, sys; print(smoke.VERSION, sys.prefix != sys.base_prefix)"

const AUTHOR = "-c user.name=a -c user.email=a@example.org"

/** Libraries that the Actions runner loads, by their names in the dynamic linker's cache, and their versions. */
const LIBRARIES: Readonly<Record<string, readonly [name: string, version: RegExp]>> = {
  ICU: ["libicuuc.so", /^libicuuc\.so\.\d+$/],
  OpenSSL: ["libssl.so", /^libssl\.so\.3$/],
  Kerberos: ["libgssapi_krb5.so", /^libgssapi_krb5\.so\.2$/],
  zlib: ["libz.so", /^libz\.so\.1$/],
  LTTng: ["liblttng-ust.so", /^liblttng-ust\.so\.1$/],
}

/** The checks of every image. */
export function standardChecks(context: CheckContext): ExecCheck[] {
  const names = spelling(context.platform)
  const { name, uid, gid, home, groups } = RUNNER_USER
  const memberships = [`${String(gid)}(${name})`, ...groups.map((group) => `${String(group.gid)}(${group.name})`)]
  return [
    {
      name: "machine/kernel",
      proves: "the kernel reports the platform's architecture",
      command: "uname -m",
      expect: equals(names.uname),
    },
    {
      name: "machine/packages",
      proves: "packages have the platform's architecture",
      command: "dpkg --print-architecture",
      expect: equals(names.debian),
    },
    {
      name: "machine/node",
      proves: "Node.js has the platform's architecture",
      command: "node -p process.arch",
      expect: equals(names.vendor),
    },
    {
      name: "machine/compiler",
      proves: "the compiler targets the platform",
      command: "gcc -dumpmachine",
      expect: equals(names.triplet),
    },
    {
      name: "machine/docker",
      proves: "the Docker client has the platform's architecture, and reports it without a daemon",
      // Without a daemon it exits with 1, after it has printed its own facts.
      command: "docker version --format '{{.Client.Os}}/{{.Client.Arch}}' 2>/dev/null || test $? = 1",
      expect: equals(context.platform),
    },
    {
      name: "user/identity",
      proves: "the runner user is in the Docker socket's group, and containers start as the right user",
      command: `id ${name} && id -u`,
      expect: equals(
        `uid=${String(uid)}(${name}) gid=${String(gid)}(${name}) groups=${memberships.join(",")}\n${userOf(context.plan)}`,
      ),
    },
    {
      name: "user/agent",
      proves: "the broker's account cannot log in and shares no group with another",
      command: `id ${AGENT_USER.name} && getent passwd ${AGENT_USER.name} && getent group ${AGENT_USER.name}`,
      expect: equals(agentText()),
    },
    {
      name: "user/home",
      proves: "the user starts in its home and can write there",
      command: `pwd && touch ${home}/.probe && rm ${home}/.probe`,
      expect: equals(home),
    },
    {
      name: "user/tool-cache",
      proves: "setup actions can write to the tool cache",
      command: 'touch "$RUNNER_TOOL_CACHE/.probe" && rm "$RUNNER_TOOL_CACHE/.probe" && echo writable',
      expect: equals("writable"),
    },
    context.plan.platforms.some((platform) => platform.packages.includes("sudo"))
      ? { name: "user/sudo", proves: "sudo works without a password", command: "sudo -n id -u", expect: equals("0") }
      : {
          name: "user/sudo",
          proves: "there is no way to become root",
          command: "command -v sudo",
          expect: fails(),
        },
    { name: "locale/charmap", proves: "text is UTF-8", command: "locale charmap", expect: equals("UTF-8") },
    {
      name: "locale/time-zones",
      proves: "time zones are installed",
      command: "TZ=Asia/Tokyo date +%Z",
      expect: equals("JST"),
    },
    {
      name: "trust/authorities",
      proves: "certificate authorities are installed",
      command: "grep -c BEGIN /etc/ssl/certs/ca-certificates.crt",
      expect: matches(/^\d{2,}$/),
    },
    ...Object.entries(LIBRARIES).map(([library, [file, version]]): ExecCheck => ({
      name: `library/${library}`,
      proves: "the libraries of GitHub's runner are installed, even where the image has another",
      command: `/sbin/ldconfig -p | grep -o '\\b${file}\\.[0-9]*' | sort -u`,
      expect: matches(version),
    })),
    {
      name: "work/compile-c",
      proves: "a C program compiles, links and runs",
      command: `${SCRATCH} && printf '#include <stdio.h>\\nint main(void) { puts("compiled"); }' > a.c && gcc a.c && ./a.out`,
      expect: equals("compiled"),
    },
    {
      name: "work/compile-c++",
      proves: "a C++ program compiles, links with the standard library and runs",
      // Not iostream, nor ldd: under emulation, that header and those programs take much longer than the rest.
      command: `${SCRATCH} && printf '#include <string>\\n#include <cstdio>\\nint main() { std::string a("com"); a += "piled"; std::puts(a.c_str()); }' > a.cc && g++ a.cc && grep -ao 'libstdc++\\.so\\.6' a.out | uniq && ./a.out`,
      expect: equals("libstdc++.so.6\ncompiled"),
    },
    {
      name: "work/make",
      proves: "make builds a program of two sources",
      command: `${SCRATCH} && echo 'int answer(void) { return 42; }' > b.c && printf 'int answer(void);\\nint main(void) { return answer(); }' > a.c && echo 'a: a.o b.o' > Makefile && make -s && { ./a; echo $?; }`,
      expect: equals("42"),
    },
    {
      name: "work/clone",
      proves: "git commits and clones",
      command: `${SCRATCH} && git init -q a && git -C a ${AUTHOR} commit -q --allow-empty -m cloned && git clone -q a b && git -C b log --format=%s`,
      expect: equals("cloned"),
    },
    {
      name: "work/large-files",
      proves: "git-lfs stores a file separately and checks it out",
      command: `${SCRATCH} && git init -q . && echo '*.bin filter=lfs -text' > .gitattributes && echo large > a.bin && git add . && git cat-file -p :a.bin | head -n 1 && rm a.bin && git checkout -q a.bin && cat a.bin`,
      expect: equals("version https://git-lfs.github.com/spec/v1\nlarge"),
    },
    {
      name: "work/npm",
      proves: "npm installs a package from an archive, for one project and for all, and its program runs",
      command: `${NPM_PACKAGE} && cd b && ${npmInstall("../a.tgz")} && node_modules/.bin/a && ${npmInstall("--global ../a.tgz")} && a`,
      expect: equals("installed 1.2.3\ninstalled 1.2.3"),
      // npm only starts once: under emulation, that is nearly all of its time.
      emulation: {
        ...JITLESS,
        command: `${NPM_PACKAGE} && ${npmInstall("--global ./a.tgz")} && a`,
        expect: equals("installed 1.2.3"),
      },
    },
    {
      name: "work/yarn",
      proves: "Yarn installs a package from a folder, and its program runs",
      command: `${NPM_PACKAGE} && cd b && echo '{}' > package.json && yarn add --offline --silent --no-progress file:../a && node_modules/.bin/a`,
      expect: contains("installed 1.2.3"),
      emulation: JITLESS,
    },
    {
      name: "work/pip",
      proves: "pip installs a wheel for the user, and into a virtual environment",
      command: `${SCRATCH} && python3 -m ensurepip --version | cut -d ' ' -f 1 && python3 ${HELPERS}/make-wheel.py smoke 1.2.3 && python3 -m venv v && ${pipInstall("v/bin/pip")} && v/bin/python -c '${SMOKE}' && ${pipInstall("pip")} && python3 -c '${SMOKE}'`,
      expect: equals("pip\n1.2.3 True\n1.2.3 False"),
      seconds: 40,
      emulation: {
        // pip only starts once, and no other copy of it is unpacked and compiled, which is the same text on all platforms.
        command: `${SCRATCH} && python3 -m ensurepip --version | cut -d ' ' -f 1 && python3 ${HELPERS}/make-wheel.py smoke 1.2.3 && ${pipInstall("pip")} && python3 -m venv --without-pip --system-site-packages v && v/bin/python -c '${SMOKE}'`,
        expect: equals("pip\n1.2.3 True"),
      },
    },
    {
      name: "work/archives",
      proves: "zip, xz and zstd pack and unpack",
      command: `${SCRATCH} && echo packed > a && zip -q a.zip a && unzip -p a.zip | xz | unxz | zstd -q | zstd -dq`,
      expect: equals("packed"),
    },
    {
      name: "work/tar",
      proves: "tar packs with zstd and unpacks with the original modes and links",
      command: `${SCRATCH} && mkdir a b && echo packed > a/a && chmod 750 a/a && ln -s a a/l && tar --zstd -cf a.tar.zst a && tar -xf a.tar.zst -C b && stat -c %a b/a/a && cat b/a/l`,
      expect: equals("750\npacked"),
    },
    {
      name: "work/copy",
      proves: "rsync copies new files and removes deleted ones",
      command: `${SCRATCH} && mkdir a b && echo new > a/new && echo old > b/old && rsync -a --delete a/ b/ && ls b`,
      expect: equals("new"),
    },
    {
      name: "work/download",
      proves: "curl and wget fetch from a server",
      command: `${SCRATCH} && echo fetched > a && python3 ${HELPERS}/serve.py 'curl -fsS "$ADDRESS/a" && wget -q -O - "$ADDRESS/a"'`,
      expect: equals("fetched\nfetched"),
    },
    {
      name: "work/compose",
      proves: "Docker Compose reads a file",
      command: `${SCRATCH} && printf 'services:\\n  web:\\n    image: nginx:\${TAG}\\n' > compose.yaml && TAG=1.2.3 docker compose config --images`,
      expect: equals("nginx:1.2.3"),
    },
    {
      name: "work/github",
      proves: "the GitHub CLI saves its settings",
      command: `${SCRATCH} && export GH_CONFIG_DIR="$PWD" && gh config set editor smoke && gh config get editor`,
      expect: equals("smoke"),
    },
    {
      // Debian's jq does not know its own patch level, so packages/lock checks its version.
      name: "work/json",
      proves: "jq reads and computes",
      command: `echo '{"a":[1,2]}' | jq '.a | add'`,
      expect: equals("3"),
    },
    {
      name: "work/ssh",
      proves: "ssh-keygen creates keys",
      command: `${SCRATCH} && ssh-keygen -q -t ed25519 -N '' -f key && ssh-keygen -l -f key`,
      expect: contains("ED25519"),
    },
    {
      name: "process/signals",
      proves: "the init process forwards signals and exits with its program's code",
      // tini has taken over the signals when its program runs. If it ends before that, there is nothing to wait for.
      command: `${SCRATCH} && { tini -s -- sh -c ': > up; exec sleep 600' & } && while [ ! -e up ] && kill -0 $! 2>/dev/null; do sleep 0.1; done; kill -TERM $! 2>/dev/null; wait $!; echo $?`,
      expect: equals("143"),
    },
    {
      name: "process/orphans",
      proves: "the init process adopts orphans and reaps them",
      // The orphan lives until it is told to end. Each look takes tini's time as well as this program's, so a slow machine is no reason to
      // give up too early.
      command: `${SCRATCH} && mkfifo end && tini -s -- sh -c '
orphan=$( (: < end) > /dev/null & echo $!)
test "$(ps -o ppid= -p "$orphan" | tr -d " ")" = "$PPID" && echo taken on
: > end
for _ in $(seq 100); do
  [ -e "/proc/$orphan" ] || { echo reaped; break; }
  sleep 0.1
done'`,
      expect: equals("taken on\nreaped"),
    },
    {
      name: "runner/unconfigured",
      proves: "a runner without configuration fails to start",
      // Not run.sh: the real one turns its listener's failure into success.
      command: `${home}/bin/Runner.Listener run`,
      expect: fails(),
    },
    {
      name: "runner/node",
      proves: "the runner has a Node.js for JavaScript actions",
      command: `${home}/externals/node24/bin/node --version`,
      expect: matches(/^v24\.\d+\.\d+$/),
      emulation: JITLESS,
    },
    {
      name: "runtime/version",
      proves: "the runtime program prints the image's variant and platform",
      command: `${START} --version`,
      expect: matches(new RegExp(`\\b${context.plan.variant}\\b[^]*\\b${context.platform}\\b`)),
      readsFacts: true,
    },
    {
      name: "runtime/configuration",
      proves: "a container without configuration says what is missing and exits with that error's code",
      command: `said=$(${START} 2>&1); echo $?; echo "$said" | grep -o '\\[CONFIGURATION\\]'`,
      expect: equals("10\n[CONFIGURATION]"),
      readsFacts: true,
    },
    {
      name: "runtime/unhealthy",
      proves: "a container without a running runner is unhealthy",
      command: `${HEALTH_COMMAND.join(" ")}; echo $?`,
      expect: matches(/^unhealthy: .*\n1$/),
      readsFacts: true,
    },
    {
      name: "runtime/closed",
      proves: "a user other than root cannot inspect processes that the loader starts for it",
      // The inspecting program is a child of the process that it inspects.
      command: `${runnerUser(context)}${LOADER.path} ${LOADER.of} --disable-sigusr1 -e '${LOOK_INTO_PARENT}'`,
      expect: equals(CLOSED.map((file) => `${file}: Permission denied`).join("\n")),
    },
    {
      name: "runner/manifest",
      proves: "the list of checksums has all of the runner's programs, and they match it",
      command: manifestCommand(),
      expect: equals("as listed"),
    },
    {
      name: "packages/state",
      proves: "every package is completely installed",
      command: "dpkg --audit",
      expect: equals(""),
    },
    {
      name: "packages/lock",
      proves: "the installed versions are the resolved ones",
      command: missingPackages(context.packages),
      expect: equals(""),
    },
  ]
}

function agentText(): string {
  const { name, uid, gid, home, shell } = AGENT_USER
  const group = `${String(gid)}(${name})`
  return [
    `uid=${String(uid)}(${name}) gid=${group} groups=${group}`,
    `${name}:x:${String(uid)}:${String(gid)}::${home}:${shell}`,
    `${name}:x:${String(gid)}:`,
  ].join("\n")
}

/** The files of a process that even its own user must not read. */
const CLOSED = ["environ", "maps", "mem", "auxv", "fd"]

const LOOK_INTO_PARENT = `const { spawnSync } = require("child_process")
for (const file of ${JSON.stringify(CLOSED)}) {
  const { stdout, stderr } = spawnSync(file === "fd" ? "ls" : "cat", ["/proc/" + process.pid + "/" + file])
  console.log(file + ": " + (stdout.length ? "read" : String(stderr).trim().split(": ").at(-1)))
}`

/**
 * Starts a program as the runner user, even if containers start as root. With env, because setpriv still has root's capabilities when it
 * starts a program, so it can read the loader, and then the kernel does not protect the process.
 */
function runnerUser({ plan }: CheckContext): string {
  const { uid, gid } = RUNNER_USER
  return plan.root ? `setpriv --reuid=${String(uid)} --regid=${String(gid)} --clear-groups env ` : ""
}

/** Prints "as listed" if files, links and paths match the list. */
function manifestCommand(): string {
  return `cd ${RUNNER_USER.home} && export LC_ALL=C
grep -v '^link:' ${RUNNER_MANIFEST} | sha256sum --check --quiet --strict || exit 1
sed -n 's/^link://p' ${RUNNER_MANIFEST} | while IFS= read -r line; do
  path=\${line#*  }
  [ "$(readlink "$path")" = "\${line%%  *}" ] || echo "$path leads elsewhere"
done
listed=$(sed 's/^[^ ]*  //' ${RUNNER_MANIFEST})
found=$({ find bin -type f -o -type l; ls -d -- *.sh *.template; } | sort)
[ "$listed" = "$found" ] && echo as listed`
}

/** Prints the packages of a list that are not installed in exactly that version. */
function missingPackages(packages: CheckContext["packages"]): string {
  const list = packages.map(({ name, version }) => `${name}=${version}`).join("\\n")
  return `${SCRATCH} && dpkg-query -W -f '\${Package}=\${Version}\\n' > installed && printf '${list}\\n' | grep -vxFf installed || true`
}
