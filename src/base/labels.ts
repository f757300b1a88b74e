/** Labels as one text, by their names: `arch=arm64,board=rpi4`. Empty where there are none. */
export function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)
  return pairs.toSorted().join(',')
}
