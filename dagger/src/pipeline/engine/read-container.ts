import { dag, type Container } from "@dagger.io/dagger"
import { z } from "zod"
import { SETUP_INFO } from "../../core/plan/setup-info.js"

/** How a container is configured, and what its text files say. */
export interface ContainerFacts {
  configuration: {
    user: string
    workdir: string
    entrypoint: string[]
    defaultArguments: string[]
    environment: Record<string, string>
    labels: Record<string, string>
  }
  /** dpkg's list of packages. */
  status: string
  passwd: string
  group: string
  /** What the runner shows of the image; undefined when there is no such file. */
  setupInfo: string | undefined
}

const pairs = z
  .array(z.object({ name: z.string(), value: z.string() }))
  .transform((entries) => Object.fromEntries(entries.map(({ name, value }) => [name, value])))
const words = z
  .array(z.string())
  .nullable()
  .transform((list) => list ?? [])

const configurationSchema = z.object({
  user: z.string(),
  workdir: z.string(),
  entrypoint: words,
  defaultArguments: words,
  environment: pairs,
  labels: pairs,
})

const CONFIGURATION =
  "user workdir entrypoint defaultArguments: defaultArgs environment: envVariables { name value } labels { name value }"

/** A container never changes. */
const known = new WeakMap<Container, Promise<ContainerFacts>>()

/**
 * Reads what checks and comparisons need to know of a container, once and with one query: the client would send the container's whole
 * history for each file, and for each name and value of a label.
 */
export function factsOf(container: Container): Promise<ContainerFacts> {
  const facts = known.get(container) ?? readFacts(container)
  known.set(container, facts)
  return facts
}

async function readFacts(container: Container): Promise<ContainerFacts> {
  const always = ["/var/lib/dpkg/status", "/etc/passwd", "/etc/group"]
  const read = async (paths: readonly string[]): Promise<ContainerFacts> => {
    const answer = await ask(container, `${CONFIGURATION} ${filesQuery(paths)}`)
    const [status = "", passwd = "", group = "", setupInfo] = filesIn(answer, paths)
    return { configuration: configurationSchema.parse(answer), status, passwd, group, setupInfo }
  }
  try {
    return await read([...always, SETUP_INFO.path])
  } catch (error) {
    // An image that something else made. Its absence is not known before, and asking first would be a request for every image.
    if (await container.exists(SETUP_INFO.path)) throw error
    return read(always)
  }
}

/**
 * Reads text files of a container with one query.
 *
 * @returns the texts in the order of the paths
 * @throws Dagger's error when one does not exist
 */
export async function filesOf(container: Container, paths: readonly string[]): Promise<string[]> {
  return filesIn(await ask(container, filesQuery(paths)), paths)
}

function filesQuery(paths: readonly string[]): string {
  return paths.map((path, place) => `file${String(place)}: file(path: ${JSON.stringify(path)}) { contents }`).join(" ")
}

function filesIn(answer: Record<string, unknown>, paths: readonly string[]): string[] {
  return paths.map((_, place) => z.object({ contents: z.string() }).parse(answer[`file${String(place)}`]).contents)
}

/** A container's fields, as GraphQL. */
async function ask(container: Container, fields: string): Promise<Record<string, unknown>> {
  const query = `query ($id: ContainerID!) { loadContainerFromID(id: $id) { ${fields} } }`
  const answer: unknown = await dag.getGQLClient().request(query, { id: await container.id() })
  return z.object({ loadContainerFromID: z.record(z.string(), z.unknown()) }).parse(answer).loadContainerFromID
}
