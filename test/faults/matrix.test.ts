import { testFaults } from './support/scenarios.ts'
import type { Fault, Phase } from './support/matrix.ts'

/** One phase for each fault, and each phase at least once. The project `stress` has them all. */
const phaseOf: Readonly<Record<Fault, Phase>> = {
  'worker SIGKILL': 'in a call',
  'run SIGKILL': 'flashing',
  'run SIGTERM': 'in a stream',
  'Ctrl-C, to the process group': 'waiting',
  'exporter SIGKILL': 'cleaning up',
  'exporter hangs (SIGSTOP)': 'in a call',
  'serial device gone': 'in a stream',
  'disk full': 'leasing',
  'broker socket removed': 'waiting',
  'clock of the machine jumps': 'flashing',
}

testFaults((fault) => [phaseOf[fault]])
