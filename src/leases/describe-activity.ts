import type { ExporterActivity } from '../protocol/activity.ts'

/** Describes the last actions of an exporter's clients in a few lines; empty if there were none. */
export function describeActivity({ calls, consoles }: ExporterActivity): string {
  const lines = [
    ...calls.map(({ name, ms }) => `call under way: ${name} (for ${(ms / 1000).toFixed(1)} s)`),
    ...consoles.flatMap(({ name, lines }) => [`${name} printed last:`, ...lines.map((line) => `  | ${line}`)]),
  ]
  return lines.map((line) => `\n  ${line}`).join('')
}
