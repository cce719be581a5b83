import { join } from "node:path"
import { textOf } from "../../files/text-of.js"
import { type Account, becomeUser, mayBecomeUser } from "./become-user.js"

const NAME = "runner-agent"

/** The image's folder for the broker. A volume there may have any owner, so the owner proves nothing. */
export const AGENT_FOLDER = "var/lib/runner-broker"

/**
 * The broker's account, as the image has it: no job can write to the list of accounts.
 *
 * @param root the file system's, but for tests
 */
export function agentAccount(root: string): Account | undefined {
  // A derived image may have no such list.
  const accounts = (textOf(join(root, "etc/passwd")) ?? "").split("\n")
  const [, , uid, gid] = accounts.map((line) => line.split(":")).find(([name]) => name === NAME) ?? []
  if (uid === undefined || gid === undefined || uid === "0") return undefined
  return { uid: Number(uid), gid: Number(gid), groups: [Number(gid)] }
}

/**
 * Switches this process to the broker's user, which nothing else uses: jobs cannot inspect it. If it is not root, or root without the required
 * capabilities, its user stays the same.
 *
 * @param root the file system's, but for tests
 */
export function becomeAgent(root: string): void {
  const account = process.getuid?.() === 0 ? agentAccount(root) : undefined
  if (account && mayBecomeUser()) becomeUser(account)
}
