/** Tells this program to perform operations for another process of itself. */
export const WORKER_VARIABLE = "RUNNER_IMAGES_WORKER"
