import { join } from 'node:path'

import { connect, type ConnectOptions } from '../../src/index.ts'
import type { Driver } from '../../src/runtime/driver.ts'
import { createPrivateFolder } from '../../src/base/private-folder.ts'
import { serveSession } from '../../src/runtime/service/server.ts'
import { Session, type SessionOptions } from '../../src/runtime/session.ts'

/** A served session that has not started, so that a test sees what happens before it is ready. */
export async function openSession(root: Driver, options: SessionOptions & { connect?: ConnectOptions } = {}) {
  const session = new Session(root, options)
  const folder = await createPrivateFolder()
  const server = await serveSession(session, { kind: 'unix', path: join(folder.path, 's.sock') })
  const connection = await connect(server.address, options.connect)
  return {
    session,
    server,
    folder,
    ...connection,
    async [Symbol.asyncDispose]() {
      connection.close()
      await server.close()
      await session.close()
      await folder.remove()
    },
  }
}
