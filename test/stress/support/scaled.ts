const factor = Number(process.env['STRESS_FACTOR'] ?? 1)

/** Multiplies a count with `STRESS_FACTOR` of the environment (default 1), and gives at least 1. */
export function scaled(count: number): number {
  return Math.max(1, Math.round(count * factor))
}
