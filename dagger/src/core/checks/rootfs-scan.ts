import { z } from "zod"
import { spelling, type PlatformName } from "../platforms.js"
import { installedSoftwareSchema } from "../report/report.js"

const paths = z.array(z.string())

/** What a path of the image is, symbolic links followed; null if it does not exist. */
const answerSchema = z
  .object({
    type: z.enum(["file", "folder", "link", "other"]),
    mode: z.string(),
    owner: z.string(),
    /** Of a file's content. */
    sha256: z.string().optional(),
    /** The dynamic linker that a program names; without a checksum if it is not a file of the image. */
    interpreter: z.object({ path: z.string(), sha256: z.string().optional() }).optional(),
  })
  .nullable()

const mode = z.string().regex(/^[0-7]+$/)

/** A path that packages have or declare: what it is, and what they say that it should be. */
const packagedFileSchema = z.object({
  type: z.enum(["file", "folder", "link", "other"]),
  mode,
  /** By name: `root:shadow`. */
  owner: z.string(),
  /** Of a link. */
  target: z.string().optional(),
  /** The packages that have it; of a file, whether its content is still the package's. */
  packages: z.array(z.object({ name: z.string(), unchanged: z.boolean().optional() })),
  /** What a package or an administrator told dpkg-statoverride. */
  override: z.object({ mode, owner: z.string() }).optional(),
  /** As in the package files. */
  shipped: z.array(z.object({ package: z.string(), mode, owner: z.string() })),
  /** The fields of lines of tmpfiles.d(5), in files whose content is the package's. */
  declared: z.array(z.object({ file: z.string(), package: z.string(), fields: z.array(z.string()) })),
})
export type PackagedFile = z.infer<typeof packagedFileSchema>

/** What scan-rootfs.mjs found. Paths are the image's. */
export const rootfsScanSchema = z.object({
  /** Everything that is not a folder. */
  files: z.number().int(),
  /** ELF files for the platform. */
  programs: z.number().int(),
  /** ELF files for others, by class and machine: `64/62`. */
  foreignArchitecture: z.array(z.object({ path: z.string(), kind: z.string() })),
  /** ELF files that cannot be read to the end. */
  damaged: z.array(z.object({ path: z.string(), reason: z.string() })),
  /** Libraries and interpreters that ELF files need but would not find. */
  missing: z.array(
    z.object({
      path: z.string(),
      needs: z.string(),
      /** Where such a library is, if the dynamic linker does not look there. */
      elsewhere: paths.optional(),
    }),
  ),
  /** Path and mode of files and folders: `/usr/bin/su 4755`. */
  setuid: paths,
  /** Path and kind of what is neither file, folder nor link: `/dev/null character device`. */
  special: paths,
  /** Absent where extended attributes cannot be read. */
  capabilities: paths.optional(),
  /** Path and mode of world-writable files and folders. */
  writable: paths,
  leftovers: paths,
  /** Path and kind of secret, never the secret: `/root/.npmrc: npm token`. */
  secrets: paths,
  /** What identifies one machine or database, which all containers would share. */
  identities: z.array(z.object({ path: z.string(), kind: z.string() })),
  /** The entries of the root folder. */
  top: paths,
  /** Of the paths above, those of which packages say anything. */
  packaged: z.record(z.string(), packagedFileSchema),
  /** The packages of npm, in the order of their folders. */
  npm: installedSoftwareSchema.shape.npm,
  /** The requested paths. */
  paths: z.record(z.string(), answerSchema),
})
export type RootfsScan = z.infer<typeof rootfsScanSchema>

/** Class and machine of a platform's programs, in the scan's spelling: `64/62`. */
export function kindOf(platform: PlatformName): string {
  const { elfClass, elfMachine } = spelling(platform)
  return `${String(elfClass)}/${String(elfMachine)}`
}
