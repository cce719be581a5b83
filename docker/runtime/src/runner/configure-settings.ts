/** What config.sh is told besides the token. */
export interface ConfigureSettings {
  readonly url: string
  readonly group?: string | undefined
  readonly name: string
  readonly labels: readonly string[]
  readonly noDefaultLabels: boolean
  readonly workFolder: string
  readonly replace: boolean
  readonly ephemeral: boolean
  readonly disableUpdate: boolean
  /** The token is one that the user gave, and may be old. */
  readonly givenToken: boolean
}
