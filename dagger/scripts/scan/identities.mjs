// Finds what identifies one machine or one database: in an image, all of its containers would share it.
import { readFileSync } from "node:fs"

/** Path and kind; `of` says by its content whether it is one, where its presence is not enough. */
const IDENTITIES = [
  // The first start fills it. Systemd's word for "not yet" is none.
  { path: /^\/etc\/machine-id$/, kind: "machine id", of: /^(?!uninitialized)\S/ },
  { path: /^\/var\/lib\/dbus\/machine-id$/, kind: "machine id", of: /\S/ },
  { path: /^\/var\/lib\/(?:systemd|urandom)\/random-seed$/, kind: "random seed" },
  { path: /^\/var\/lib\/systemd\/credential\.secret$/, kind: "credential key" },
  { path: /^\/etc\/ssh\/ssh_host_[^/]+_key(?:\.pub)?$/, kind: "SSH host key" },
  {
    path: /^\/etc\/ssl\/(?:private\/ssl-cert-snakeoil\.key|certs\/ssl-cert-snakeoil\.pem)$/,
    kind: "snakeoil certificate",
  },
  { path: /^\/.+\/global\/pg_control$/, kind: "PostgreSQL cluster" },
  { path: /^\/var\/lib\/mysql\/auto\.cnf$/, kind: "MySQL server id", of: /server-uuid/ },
  { path: /^\/var\/lib\/mysql\/ibdata\d+$/, kind: "MySQL or MariaDB database" },
  { path: /^\/var\/lib\/ldap\/data\.mdb$/, kind: "LDAP database" },
  { path: /^\/etc\/nvme\/host(?:id|nqn)$/, kind: "NVMe host id", of: /\S/ },
  { path: /^\/etc\/iscsi\/initiatorname\.iscsi$/, kind: "iSCSI initiator name", of: /^InitiatorName=/m },
  { path: /^\/etc\/popularity-contest\.conf$/, kind: "survey id", of: /^MY_HOSTID="?\w/m },
  { path: /^\/etc\/munge\/munge\.key$/, kind: "MUNGE key" },
  { path: /^\/etc\/bind\/rndc\.key$/, kind: "BIND control key" },
  { path: /^\/var\/lib\/rabbitmq\/\.erlang\.cookie$/, kind: "Erlang cookie" },
]

/** @param {import("./tree.mjs").Tree} tree @returns {{ path: string, kind: string }[]} */
export function identities(tree) {
  return [...tree.entries]
    .filter(([, type]) => type === "file")
    .flatMap(([path]) => {
      const found = IDENTITIES.find((identity) => identity.path.test(path))
      if (found === undefined) return []
      if (found.of !== undefined && !found.of.test(readFileSync(tree.outside(path), "latin1"))) return []
      return [{ path, kind: found.kind }]
    })
    .sort((one, other) => (one.path < other.path ? -1 : 1))
}
