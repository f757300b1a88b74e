/**
 * Names the exporters of a test for people: `dut: exporter uno`.
 *
 * @param exporters the names of the exporters, by role
 */
export function exporterFacts(exporters: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(exporters).map(([role, exporter]) => `${role}: exporter ${exporter}`)
}
