import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { addUser, ownedFoldersText } from "../../../../dagger/src/core/packages/accounts.js"
import {
  ACCOUNTS,
  AGENT_FOLDERS,
  AGENT_USER,
  OWNED_FOLDERS,
  RUNNER_USER,
} from "../../../../dagger/src/core/variants/runner-user.js"
import { placeProblem } from "../../../../dagger/src/core/variants/custom/paths.js"

const BASE = {
  passwd: "root:x:0:0:root:/root:/bin/bash\n",
  group: "root:x:0:\nshadow:x:42:\n",
  shadow: "root:*:20000:0:99999:7:::\n",
  gshadow: "root:*::\nshadow:*::\n",
}
const USER = {
  name: "runner",
  uid: 1001,
  gid: 1001,
  home: "/home/runner",
  shell: "/bin/bash",
  groups: [{ name: "docker", gid: 123 }],
}

describe("addUser", () => {
  it("writes the user, its group and its memberships", () => {
    expect(addUser(BASE, USER)).toEqual({
      passwd: `${BASE.passwd}runner:x:1001:1001::/home/runner:/bin/bash\n`,
      group: `${BASE.group}runner:x:1001:\ndocker:x:123:runner\n`,
      shadow: `${BASE.shadow}runner:!:::::::\n`,
      gshadow: `${BASE.gshadow}runner:!::\ndocker:!::runner\n`,
    })
  })

  it("joins a group that is there already", () => {
    const base = { ...BASE, group: `${BASE.group}docker:x:999:other\n`, gshadow: `${BASE.gshadow}docker:!::other\n` }
    const { group, gshadow } = addUser(base, USER)
    expect(group).toContain("docker:x:999:other,runner\n")
    expect(gshadow).toContain("docker:!::other,runner\n")
  })

  it.each([
    ["name", { passwd: `${BASE.passwd}runner:x:7:7::/:/bin/sh\n` }, "the name runner"],
    ["user id", { passwd: `${BASE.passwd}other:x:1001:7::/:/bin/sh\n` }, "the user id 1001"],
    ["group id", { group: `${BASE.group}other:x:123:\n` }, "the group id 123"],
    // Its members would be of the user's own group.
    ["group name", { group: `${BASE.group}runner:x:7:other\n` }, "the group runner"],
  ])("refuses a taken %s", (_, change, what) => {
    expect(() => addUser({ ...BASE, ...change }, USER)).toThrow(`${what} is already used`)
  })
})

describe("the accounts of every image", () => {
  it("are the runner's and the agent's, neither of which is in the other's group", () => {
    const { passwd, group, shadow, gshadow } = ACCOUNTS.reduce(addUser, BASE)
    expect(passwd.slice(BASE.passwd.length)).toBe(
      "runner:x:1001:1001::/home/runner:/bin/bash\nrunner-agent:x:1002:1002::/nonexistent:/usr/sbin/nologin\n",
    )
    expect(group.slice(BASE.group.length)).toBe("runner:x:1001:\ndocker:x:123:runner\nrunner-agent:x:1002:\n")
    expect(shadow.slice(BASE.shadow.length)).toBe("runner:!:::::::\nrunner-agent:!:::::::\n")
    expect(gshadow.slice(BASE.gshadow.length)).toBe("runner:!::\ndocker:!::runner\nrunner-agent:!::\n")
  })

  it.each([
    ["user id", { passwd: `${BASE.passwd}other:x:1002:7::/:/bin/sh\n` }, "the user id 1002"],
    ["group id", { group: `${BASE.group}other:x:1002:\n` }, "the group id 1002"],
    ["group name", { group: `${BASE.group}runner-agent:x:7:runner\n` }, "the group runner-agent"],
  ])("refuse a base image that has the agent's %s", (_, change, what) => {
    expect(() => ACCOUNTS.reduce(addUser, { ...BASE, ...change })).toThrow(
      `The user runner-agent cannot be added: ${what} is already used in the base image.`,
    )
  })

  it("share no folder", () => {
    const owners = OWNED_FOLDERS.filter(({ path }) => AGENT_FOLDERS.some((folder) => path.startsWith(folder)))
    expect(owners.map(({ owner, mode }) => [owner, mode])).toEqual(AGENT_FOLDERS.map(() => [AGENT_USER, 0o700]))
    expect(new Set(OWNED_FOLDERS.map(({ path }) => path)).size).toBe(OWNED_FOLDERS.length)
    expect(OWNED_FOLDERS.map(({ owner }) => owner)).toEqual(expect.arrayContaining([RUNNER_USER]))
  })
})

describe("the broker's folders", () => {
  it.each(AGENT_FOLDERS.flatMap((path) => [path, `${path}/app.pem`]))(
    "%s is no place for a definition's files",
    (path) => {
      for (const kind of ["file", "folder"] as const)
        expect(placeProblem(path, kind)).toBe(
          `"${path}" belongs to the credential broker and cannot be replaced; choose another path`,
        )
    },
  )
})

describe.skipIf(process.getuid?.() !== 0)("accounts.sh, as root", () => {
  it("lays out account files and folders with their owners and modes, and the parents of these as root's", () => {
    const folder = mkdtempSync(join(tmpdir(), "accounts-"))
    const at = (path: string) => {
      const { uid, gid, mode } = statSync(join(folder, "laid-out", path))
      return `${String(uid)}:${String(gid)} ${(mode & 0o7777).toString(8)}`
    }
    try {
      mkdirSync(join(folder, "plan"))
      const texts = { ...ACCOUNTS.reduce(addUser, BASE), sudoers: "all\n", folders: ownedFoldersText(OWNED_FOLDERS) }
      for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, "plan", name), text)
      const script = readFileSync(new URL("../../../../dagger/scripts/accounts.sh", import.meta.url), "utf8")
      // Where a build step has the two folders.
      const moved = script.replaceAll(/\/(plan|laid-out)\b/g, `${folder}/$1`)
      execFileSync("sh", ["-c", `umask 022\n${moved}`, "accounts.sh", "42", "runner"])
      for (const { path, owner, mode } of OWNED_FOLDERS)
        expect(`${path} ${at(path)}`).toBe(`${path} ${String(owner.uid)}:${String(owner.gid)} ${mode.toString(8)}`)
      expect(["/run", "/var/lib", "/home", "/opt"].map(at)).toEqual(Array(4).fill("0:0 755"))
      expect([at("/home/runner"), at("/home/runner/_work"), at("/run/runner-broker")]).toEqual([
        "1001:1001 755",
        "1001:1001 775",
        "1002:1002 700",
      ])
      expect(["passwd", "group", "shadow", "gshadow"].map((name) => at(`/etc/${name}`))).toEqual([
        ...["0:0 644", "0:0 644"],
        ...["0:42 640", "0:42 640"],
      ])
      expect(at("/etc/sudoers.d/runner")).toBe("0:0 440")
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
