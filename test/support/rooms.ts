/** A folder of `src/`, or a folder inside one. */
interface Room {
  /** One plain sentence: the purpose of the room. */
  readonly purpose: string
  /** The files and folders (they end in `/`) from which the room may import. */
  readonly imports: readonly string[]
  /** Those of {@link imports} from which the room may import nothing but types, which vanish when they are compiled. */
  readonly typesOnly?: readonly string[]
}

/**
 * Every folder of `src/` and its imports, from the bottom to the top. A folder inside a room has a row where its imports are
 * fewer than those of the room. `index.ts`, `serve.ts` and the other files at the top of
 * `src/` may import anything.
 */
export const rooms: Readonly<Record<string, Room>> = {
  base: {
    purpose:
      'One piece for each small idea that needs nothing else of the project: mutex, abort, retry, poll, lines, checks.',
    imports: ['errors.ts'],
  },
  interfaces: {
    purpose: 'The contracts that drivers and clients share, one file for each kind of device.',
    imports: [],
  },
  protocol: {
    purpose: "Jumpstarter's wire protocol: values, resources, streams and status, and the channel that carries calls.",
    imports: ['errors.ts', 'base/', 'recording/'],
  },
  runtime: {
    purpose:
      "The exporter's side: the driver base class, sessions, dispatch of calls, hooks, exporter files and the gRPC server.",
    imports: ['errors.ts', 'base/', 'protocol/', 'interfaces/'],
  },
  'driver-kit': {
    purpose: 'Pieces for drivers: connections that come back, and what a driver needs on a machine.',
    imports: ['errors.ts', 'base/'],
  },
  drivers: {
    purpose: 'The hardware, one folder for each kind of driver.',
    imports: [
      'errors.ts',
      'base/',
      'driver-kit/',
      'interfaces/',
      'runtime/driver.ts',
      'runtime/call.ts',
      'runtime/composite-driver.ts',
      'runtime/safe-state.ts',
      'runtime/config/driver-types.ts',
      'runtime/content/pool.ts',
    ],
    typesOnly: ['runtime/config/driver-types.ts'],
  },
  recording: {
    purpose:
      'What a test does to the hardware: the steps, everything that passes over its connections, and the file of it.',
    imports: ['errors.ts', 'base/'],
  },
  evidence: {
    purpose: 'The explanation of a failed test, made from its recording: lists, pages, and the party that has to act.',
    imports: ['errors.ts', 'base/', 'recording/'],
  },
  clients: {
    purpose: 'The objects that tests call: connections, one client for each kind of driver, consoles and shells.',
    imports: ['errors.ts', 'base/', 'protocol/', 'interfaces/', 'recording/'],
  },
  'clients/console': {
    purpose: 'A console: everything that a device prints, searched without losing anything, and guards.',
    imports: ['errors.ts', 'base/', 'recording/', 'clients/board-failure.ts', 'clients/call-options.ts'],
  },
  'clients/shells': {
    purpose: 'Shells on a console: Linux, U-Boot, Zephyr, and any other with a known prompt.',
    imports: ['errors.ts', 'base/', 'recording/', 'clients/call-options.ts', 'clients/console/types.ts'],
    typesOnly: ['clients/console/types.ts'],
  },
  'target-tests': {
    purpose: 'The tests that a firmware runs itself: their formats, read from a console.',
    imports: ['errors.ts', 'base/'],
  },
  boards: {
    purpose: 'The states of a board and the ways between them.',
    imports: ['errors.ts', 'base/', 'recording/', 'clients/'],
  },
  conformance: {
    purpose:
      'Suites that test a driver against its real part, for the drivers of this package and for those of others.',
    imports: [
      'errors.ts',
      'serve.ts',
      'base/',
      'interfaces/',
      'clients/',
      'runtime/driver.ts',
      'runtime/config/construct-driver.ts',
      'runtime/config/driver-types.ts',
    ],
    typesOnly: ['runtime/config/driver-types.ts'],
  },
  leases: {
    purpose: 'The sources of leases: exporters that a run starts, exporters that run already, and controllers.',
    imports: [
      'errors.ts',
      'base/',
      'protocol/',
      'clients/call-by-name.ts',
      'clients/connect.ts',
      'clients/follow-log.ts',
      'clients/wait-until-ready.ts',
    ],
  },
  broker: {
    purpose: 'The broker of a run, which grants exporters to test files. It knows nothing of Vitest.',
    imports: ['errors.ts', 'base/', 'leases/'],
  },
  fixtures: {
    purpose: "The worker's side: `needs()`, roles, and matchers.",
    imports: [
      'errors.ts',
      'base/',
      'interfaces/',
      'recording/',
      'evidence/',
      'clients/',
      'target-tests/',
      'boards/',
      'broker/messages.ts',
    ],
    typesOnly: ['broker/messages.ts'],
  },
  plugin: {
    purpose: "Vitest's main process: the options of `hardware()`, global setup, the plan and the end of a run.",
    imports: ['errors.ts', 'base/', 'leases/', 'broker/'],
  },
  'exporter-process': {
    purpose: 'The program that a run starts for each exporter.',
    imports: ['errors.ts', 'base/', 'protocol/', 'runtime/', 'drivers/', 'leases/'],
  },
  cli: {
    purpose: 'The command line, one file for each command.',
    imports: [
      'errors.ts',
      'base/',
      'interfaces/',
      'protocol/',
      'recording/',
      'clients/',
      'leases/',
      'runtime/',
      'drivers/',
    ],
  },
}
