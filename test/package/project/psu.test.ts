import { describePower } from 'vitest-hardware/conformance'

import { startDevice } from './device.ts'
import { Psu } from './psu.ts'

describePower('Psu', async () => {
  const device = await startDevice()
  return { ...device, driver: new Psu({ host: '127.0.0.1', port: device.port }) }
})
