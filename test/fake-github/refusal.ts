/**
 * An answer that is no success, with GitHub's body for it.
 *
 * https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api
 */
export class Refusal extends Error {
  override readonly name = "Refusal"

  /** @param documentation the page that GitHub names in the body */
  constructor(
    readonly status: number,
    message: string,
    readonly documentation = "https://docs.github.com/rest",
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message)
  }

  get body(): unknown {
    return { message: this.message, documentation_url: this.documentation, status: String(this.status) }
  }
}

/** What exists but may not be seen is answered like what does not exist. */
export function notFound(documentation?: string): Refusal {
  return new Refusal(404, "Not Found", documentation)
}
