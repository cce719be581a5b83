import { attempt, exec } from "../../../host/exec.js"
import { forgetChange, recordChange, type FirewallRule, type InstanceRecord } from "../state/record.js"
import { INTERFACE_PREFIX, type InstanceFolder } from "../state/state-folder.js"

/** Another program may hold the lock of the tables: wait for it. */
const WAIT = ["-w", "60"]

/** Every instance's interface, whatever its name ends in. */
const INSTANCES = `${INTERFACE_PREFIX}+`

/**
 * The rules of an instance, in the order in which the kernel should see them: its /30 goes out under the host's address, only
 * answers come back, and nothing goes from one instance to another.
 *
 * @param guarded interfaces on which forwarding is on only for instances: packets that arrive there are forwarded nowhere else
 */
export function instanceRules(folder: InstanceFolder, link: string, guarded: readonly string[]): FirewallRule[] {
  const named = ["-m", "comment", "--comment", folder.comment]
  const interfaceName = folder.hostInterface
  const answers = ["-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED"]
  return [
    {
      table: "nat",
      chain: "POSTROUTING",
      rule: ["-s", link, "!", "-o", interfaceName, ...named, "-j", "MASQUERADE"],
    },
    { table: "filter", chain: "FORWARD", rule: ["-o", interfaceName, ...answers, ...named, "-j", "ACCEPT"] },
    { table: "filter", chain: "FORWARD", rule: ["-o", interfaceName, ...named, "-j", "DROP"] },
    { table: "filter", chain: "FORWARD", rule: ["-i", interfaceName, "!", "-o", INSTANCES, ...named, "-j", "ACCEPT"] },
    ...guarded.map((device) => ({
      table: "filter",
      chain: "FORWARD",
      rule: ["-i", device, "!", "-o", INSTANCES, ...named, "-j", "DROP"],
    })),
  ]
}

/**
 * Adds the rules, all or none, since their order matters. They come first: Docker's and firewalld's own rules drop packets that
 * they do not know.
 */
export async function addRules(
  folder: InstanceFolder,
  record: InstanceRecord,
  guarded: readonly string[],
): Promise<void> {
  const rules = instanceRules(folder, record.link, guarded)
  const known = record.changes.filter((change) => change.kind === "firewall-rule")
  const textOf = ({ table, chain, rule }: FirewallRule) => JSON.stringify([table, chain, rule])
  const inOrder = known.map(textOf).reverse().join() === rules.map(textOf).join()
  if (inOrder && (await Promise.all(rules.map(hasRule))).every(Boolean)) return
  for (const change of known) {
    await removeRule(change)
    forgetChange(folder, record, change)
  }
  for (const table of new Set(rules.map((rule) => rule.table)))
    if ((await savedTable(table)) === "") recordChange(folder, record, { kind: "firewall-table", table })
  // Each is inserted before the existing ones.
  for (const { table, chain, rule } of rules.toReversed()) {
    recordChange(folder, record, { kind: "firewall-rule", table, chain, rule })
    await exec("iptables", [...WAIT, "-t", table, "-I", chain, ...rule])
  }
}

export async function removeRule(rule: FirewallRule): Promise<void> {
  if (await hasRule(rule)) await exec("iptables", [...WAIT, "-t", rule.table, "-D", rule.chain, ...rule.rule])
}

async function hasRule({ table, chain, rule }: FirewallRule): Promise<boolean> {
  return (await attempt("iptables", [...WAIT, "-t", table, "-C", chain, ...rule])).exitCode === 0
}

/** One table as iptables-save prints it, or nothing when there is none. Asking for it by name would create it. */
async function savedTable(table: string): Promise<string> {
  return sectionOf(await exec("iptables-save", []), table)
}

export function sectionOf(saved: string, table: string): string {
  const lines = saved.split("\n")
  const start = lines.indexOf(`*${table}`)
  return start < 0 ? "" : lines.slice(start, lines.indexOf("COMMIT", start) + 1).join("\n")
}

/** Whether a saved table holds nothing but the kernel's chains with their first policy. */
export function isEmptyTable(saved: string): boolean {
  return saved
    .split("\n")
    .filter((line) => line.startsWith(":") || line.startsWith("-A"))
    .every((line) => /^:\S+ ACCEPT /.test(line))
}

/** Removes a table that was created for our rules, unless others have added theirs to it. */
export async function removeEmptyTable(table: string): Promise<void> {
  const saved = await savedTable(table)
  // Restoring nothing is the only way in which iptables drops a table of its own.
  if (saved !== "" && isEmptyTable(saved)) await exec("iptables-restore", WAIT, { input: `*${table}\nCOMMIT\n` })
}
