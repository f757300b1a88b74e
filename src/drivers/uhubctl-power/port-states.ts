/** The state of a port, as uhubctl reports it after a change. */
export interface PortState {
  /** The location of the hub: `1-1.4`. A USB 3 hub is two hubs, one for each generation. */
  readonly hub: string
  readonly isOn: boolean
}

/**
 * Reads the states of a port that `uhubctl -a on` or `-a off` reports when it has changed them.
 *
 * @param output the standard output of uhubctl 2.x: `New status for hub 1-1 […]`, and below it `  Port 2: 0100 power`
 * @returns the states in the order of the output; none where the hub does not have the port
 */
export function newPortStates(output: string, port: number): readonly PortState[] {
  const states: PortState[] = []
  let hub: string | undefined
  for (const line of output.split(/\r?\n/)) {
    const head = /^(?<kind>Current|New) status for hub (?<hub>\S+)/.exec(line)?.groups
    if (head !== undefined) hub = head['kind'] === 'New' ? head['hub'] : undefined
    const status = /^\s+Port (?<port>\d+): [\da-f]{4}(?<words>[^[]*)/.exec(line)?.groups
    if (hub === undefined || Number(status?.['port']) !== port) continue
    states.push({ hub, isOn: status?.['words']?.split(' ').includes('power') === true })
  }
  return states
}
