import { describeSerial } from '../../src/conformance/index.ts'
import { PySerial } from '../../src/drivers/index.ts'
import { startEchoPty } from '../support/echo-pty.ts'
import { missingCommand } from '../support/system-part.ts'
import { createMicrobit, simulatedBoards } from './support/boards.ts'
import { startEchoServer } from './support/echo-server.ts'

describeSerial(
  'PySerial',
  async () => {
    const pty = await startEchoPty()
    return { ...pty, driver: new PySerial({ url: pty.path }) }
  },
  {
    against: 'a pseudo terminal of socat',
    skip: missingCommand('socat'),
    lacks: { setDtr: 'a pseudo terminal has no control lines', setRts: 'a pseudo terminal has no control lines' },
  },
)

describeSerial(
  'PySerial',
  async () => {
    const server = await startEchoServer()
    return { ...server, driver: new PySerial({ url: `socket://127.0.0.1:${server.port}` }) }
  },
  { against: 'a TCP server of Node.js, by socket://', echo: { windowBytes: 1024 * 1024 } },
)

describeSerial('PySerial', () => ({ driver: new PySerial({ url: 'loop://' }) }), {
  against: 'loop://',
  echo: { totalBytes: 1024 * 1024 },
  lacks: { interrupt: 'loop:// is inside the driver' },
})

for (const { name, against, create } of simulatedBoards) {
  describeSerial(name, () => ({ driver: create() }), {
    against,
    path: 'console',
    lacks: { echo: 'the board has no firmware that echoes', interrupt: 'the board runs inside the driver' },
  })
}

describeSerial('Qemu', () => ({ driver: createMicrobit() }), {
  against: 'QEMU, a micro:bit',
  path: 'console',
  skip: missingCommand('qemu-system-arm'),
  lacks: {
    echo: 'the board has no firmware that echoes',
    interrupt: 'the driver itself starts and ends QEMU',
  },
})
