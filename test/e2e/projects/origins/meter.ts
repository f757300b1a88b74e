import { createServer } from 'node:net'
import { call, defineInterface, Driver, type Implementation } from 'vitest-hardware'

export const Metering = defineInterface({
  client: 'test.MeterClient',
  methods: { measure: call<() => number>(), die: call<() => void>() },
})

/** A meter behind a service of the lab that is down. */
export class Meter extends Driver implements Implementation<typeof Metering> {
  static readonly interface = Metering

  async measure() {
    const response = await fetch(`http://127.0.0.1:${await closedPort()}/volts`)
    return Number(await response.text())
  }

  /** Kills the exporter soon. */
  die() {
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 50)
  }
}

/** @returns a port at which nobody listens */
function closedPort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
