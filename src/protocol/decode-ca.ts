/** Decodes the certificates of Jumpstarter's `tls.ca`, which is PEM in base64; `undefined` if there are none. */
export function decodeCa(encoded: string | undefined): string | undefined {
  return encoded === undefined || encoded === '' ? undefined : Buffer.from(encoded, 'base64').toString('utf8')
}
