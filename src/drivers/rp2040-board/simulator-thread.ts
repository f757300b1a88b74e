import { loadOptionalModule } from '../../base/optional-module.ts'
import { runSimulator } from '../simulated-board/run-simulator.ts'

await runSimulator(async () => {
  const rp2040 = await loadOptionalModule('rp2040js', 'Rp2040Board', () => import('rp2040js'))
  const { Rp2040Kind } = await import('./machine.ts')
  return new Rp2040Kind(rp2040)
})
