/** GitHub's limit. */
export const LONGEST_RUNNER_NAME = 64

/** What GitHub takes as a runner's name. */
export const RUNNER_NAME = /^[^\s"/\\[\]:|<>+=;,?*@]+$/
