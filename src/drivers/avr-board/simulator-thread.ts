import { loadOptionalModule } from '../../base/optional-module.ts'
import { runSimulator } from '../simulated-board/run-simulator.ts'

await runSimulator(async () => {
  const avr = await loadOptionalModule('avr8js', 'AvrBoard', () => import('avr8js'))
  const { AvrKind } = await import('./machine.ts')
  return new AvrKind(avr)
})
