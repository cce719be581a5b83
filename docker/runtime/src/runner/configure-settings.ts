/** config.sh's settings besides the token. */
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
  /** The token is the user's own, and may be old. */
  readonly givenToken: boolean
}
