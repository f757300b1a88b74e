/** The exporters and clients that a fleet knows. */
export interface FleetSpec {
  /** The labels of its exporters, by their names. */
  readonly exporters: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** The names of its clients. */
  readonly clients: readonly string[]
}

/** A controller with its router: Jumpstarter's own, or the double of the tests. */
export interface Fleet extends AsyncDisposable {
  /** A private folder of the fleet. */
  readonly folder: string
  /** The YAML of an exporter's file, with what else it has. */
  exporterConfig(name: string, more: object): string
  /** The path of a client's file. */
  clientFile(name: string): string
  /** Ends the controller or the router, and starts it again after a while; left out where the tests may not do that. */
  readonly restart?: Readonly<Record<'controller' | 'router', (downMs: number) => Promise<void>>> | undefined
}

/** Starts a fleet. */
export type StartFleet = (spec: FleetSpec) => Promise<Fleet>
