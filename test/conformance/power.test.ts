import { describePower } from '../../src/conformance/index.ts'
import { MockPower } from '../../src/drivers/index.ts'

describePower('MockPower', () => ({ driver: new MockPower() }), {
  against: 'nothing: it simulates the device',
  lacks: { interrupt: 'the device is simulated in the driver' },
})
