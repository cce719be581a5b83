/** Where operating systems keep the bundle of certificate authorities that their programs trust; the first that exists counts. */
export const SYSTEM_TRUST_FILES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
]
