import { once } from 'node:events'
import { expect, test } from 'vitest'

import { connect, type Connection } from '../../../src/index.ts'
import type { Lease } from '../../../src/leases/lease.ts'
import { useLocalBoard } from '../../support/local-board.ts'

const timeout = 60_000
const { start, journal, isFree, writeExporter, output } = useLocalBoard()

/** Opens a session, in which a call waits. */
async function use(path?: string) {
  const exporter = await start(path)
  await exporter.reserve()
  const lease = await exporter.lease()
  const connection = await connect(lease.endpoint.address)
  const waiting = call(connection, 'hang').catch((error: unknown) => error)
  return { exporter, lease, connection, waiting }
}

function call(connection: Connection, method: string, ...args: readonly unknown[]): Promise<unknown> {
  const { board } = connection.root.children
  if (board === undefined) throw new Error('there is no board')
  return board.call(method, ...args)
}

async function lossOf({ lost }: Lease): Promise<unknown> {
  if (!lost.aborted) await once(lost, 'abort')
  return lost.reason
}

test(
  'a promise that a driver forgets fails the session, makes the devices safe, and leaves the process for the next',
  { timeout },
  async () => {
    const { exporter, lease, connection, waiting } = await use()
    await call(connection, 'leave', 'forget')
    const failure = {
      code: 'EXPORTER_FAILED',
      origin: 'lab',
      message: expect.stringContaining('an error in driver board (LocalBoard) that no call has caught: lost a promise'),
      details: expect.objectContaining({ driver: 'board' }),
    }
    expect(await lossOf(lease)).toMatchObject({ ...failure, details: { driver: 'board', exporter: 'board' } })
    expect(await waiting).toMatchObject(failure)
    await expect(call(connection, 'relax')).rejects.toMatchObject(failure)
    await expect.poll(journal, { timeout: 10_000 }).toEqual(['A start', 'A relax'])
    // The stack names the line of the driver.
    expect(output().join('\n')).toMatch(/lost a promise\n.*drivers\/local-board\.ts:\d+/s)
    connection.close()
    await lease.release()
    expect(journal()).toEqual(['A start', 'A relax', 'A relax', 'A end'])
    await (await exporter.lease()).release()
    expect(journal().slice(4)).toEqual(['A start', 'A relax', 'A end'])
    await exporter.free()
  },
)

test(
  'a timer that throws makes the devices safe, and ends the process, which is started again',
  { timeout },
  async () => {
    const { exporter, lease, connection, waiting } = await use()
    await call(connection, 'leave', 'throw')
    const failure = {
      code: 'EXPORTER_FAILED',
      message: expect.stringContaining('board (LocalBoard) that no call has caught: lost a timer'),
    }
    expect(await lossOf(lease)).toMatchObject(failure)
    expect(await waiting).toMatchObject(failure)
    connection.close()
    await lease.release()
    expect(journal().slice(0, 2)).toEqual(['A start', 'A relax'])
    await (await exporter.lease()).release()
    expect(journal().slice(-3)).toEqual(['B start', 'B relax', 'B end'])
    await exporter.free()
    expect(await isFree()).toBe(true)
  },
)

test('the exit of the process is followed by a new one, which makes the devices safe first', { timeout }, async () => {
  const { exporter, lease, connection } = await use()
  await call(connection, 'leave', 'exit').catch(() => undefined)
  expect(await lossOf(lease)).toMatchObject({
    code: 'EXPORTER_FAILED',
    message: expect.stringContaining('exit code 7'),
  })
  connection.close()
  await lease.release()
  expect(journal()).toEqual(['A start', 'B start', 'B relax', 'B end'])
  await exporter.free()
})

test('a session that has failed still has its hook after the lease', { timeout }, async () => {
  const script = `node -e 'console.log("after the lease")'`
  const { exporter, lease, connection } = await use(writeExporter({ hooks: { afterLease: { script } } }))
  await call(connection, 'leave', 'forget')
  await lossOf(lease)
  connection.close()
  await lease.release()
  expect(output()).toContain('afterLease: after the lease')
  expect(journal()).toEqual(['A start', 'A relax', 'A relax', 'A end'])
  await exporter.free()
})
