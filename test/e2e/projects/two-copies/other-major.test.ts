import { expect, test } from 'vitest'
import * as own from 'vitest-hardware'

import { MockPower, PowerClient } from './other-major/index.ts'

test('needs() and serve() refuse classes of another major version, and name both places', async () => {
  const places =
    /comes from another major version of vitest-hardware: version 1 in .*other-major.*, but version 0 in .*vitest-hardware/
  expect(() => own.needs({ dut: { drivers: { board: { power: PowerClient } } } })).toThrow(places)
  await expect(own.serve(new MockPower())).rejects.toThrow(places)
})
