import { defineBoard, needs } from 'vitest-hardware'
import { PowerClient, SerialClient } from 'vitest-hardware/clients'

const board = defineBoard({
  drivers: { console: SerialClient, power: PowerClient },
  states: {
    off: { check: () => true },
    linux: { check: ({ console }) => console.expect('# ', { timeoutMs: 100 }).then(() => true) },
  },
  edges: [
    { from: 'any', to: 'off', run: () => {} },
    { from: 'off', to: 'linux', run: ({ power }) => power.on() },
  ],
})
const test = needs({ dut: { selector: 'bench=stuck', board } })

test('relay of a state', async ({ dut }) => {
  await dut.states.to('linux')
})
