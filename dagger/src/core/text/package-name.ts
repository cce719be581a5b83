/** A package name by Debian's policy, except for a trailing minus, which tells apt to remove the package. */
export const PACKAGE_NAME = /^[a-z0-9][a-z0-9+.-]*[a-z0-9+.]$/
