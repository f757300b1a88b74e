import { describeSerial } from '../../src/conformance/index.ts'
import { PySerial } from '../../src/drivers/index.ts'
import { startEchoPty } from './support/echo-pty.ts'

describeSerial(
  'PySerial',
  async () => {
    const pty = await startEchoPty()
    return { ...pty, driver: new PySerial({ url: pty.path }) }
  },
  {
    against: 'socat, a pseudo terminal',
    lacks: { setDtr: 'a pseudo terminal has no control lines', setRts: 'a pseudo terminal has no control lines' },
  },
)
