/** Tells this program that it is the broker of a container: its value is the file descriptor of the channel to the supervisor. */
export const BROKER_VARIABLE = "RUNNER_IMAGES_BROKER_FD"
