import type { ExporterActivity } from '../protocol/activity.ts'

/** Says it in a few lines; nothing where nothing happened. */
export function describeActivity({ calls, consoles }: ExporterActivity): string {
  const lines = [
    ...calls.map(({ name, ms }) => `call under way: ${name} (for ${(ms / 1000).toFixed(1)} s)`),
    ...consoles.flatMap(({ name, lines }) => [`${name} printed last:`, ...lines.map((line) => `  | ${line}`)]),
  ]
  return lines.map((line) => `\n  ${line}`).join('')
}
