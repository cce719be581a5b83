/** Debian's policy on names of packages, but for a final minus, by which apt removes. */
export const PACKAGE_NAME = /^[a-z0-9][a-z0-9+.-]*[a-z0-9+.]$/
