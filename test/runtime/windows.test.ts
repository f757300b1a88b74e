import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect as connectSocket } from 'node:net'
import { expect, test } from 'vitest'

import { MockPower } from '../../src/drivers/index.ts'
import { openSession } from '../../src/runtime/open-session.ts'
import { exporterWindowBytes } from '../../src/runtime/service/windows.ts'
import { defineExporter } from '../../src/runtime/define-exporter.ts'

test('an exporter opens larger windows than HTTP/2 has by itself', async () => {
  const exporter = defineExporter({ name: 'desk', export: () => ({ power: new MockPower() }) })
  await using session = await openSession({ ...exporter, warnings: [] })
  const client = connectHttp2('http://localhost', { createConnection: () => connectSocket(session.address) })
  const [settings] = (await once(client, 'remoteSettings')) as [{ initialWindowSize: number }]
  expect(settings.initialWindowSize).toBe(exporterWindowBytes)
  await expect.poll(() => client.state.remoteWindowSize).toBe(exporterWindowBytes)
  client.destroy()
})
