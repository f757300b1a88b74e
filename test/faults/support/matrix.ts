/** The phase of the run in which the fault comes. */
export const phases = ['waiting', 'leasing', 'in a call', 'in a stream', 'flashing', 'cleaning up'] as const

/** One of {@link phases}. */
export type Phase = (typeof phases)[number]

/** The faults, and the seconds within which the board has to be safe and free afterwards. */
export const faults = {
  'worker SIGKILL': { boundS: 5 },
  'run SIGKILL': { boundS: 5 },
  'run SIGTERM': { boundS: 10 },
  'Ctrl-C, to the process group': { boundS: 10 },
  'exporter SIGKILL': { boundS: 10 },
  'exporter hangs (SIGSTOP)': { boundS: 20 },
  'serial device gone': { boundS: 10 },
  'disk full': { boundS: 10 },
  'broker socket removed': { boundS: 10 },
  'clock of the machine jumps': { boundS: 10 },
} as const

/** One of {@link faults}. */
export type Fault = keyof typeof faults

/** One cell of the table, and what is in it when its test has passed. */
interface Cell {
  readonly fault: Fault
  readonly phase: Phase
  readonly shown: string
}

declare module 'vitest' {
  interface TaskMeta {
    fault?: Cell
  }
}
