/** The variable that tells the tests which image to test. */
export const REFERENCE = "RUNNER_IMAGES_MULTI_ARCH_REFERENCE"
