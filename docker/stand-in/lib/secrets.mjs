/** Texts that are shown as `***`. */
const secrets = new Set()

/** @param {string | undefined} secret */
export function hide(secret) {
  if (secret !== undefined && secret.trim() !== "") secrets.add(secret)
}

/**
 * @param {string} text
 * @returns {string}
 */
export function masked(text) {
  for (const secret of secrets) text = text.replaceAll(secret, "***")
  return text
}
