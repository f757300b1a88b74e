/** Replaces secrets in a text for people by `***`. A secret inside of another one leaves nothing of the longer one. */
export function maskSecrets(text: string, secrets: Iterable<string>): string {
  const longestFirst = Array.from(secrets)
    .filter((secret) => secret !== '')
    .toSorted((a, b) => b.length - a.length)
  return longestFirst.reduce((masked, secret) => masked.replaceAll(secret, '***'), text)
}
