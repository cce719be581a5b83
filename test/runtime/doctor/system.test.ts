import { once } from "node:events"
import { createServer } from "node:net"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { byteSize, GIBIBYTE, MEBIBYTE } from "../../../docker/runtime/src/doctor/examination/byte-size.js"
import { checkCertificates } from "../../../docker/runtime/src/doctor/checks/certificates.js"
import { checkCpu, isaLevel } from "../../../docker/runtime/src/doctor/checks/cpu.js"
import { checkDisk, spaceFinding } from "../../../docker/runtime/src/doctor/checks/disk.js"
import { checkDockerSocket, dockerFinding } from "../../../docker/runtime/src/doctor/checks/docker-socket.js"
import { checkFolders } from "../../../docker/runtime/src/doctor/checks/folders.js"
import { checkMemory, memoryLimit } from "../../../docker/runtime/src/doctor/checks/memory.js"
import { checkPageSize } from "../../../docker/runtime/src/doctor/checks/page-size.js"
import { checkSharedMemory, sharedMemoryFinding } from "../../../docker/runtime/src/doctor/checks/shared-memory.js"
import { checkUserNamespaces } from "../../../docker/runtime/src/doctor/checks/user-namespaces.js"
import { makeCertificate } from "../../fake-github/certificate.js"
import { browserExamination, examination, folderOf } from "./examination.js"
import { freePort } from "../../free-port.js"

const OLDEST = "fpu vme cx8 cmov mmx fxsr sse sse2 syscall nx lm"
const SECOND = `${OLDEST} pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm`
const THIRD = `${SECOND} fma movbe xsave avx f16c abm bmi1 avx2 bmi2`

describe("the instructions of a processor", () => {
  it.each([
    ["flags", OLDEST, "x86-64-v1"],
    ["flags", SECOND, "x86-64-v2"],
    ["flags", SECOND.replace(" popcnt", ""), "x86-64-v1"],
    ["flags", THIRD, "x86-64-v3"],
    ["flags", `${THIRD} avx512f avx512bw avx512cd avx512dq avx512vl`, "x86-64-v4"],
    // Higher ones do not count without the lower ones.
    ["flags", `${SECOND} avx512f avx512bw avx512cd avx512dq avx512vl`, "x86-64-v2"],
    ["Features", "fp asimd evtstrm crc32 cpuid", "ARMv8.0"],
    [
      "Features",
      "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp",
      "ARMv8.2",
    ],
    ["Features", "fp asimd atomics asimdrdm cpuid", "ARMv8.1 with LSE atomics"],
    ["Features", "fp asimd atomics asimdrdm jscvt fcma lrcpc dcpop sve sve2 bf16", "ARMv9.0 with SVE2"],
    ["flags", "", undefined],
    ["isa", "rv64imafdc", undefined],
  ])("%s: %s", (key, features, level) => {
    expect(isaLevel(`processor\t: 0\n${key}\t\t: ${features}\nbogomips\t: 1\n\nprocessor\t: 1\n`)).toBe(level)
  })

  it("are told of this machine, or that the kernel does not list them", async () => {
    expect((await checkCpu(examination())).text).toMatch(/^(?:x86-64-v[1-4]|ARMv[89].*|the kernel does not list.*)$/)
    expect(await checkCpu(examination({ root: folderOf({}) }))).toEqual({
      check: "cpu",
      status: "ok",
      text: "the kernel does not list the processor's features",
    })
  })
})

describe("certificates", () => {
  it("of the image's administrator are counted, and those that cannot be read are told", async () => {
    const { cert } = await makeCertificate()
    const root = folderOf({
      "usr/local/share/ca-certificates/own.crt": cert,
      "usr/local/share/ca-certificates/bad.crt": "nonsense",
      "etc/ssl/certs/ca-certificates.crt": cert,
    })
    const findings = checkCertificates(examination({ root })).map(({ text, ...rest }) => ({
      ...rest,
      text: text.replaceAll(root, "").replace(/ERR_.*$/, "ERR_…"),
    }))
    expect(findings).toEqual([
      {
        check: "certificates",
        status: "ok",
        text: "1 trusted in addition to the distribution's, from /usr/local/share/ca-certificates/own.crt",
      },
      {
        check: "certificates",
        status: "warning",
        text: "/usr/local/share/ca-certificates/bad.crt is not trusted: ERR_…",
        remedy: "replace the file by one in PEM format, or remove it",
      },
    ])
  })

  it("are no matter where there are none", () => {
    expect(checkCertificates(examination({ root: folderOf({}) }))).toEqual([])
  })
})

