import { describe, expect, test } from 'vitest'

import { ContainerClient } from '../../src/clients/drivers/container-client.ts'
import { ContainerBoard } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { reasonAgainstDocker, startDocker } from '../conformance/support/docker.ts'

const missing = reasonAgainstDocker()

describe.skipIf(missing !== undefined)('the engine of a container board', () => {
  test('that is stopped ends calls and waits with the lab as the origin, and the board comes back with it', async () => {
    await using docker = await startDocker()
    process.env['DOCKER_HOST'] = docker.host
    const command = ['sh', '-c', 'echo ready; while read line; do echo "got $line"; done']
    await using board = await serve(new ContainerBoard({ image: 'busybox:test', command }), { client: ContainerClient })
    await board.attach()
    await board.power.on()
    await board.console.expect('ready\n')
    const running = board.exec(['sleep', '60']).catch((error: unknown) => error)
    const [id = ''] = (await docker.docker('ps', '--quiet')).split('\n')
    await expect.poll(() => docker.docker('top', id), { timeout: 10_000 }).toContain('sleep 60')
    const silent = board.console.expect('never printed', { timeoutMs: 60_000 }).catch((error: unknown) => error)
    await docker.stop()
    expect(await running).toMatchObject({ code: 'DEVICE_IO', origin: 'lab' })
    expect(await silent).toMatchObject({ code: 'CONSOLE_CLOSED', origin: 'lab' })
    for (const use of [
      () => board.power.on(),
      () => board.power.off(),
      () => board.status(),
      () => board.exec(['true']),
    ]) {
      await expect(use()).rejects.toMatchObject({
        code: 'DEVICE_IO',
        origin: 'lab',
        message: expect.stringMatching(/Cannot .*: connect E\w+ .*docker\.sock/),
      })
    }
    await docker.start()
    expect(await board.status()).toBe('exited')
    await board.attach()
    await board.power.on()
    await board.console.expect('ready\n')
    await board.console.send('again\n')
    await board.console.expect('got again\n')
    expect(await board.exec(['echo', 'fine'])).toMatchObject({ stdout: 'fine\n' })
  })
})
