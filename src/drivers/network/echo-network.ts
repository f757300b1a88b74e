import { PassThrough } from 'node:stream'

import { Network } from '../../interfaces/network.ts'
import { Driver } from '../../runtime/driver.ts'

const { connect } = Network.methods

/** An endpoint that sends back what it receives. It has no address. */
export class EchoNetwork extends Driver {
  static readonly interface = { ...Network, methods: { connect } }
  static readonly configRules = {}

  connect() {
    return new PassThrough()
  }
}
