import { z } from "zod"
import { PLATFORMS, spelling } from "../../platforms.js"
import { UNKNOWN } from "../schema.js"
import { dayOf, FINISHED, otherChecksum, readAnswer, type Feed, type VendorRelease } from "./feed.js"
import { assetNames, type FileUrl } from "./files.js"

const INDEX = "https://nodejs.org/dist/index.json"
const indexSchema = z.array(z.object({ version: z.string(), date: z.string(), files: z.array(z.string()) }))

/** The keys of those who release Node.js. */
const NODE_KEYS = "node"

/** Node.js' index of releases; checksums are in a file of each release's folder. */
export function nodeFeed(url: FileUrl): Feed {
  return {
    async releases(access) {
      const index = readAnswer(indexSchema, await access.text(INDEX), INDEX)
      return index.flatMap(({ version: tag, date, files: kinds }): VendorRelease[] => {
        const version = tag.replace(/^v/, "")
        if (!FINISHED.test(version)) return []
        const there = PLATFORMS.filter((platform) => kinds.includes(`linux-${spelling(platform).vendor}`))
        const files = Object.fromEntries(there.map((platform) => [platform, UNKNOWN]))
        return [{ version, released: dayOf(date), files }]
      })
    },
    async checksum(access, version, platform) {
      const address = `https://nodejs.org/dist/v${version}/SHASUMS256.txt`
      const name = assetNames(url, version).find((asset) => asset.platform === platform)?.name ?? ""
      return sumOf(name, await access.text(address), address)
    },
    async signature(access, version, checksums) {
      const address = `https://nodejs.org/dist/v${version}/SHASUMS256.txt.asc`
      const { text, key } = await access.verifiers.openPgp(await access.text(address), NODE_KEYS, address)
      for (const { platform, name } of assetNames(url, version)) {
        const signed = sumOf(name, text, address)
        if (signed !== checksums[platform]) throw otherChecksum(name, checksums[platform], signed, address)
      }
      return { by: "pgp", key }
    },
  }
}

function sumOf(name: string, list: string, from: string): string {
  const [sum] =
    list
      .split("\n")
      .map((line) => line.split(/\s+/))
      .find(([, file]) => file === name) ?? []
  if (sum === undefined) throw new Error(`${from} does not name ${name}`)
  return sum
}
