/** Something that the user can put right. Shown without a stack trace; the program ends with exit code 1, as the real runner does. */
export class Failure extends Error {
  /** @override */
  name = "Failure"
}
