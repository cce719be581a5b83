import { readFileSync, writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { CERTIFICATE_NAMES, type Certificate, makeCertificate } from "./certificate.js"
import { startFakeGitHub } from "./fake-github.js"

const HELP = `A GitHub for tests. See README.md beside it.

  --port NUMBER      Port to listen on (default: a free one)
  --host ADDRESS     Address to listen on (default: 127.0.0.1; in a container 0.0.0.0)
  --tls              HTTPS, with a certificate that openssl makes
  --tls-name NAME    Name in that certificate, may be repeated (default: ${CERTIFICATE_NAMES.join(", ")})
  --tls-ca-out FILE  Where to write that certificate, for clients to trust
  --tls-cert FILE    HTTPS, with this certificate (PEM)
  --tls-key FILE     and its key
  --repository NAME  Repository that exists: octo/example; may be repeated
  --enterprise NAME  Enterprise that exists; may be repeated
  --token TEXT       Personal token that is valid; may be repeated

When it listens it prints one line of JSON: {"url": …, "api": …, "port": …}. It ends by SIGTERM or SIGINT.
`

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    host: { type: "string", default: "127.0.0.1" },
    tls: { type: "boolean", default: false },
    "tls-name": { type: "string", multiple: true },
    "tls-ca-out": { type: "string" },
    "tls-cert": { type: "string" },
    "tls-key": { type: "string" },
    repository: { type: "string", multiple: true, default: [] },
    enterprise: { type: "string", multiple: true, default: [] },
    token: { type: "string", multiple: true, default: [] },
    help: { type: "boolean", default: false },
  },
})

async function certificate(): Promise<Certificate | undefined> {
  const { "tls-cert": cert, "tls-key": key, "tls-name": names, "tls-ca-out": out, tls } = values
  if (cert !== undefined && key !== undefined)
    return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") }
  if (!tls) return undefined
  const made = await makeCertificate(names)
  if (out !== undefined) writeFileSync(out, made.cert)
  return made
}

if (values.help) process.stdout.write(HELP)
else {
  const github = await startFakeGitHub({
    host: values.host,
    port: Number(values.port),
    certificate: await certificate(),
  })
  for (const name of values.repository) github.accounts.addRepository(name)
  for (const name of values.enterprise) github.accounts.addEnterprise(name)
  for (const token of values.token) github.tokens.addPersonal({ token })
  process.stdout.write(`${JSON.stringify({ url: github.url, api: github.api, port: github.port })}\n`)
  // Alive although nothing listens for a while.
  const alive = setInterval(() => undefined, 60_000)
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.once(signal, () => {
      clearInterval(alive)
      void github.close()
    })
}
