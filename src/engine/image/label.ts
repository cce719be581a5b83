/** The label of an engine's image that has the command line for clients: its path in the image. */
export const CLI_LABEL = "com.github.runner.engine.cli"
