import { canonicalJson, variablesOf, type ImageConfig } from "../oci/documents.js"
import { aspects, values, type Thing } from "./thing.js"

/** How an image is configured to run. */
export function configurationThings({ config = {} }: ImageConfig): Thing[] {
  const { Env, Labels, Healthcheck, ...settings } = config
  return [
    ...values("environment", variablesOf(Array.isArray(Env) ? Env : [])),
    ...values("label", texts(Labels, plainText)),
    ...values(
      "configuration",
      texts(settings, settingText, (name) => SETTINGS.get(name) ?? name),
    ),
    ...(Healthcheck ? [healthCheck(Healthcheck)] : []),
  ]
}

/** Docker's names for settings, in words. Others keep their name. */
const SETTINGS = new Map([
  ["User", "user"],
  ["WorkingDir", "workdir"],
  ["Entrypoint", "entrypoint"],
  ["Cmd", "default arguments"],
  ["ExposedPorts", "exposed ports"],
  ["Volumes", "volumes"],
  ["StopSignal", "stop signal"],
])

/** Nothing for what means the same as no setting. Ports and volumes are the names of empty objects. */
function settingText(value: unknown): string | undefined {
  if (value === null || value === "") return undefined
  if (typeof value !== "object") return plainText(value)
  const names = Object.keys(value)
  if (names.length === 0) return undefined
  const isSet = !Array.isArray(value) && Object.values(value).every((entry) => canonicalJson(entry) === "{}")
  return isSet ? names.sort().join(", ") : canonicalJson(value)
}

function plainText(value: unknown): string {
  return typeof value === "string" ? value : canonicalJson(value)
}

function texts(
  of: unknown,
  text: (value: unknown) => string | undefined,
  named: (name: string) => string = (name) => name,
): Record<string, string | undefined> {
  const entries: [string, unknown][] = of !== null && typeof of === "object" ? Object.entries(of) : []
  return Object.fromEntries(entries.map(([name, value]) => [named(name), text(value)]))
}

const NANOSECONDS = 1e9

function healthCheck({ Test, ...rest }: NonNullable<NonNullable<ImageConfig["config"]>["Healthcheck"]>): Thing {
  const { Interval, Timeout, StartPeriod, Retries } = rest
  const seconds = (time: number | undefined) => (time === undefined ? undefined : `${String(time / NANOSECONDS)} s`)
  return {
    area: "configuration",
    name: "health check",
    shown: JSON.stringify(Test),
    aspects: aspects({
      test: JSON.stringify(Test),
      interval: seconds(Interval),
      timeout: seconds(Timeout),
      "start period": seconds(StartPeriod),
      retries: Retries === undefined ? undefined : String(Retries),
    }),
  }
}
