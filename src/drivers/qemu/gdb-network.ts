import { Network } from '../../interfaces/network.ts'
import { Driver } from '../../runtime/driver.ts'
import type { GdbSocket } from './gdb-socket.ts'

/** The connection of a debugger, in gdb's remote protocol, for clients that are not on the exporter's machine. */
export class GdbNetwork extends Driver {
  static readonly interface = { ...Network, methods: { connect: Network.methods.connect } }
  readonly #gdb: GdbSocket

  constructor(gdb: GdbSocket) {
    super()
    this.#gdb = gdb
  }

  connect() {
    return this.#gdb.connect()
  }
}
