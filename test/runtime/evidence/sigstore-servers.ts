import { initializeCA, initializeCTLog, fulcioHandler, type CA, type CTLog } from "@sigstore/mock/dist/fulcio/index.js"
import { initializeTLog, type TLog } from "@sigstore/mock/dist/rekor/index.js"
import { initializeTSA, tsaHandler } from "@sigstore/mock/dist/timestamp/index.js"
import { HashAlgorithm, PublicKeyDetails, TransparencyLogEntry, TrustedRoot } from "@sigstore/protobuf-specs"
import { createHash, generateKeyPairSync } from "node:crypto"
import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"

/**
 * Servers that speak the protocols of sigstore's, with sigstore's own certificate authority and logs for tests behind them. (Its package also
 * replaces Node.js' HTTP client, which is not loaded here.)
 */
export interface SigstoreServers {
  url: string
  /** What clients sent, in the order in which they did. */
  requests: { path: string; body: string }[]
  /** The trusted root that verifies what they certified and recorded. */
  trustedRoot: string
  /** Makes the next requests to a path fail. */
  fail: (path: string, status: number, message: string) => void
  stop: () => Promise<void>
}

interface Options {
  /** When certificates are issued. Undefined for now. */
  certifiedAt?: Date
}

interface Answer {
  status: number
  body: string | Uint8Array
  type: string
}

const EC = () => generateKeyPairSync("ec", { namedCurve: "P-256" })
/** Before anything that these tests do. */
const SINCE = new Date(0)

export async function startSigstore({ certifiedAt }: Options = {}): Promise<SigstoreServers> {
  const requests: SigstoreServers["requests"] = []
  const failures = new Map<string, Answer>()
  const ctlog = await initializeCTLog(EC())
  const ca = await initializeCA(EC(), ctlog, certifiedAt)
  const tlog = await initializeTLog("https://rekor.example", EC())
  const clock = new Date(0)
  const tsa = await initializeTSA(EC(), clock)
  const handlers: Record<string, (body: string) => Promise<Answer>> = {
    "/api/v2/signingCert": (body) => passedOn(fulcioHandler(ca).fn(body)),
    "/api/v1/timestamp": (body) => {
      // Real ones give whole seconds, and the library reads no fraction without its last zeros, as the authority for tests writes it.
      clock.setTime(Math.floor(Date.now() / 1000) * 1000)
      return passedOn(tsaHandler(tsa).fn(body))
    },
    "/api/v2/log/entries": async (body) => {
      const entry = storedEntryV2(JSON.parse(body) as ProposedEntryV2) as Parameters<typeof tlog.logV2>[0]
      const logged = await tlog.logV2(entry)
      // Each is the first of its log, of which the package's index says nothing; and the protocol has no time.
      const first = { logIndex: "0" }
      const inclusionProof = logged.inclusionProof && { ...logged.inclusionProof, ...first }
      return json(TransparencyLogEntry.toJSON({ ...logged, ...first, integratedTime: "0", inclusionProof }))
    },
    "/api/v1/log/entries": async (body) => json(await tlog.log(storedEntry(JSON.parse(body) as ProposedEntry))),
  }
  const server = createServer((request, response) => {
    const path = request.url ?? ""
    void text(request)
      .then(async (body) => {
        requests.push({ path, body })
        return failures.get(path) ?? (await handlers[path]?.(body)) ?? { status: 404, body: "", type: "text/plain" }
      })
      .then(({ status, body, type }) => response.writeHead(status, { "content-type": type }).end(body))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    requests,
    trustedRoot: trustedRootOf(ca, ctlog, tlog, tsa),
    fail: (path, status, message) => failures.set(path, { ...json({ message }), status }),
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString("utf8")
}

function json(value: unknown): Answer {
  return { status: 201, body: JSON.stringify(value), type: "application/json" }
}

async function passedOn(handled: ReturnType<ReturnType<typeof tsaHandler>["fn"]>): Promise<Answer> {
  const { statusCode, response, contentType = "text/plain" } = await handled
  return { status: statusCode, body: response as string | Uint8Array, type: contentType }
}

interface ProposedEntry {
  spec: { proposedContent: { envelope: string; verifiers: string[] } }
}

/** Rekor stores digests in place of what was proposed. The package's log would store the proposal. */
function storedEntry({ spec }: ProposedEntry): object {
  const { envelope, verifiers } = spec.proposedContent
  const { payload, signatures } = JSON.parse(envelope) as { payload: string; signatures: { sig: string }[] }
  const hash = (data: string | Buffer) => ({
    algorithm: "sha256",
    value: createHash("sha256").update(data).digest("hex"),
  })
  return {
    apiVersion: "0.0.1",
    kind: "dsse",
    spec: {
      envelopeHash: hash(envelope),
      payloadHash: hash(Buffer.from(payload, "base64")),
      signatures: signatures.map(({ sig }, at) => ({ signature: sig, verifier: verifiers[at] })),
    },
  }
}

interface ProposedEntryV2 {
  dsseRequestV002: { envelope: { payload: string; signatures: { sig: string }[] }; verifiers: object[] }
}

/** As {@link storedEntry}, for version 2 of Rekor. */
function storedEntryV2({ dsseRequestV002: { envelope, verifiers } }: ProposedEntryV2): object {
  const digest = createHash("sha256").update(Buffer.from(envelope.payload, "base64")).digest("base64")
  const signatures = envelope.signatures.map(({ sig }, at) => ({ content: sig, verifier: verifiers[at] }))
  return {
    apiVersion: "0.0.2",
    kind: "dsse",
    spec: { dsseV002: { payloadHash: { algorithm: "SHA2_256", digest }, signatures } },
  }
}

function trustedRootOf(ca: CA, ctlog: CTLog, tlog: TLog, tsa: Awaited<ReturnType<typeof initializeTSA>>): string {
  const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => Buffer.from(buffer, byteOffset, byteLength)
  const authority = (...certificates: ArrayBufferView[]) => ({
    subject: undefined,
    uri: "https://example.com",
    certChain: { certificates: certificates.map((one) => ({ rawBytes: bytes(one) })) },
    validFor: { start: SINCE },
    operator: "",
  })
  const log = (publicKey: Buffer, keyId: Buffer) => ({
    baseUrl: "https://rekor.example",
    hashAlgorithm: HashAlgorithm.SHA2_256,
    publicKey: {
      rawBytes: publicKey,
      keyDetails: PublicKeyDetails.PKIX_ECDSA_P256_SHA_256,
      validFor: { start: SINCE },
    },
    logId: { keyId },
    checkpointKeyId: undefined,
    operator: "",
  })
  const root: TrustedRoot = {
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [log(tlog.publicKey, createHash("sha256").update(tlog.publicKey).digest())],
    certificateAuthorities: [authority(ca.rootCertificate)],
    ctlogs: [log(ctlog.publicKey, bytes(ctlog.logID))],
    timestampAuthorities: [authority(tsa.intCertificate, tsa.rootCertificate)],
  }
  return JSON.stringify(TrustedRoot.toJSON(root))
}

/** A token of OpenID Connect that nobody signed, for an identity. */
export function identityToken(claims: Record<string, unknown>): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")
  return `${part({ alg: "none" })}.${part(claims)}.${Buffer.from("a signature that must stay secret").toString("base64url")}`
}