describe("the page size", () => {
  const pages = (program: string) =>
    checkPageSize(examination({ environment: { PATH: `${folderOf({ getconf: `#!/bin/sh\n${program}\n` })}:/bin` } }))

  it("is asked of the system", async () => {
    expect((await checkPageSize(examination())).text).toMatch(/^\d+ KiB/)
    expect(await pages('[ "$1" = PAGESIZE ] && echo 4096')).toEqual({ check: "page size", status: "ok", text: "4 KiB" })
  })

  it.each([
    [16384, "16 KiB"],
    [65536, "64 KiB"],
  ])("of %i bytes is too large for some programs", async (bytes, text) => {
    expect(await pages(`echo ${bytes}`)).toEqual({
      check: "page size",
      status: "warning",
      text: `${text}: browsers and programs with jemalloc may fail at once`,
      remedy: "use a host whose kernel has pages of 4 KiB",
    })
  })

  it("is not known where the system does not tell", async () => {
    const skipped = { check: "page size", status: "skipped", text: "getconf PAGESIZE does not report it" }
    expect(await pages("echo undefined")).toEqual(skipped)
    expect(await checkPageSize(examination({ environment: { PATH: folderOf({}) } }))).toEqual(skipped)
  })
})

describe("the memory limit", () => {
  const meminfo = "MemTotal:        8388608 kB\nMemFree:  1 kB\n"

  it.each([
    [
      { "proc/meminfo": meminfo, "sys/fs/cgroup/memory.max": "1073741824\n" },
      { bytes: GIBIBYTE, by: "cgroup" },
    ],
    [
      { "proc/meminfo": meminfo, "sys/fs/cgroup/memory.max": "max\n" },
      { bytes: 8 * GIBIBYTE, by: "machine" },
    ],
    [{ "proc/meminfo": meminfo }, { bytes: 8 * GIBIBYTE, by: "machine" }],
    [
      { "proc/meminfo": meminfo, "sys/fs/cgroup/memory/memory.limit_in_bytes": "536870912\n" },
      { bytes: 512 * MEBIBYTE, by: "cgroup" },
    ],
    [
      { "proc/meminfo": meminfo, "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n" },
      { bytes: 8 * GIBIBYTE, by: "machine" },
    ],
    [{ "sys/fs/cgroup/memory.max": "1073741824\n" }, { bytes: GIBIBYTE, by: "cgroup" }],
    [{}, undefined],
  ])("%j", async (files: Record<string, string>, limit) => {
    expect(await memoryLimit(folderOf(files))).toEqual(limit)
  })

  it("is too small for jobs below 1 GiB, for browsers below 2 GiB", async () => {
    const root = (bytes: number): string =>
      folderOf({ "proc/meminfo": meminfo, "sys/fs/cgroup/memory.max": `${bytes}\n` })
    expect((await checkMemory(examination({ root: root(GIBIBYTE) }))).status).toBe("ok")
    expect(await checkMemory(examination({ root: root(GIBIBYTE - 1) }))).toEqual({
      check: "memory",
      status: "warning",
      text: "1024 MiB, the container's limit: the kernel may kill jobs",
      remedy: "give the container at least 1 GiB (--memory)",
    })
    expect(await checkMemory(browserExamination({ root: root(1.5 * GIBIBYTE) }))).toEqual({
      check: "memory",
      status: "warning",
      text: "1.5 GiB, the container's limit: the kernel may kill jobs",
      remedy: "give the container at least 2 GiB (--memory)",
    })
  })
})

describe("disk space", () => {
  it.each([
    [6 * GIBIBYTE, 1_000_000, "ok", "6 GiB free in /work"],
    [6 * GIBIBYTE, undefined, "ok", "6 GiB free in /work"],
    [4.94 * GIBIBYTE, 1_000_000, "warning", "4.9 GiB free in /work"],
    [499 * MEBIBYTE, 1_000_000, "problem", "499 MiB free in /work"],
    [6 * GIBIBYTE, 12, "problem", "only 12 more files fit in /work"],
  ])("of %d bytes and %j files", (bytes, files, status, text) => {
    expect(spaceFinding("disk", "/work", bytes, files)).toMatchObject({ status, text })
  })

  it("is that of the nearest folder where there is none yet", async () => {
    const folder = folderOf({})
    const [finding] = await checkDisk(examination({ environment: { TMPDIR: join(folder, "a/b/c") } }))
    expect(finding?.text).toMatch(new RegExp(`^[\\d.]+ [KMGT]iB free in ${folder}/a/b/c$`))
  })
})

describe("shared memory", () => {
  it("matters to browsers", () => {
    expect(sharedMemoryFinding(64 * MEBIBYTE, false)).toEqual({
      check: "shared memory",
      status: "ok",
      text: "64 MiB in /dev/shm",
    })
    expect(sharedMemoryFinding(2 * GIBIBYTE, true).status).toBe("ok")
    expect(sharedMemoryFinding(64 * MEBIBYTE, true)).toEqual({
      check: "shared memory",
      status: "warning",
      text: "64 MiB in /dev/shm: tabs of the browser may crash",
      remedy: "give the container --shm-size 2g",
    })
    expect(sharedMemoryFinding(undefined, true).text).toBe("there is no /dev/shm: tabs of the browser may crash")
  })

  it("is measured", async () => {
    expect((await checkSharedMemory(examination())).text).toMatch(/^[\d.]+ [KMGT]iB in \/dev\/shm$/)
    expect((await checkSharedMemory(examination({ root: folderOf({}) }))).text).toBe("there is no /dev/shm")
  })
})

describe("folders", () => {
  const toolCache = (environment: Record<string, string>) => checkFolders(examination({ environment }))

  it("are tried by writing", () => {
    const folder = folderOf({})
    expect(toolCache({ RUNNER_TOOL_CACHE: folder })).toEqual([
      { check: "tool cache", status: "ok", text: `${folder} can be written to` },
    ])
    expect(toolCache({ AGENT_TOOLSDIRECTORY: join(folder, "a/b") })).toEqual([
      { check: "tool cache", status: "ok", text: `${folder}/a/b can be written to` },
    ])
  })

  it("for tools that cannot be written to are told", () => {
    const [finding] = toolCache({ RUNNER_TOOL_CACHE: "/proc/tools" })
    expect(finding).toEqual({
      check: "tool cache",
      status: "warning",
      text: "setup actions cannot install tools in the tool cache /proc/tools: ENOENT",
      remedy: "Mount a folder there that user 1001 can write to, or set RUNNER_TOOL_CACHE to one",
    })
  })
})

describe("the Docker socket", () => {
  const check = (host: string) => checkDockerSocket(examination({ environment: { DOCKER_HOST: host } }))

  it("may be missing, elsewhere, alive or dead", async () => {
    const folder = folderOf({})
    const path = join(folder, "docker.sock")
    expect((await check(`unix://${path}`)).text).toBe(`no socket at ${path}: jobs have no Docker`)
    expect((await check("ssh://user@docker.example")).text).toBe("elsewhere, at DOCKER_HOST")
    expect(await check(`tcp://127.0.0.1:${await freePort()}`)).toMatchObject({
      status: "warning",
      text: expect.stringMatching(/^nothing answers at 127\.0\.0\.1:\d+ \(ECONNREFUSED\)$/) as string,
    })
    const server = createServer().listen(path)
    await once(server, "listening")
    expect(await check(`unix://${path}`)).toEqual({ check: "docker", status: "ok", text: `${path} answers` })
    server.close()
    await once(server, "close")
    const dead = join(folderOf({ "docker.sock": "" }), "docker.sock")
    expect(await check(`unix://${dead}`)).toMatchObject({
      status: "warning",
      text: `nothing answers at ${dead} (ECONNREFUSED)`,
    })
  })

  it("of another group is told with its number", () => {
    expect(dockerFinding({ path: "/var/run/docker.sock" }, 998, "EACCES")).toEqual({
      check: "docker",
      status: "warning",
      text: "only group 998 may use /var/run/docker.sock, and this user is not in it",
      remedy: "docker run --group-add 998",
    })
  })
})

describe("user namespaces", () => {
  const namespaces = (program: string, browser: boolean) => {
    const environment = { PATH: `${folderOf({ unshare: `#!/bin/sh\n${program}\n` })}:/bin` }
    return checkUserNamespaces(browser ? browserExamination({ environment }) : examination({ environment }))
  }

  it("are tried", async () => {
    expect((await checkUserNamespaces(examination())).status).toBe("ok")
    expect(await namespaces('[ "$*" = "--user true" ]', true)).toMatchObject({
      status: "ok",
      text: "can be created: a browser can use its sandbox",
    })
    expect(await namespaces("exit 1", true)).toEqual({
      check: "user namespaces",
      status: "warning",
      text: "cannot be created here: a browser has no sandbox",
      remedy: "start browsers with --no-sandbox, or the container with a seccomp profile that allows user namespaces",
    })
    expect((await namespaces("exit 1", false)).status).toBe("ok")
    expect((await checkUserNamespaces(examination({ environment: { PATH: folderOf({}) } }))).status).toBe("skipped")
  })
})

describe("a size", () => {
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1 KiB"],
    [64 * MEBIBYTE, "64 MiB"],
    [1.5 * GIBIBYTE, "1.5 GiB"],
    [5 * 1024 * GIBIBYTE, "5 TiB"],
  ])("of %d bytes", (bytes, text) => {
    expect(byteSize(bytes)).toBe(text)
  })
})
