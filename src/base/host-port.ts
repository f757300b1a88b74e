/** Writes a host and a port as in URLs, an IPv6 address in brackets (RFC 3986, section 3.2.2): `[fd00::1]:80`. */
export function hostPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
