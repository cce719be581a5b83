/**
 * Where the runner is in its life:
 *
 * | phase | meaning |
 * |---|---|
 * | starting | the container gets ready: folders, certificates, Docker |
 * | registering | on its way to GitHub, until it listens |
 * | listening | GitHub can give it a job |
 * | busy | it has a job |
 * | stopping | it takes no further job, and leaves GitHub's list |
 * | ended | it is over |
 */
export type Phase = "starting" | "registering" | "listening" | "busy" | "stopping" | "ended"

/** Which phase may follow which. A listener that is started again registers its session again. */
export const NEXT_PHASES: Readonly<Record<Phase, readonly Phase[]>> = {
  starting: ["registering", "stopping", "ended"],
  registering: ["listening", "stopping", "ended"],
  listening: ["busy", "registering", "stopping", "ended"],
  busy: ["listening", "registering", "stopping", "ended"],
  stopping: ["ended"],
  ended: [],
}
