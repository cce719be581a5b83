import { bundleToJSON } from "@sigstore/bundle"
// Not the package itself, which loads something that replaces Node.js' HTTP client.
import { fulcioHandler, initializeCA, initializeCTLog } from "@sigstore/mock/dist/fulcio/index.js"
import { initializeTLog } from "@sigstore/mock/dist/rekor/index.js"
import { DSSEBundleBuilder, FulcioSigner, RekorWitness } from "@sigstore/sign"
import { createHash, generateKeyPairSync } from "node:crypto"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { text as textOf } from "node:stream/consumers"

const WEEK = 7 * 86_400_000
const GITHUB = "https://token.actions.githubusercontent.com"

/** Who attests, as GitHub tells Sigstore. */
export interface Workflow {
  /** `https://github.com/OWNER/NAME/.github/workflows/FILE@REF` */
  identity: string
  /** The repository that is built. */
  repository: string
  issuer?: string
}

/** Sigstore's services on this host, with keys of their own. */
export interface SigstoreService {
  /** What trusts them, as JSON. */
  root: string
  /** A bundle in JSON, with a statement about files. */
  attest(workflow: Workflow, sha256: readonly string[], predicateType?: string): Promise<string>
  close(): void
}

export async function sigstoreService(): Promise<SigstoreService> {
  const keys = () => generateKeyPairSync("ec", { namedCurve: "P-256" })
  const ctLog = await initializeCTLog(keys())
  const ca = await initializeCA(keys(), ctLog)
  const tLog = await initializeTLog("https://rekor.test", keys())
  const rekor = async (body: string) => {
    const entry: unknown = await tLog.log(storedEntry(JSON.parse(body) as ProposedEntry))
    return { statusCode: 201, response: JSON.stringify(entry), contentType: "application/json" }
  }
  const handlers = [fulcioHandler(ca), { path: "/api/v1/log/entries", fn: rekor }]
  const server = createServer((request, response) => {
    void (async () => {
      const handler = handlers.find(({ path }) => path === request.url)
      const answer = await handler?.fn(await textOf(request))
      response.writeHead(answer?.statusCode ?? 404, { "content-type": answer?.contentType ?? "text/plain" })
      response.end(answer?.response)
    })()
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
  return {
    root: trustedRoot(ca.rootCertificate, ctLog.publicKey, tLog.publicKey),
    attest: async (
      { identity, repository, issuer = GITHUB },
      sha256,
      predicateType = "https://slsa.dev/provenance/v1",
    ) => {
      const token = [{ alg: "none" }, { sub: identity, repository, iss: issuer, aud: "sigstore" }, {}]
      const identityToken = token.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".")
      const builder = new DSSEBundleBuilder({
        signer: new FulcioSigner({
          fulcioBaseURL: url,
          identityProvider: { getToken: () => Promise.resolve(identityToken) },
        }),
        witnesses: [new RekorWitness({ rekorBaseURL: url })],
      })
      const statement = {
        _type: "https://in-toto.io/Statement/v1",
        subject: sha256.map((sum, place) => ({ name: `file-${String(place)}`, digest: { sha256: sum } })),
        predicateType,
        predicate: {},
      }
      const data = Buffer.from(JSON.stringify(statement))
      const bundle = await builder.create({ data, type: "application/vnd.in-toto+json" })
      return JSON.stringify(bundleToJSON(bundle))
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

interface ProposedEntry {
  spec: { proposedContent: { envelope: string; verifiers: string[] } }
}

/** What the log makes of an envelope: checksums and signatures, without the statement. */
function storedEntry({ spec }: ProposedEntry): object {
  const { envelope, verifiers } = spec.proposedContent
  const { payload, signatures } = JSON.parse(envelope) as { payload: string; signatures: { sig: string }[] }
  const [envelopeHash, payloadHash] = [Buffer.from(envelope), Buffer.from(payload, "base64")].map((data) => {
    return { algorithm: "sha256", value: createHash("sha256").update(data).digest("hex") }
  })
  const signed = signatures.map(({ sig }, place) => ({ signature: sig, verifier: verifiers[place] }))
  return { apiVersion: "0.0.1", kind: "dsse", spec: { envelopeHash, payloadHash, signatures: signed } }
}

function trustedRoot(ca: ArrayBufferView, ctLog: Buffer, tLog: Buffer): string {
  const validFor = { start: new Date(Date.now() - WEEK).toISOString() }
  const log = (publicKey: Buffer, baseUrl: string) => ({
    baseUrl,
    hashAlgorithm: "SHA2_256",
    publicKey: { rawBytes: publicKey.toString("base64"), keyDetails: "PKIX_ECDSA_P256_SHA_256", validFor },
    logId: { keyId: createHash("sha256").update(publicKey).digest("base64") },
  })
  const certificate = Buffer.from(ca.buffer, ca.byteOffset, ca.byteLength).toString("base64")
  return JSON.stringify({
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [log(tLog, "https://rekor.test")],
    ctlogs: [log(ctLog, "https://ctfe.test")],
    certificateAuthorities: [
      {
        subject: { organization: "test", commonName: "test" },
        uri: "https://fulcio.test",
        certChain: { certificates: [{ rawBytes: certificate }] },
        validFor,
      },
    ],
    timestampAuthorities: [],
  })
}
