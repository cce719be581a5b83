import { describe, expect, it } from "vitest"
import { addUser } from "../../../dagger/src/core/accounts.js"

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
  ])("refuses a taken %s", (_, change, what) => {
    expect(() => addUser({ ...BASE, ...change }, USER)).toThrow(`${what} is taken`)
  })
})
