/** Tells this program that it is to do operations for another one of itself. */
export const WORKER_VARIABLE = "RUNNER_IMAGES_WORKER"
