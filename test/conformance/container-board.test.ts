import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { execa } from 'execa'
import { afterAll, assert, beforeAll, describe, expect, test } from 'vitest'

import { createPrivateFolder, type PrivateFolder } from '../../src/base/private-folder.ts'
import { ContainerClient } from '../../src/clients/drivers/container-client.ts'
import { NetworkClient } from '../../src/clients/index.ts'
import { echo } from '../../src/conformance/echo.ts'
import { describeDriver, describeNetwork, describePower, describeSerial } from '../../src/conformance/index.ts'
import { ContainerBoard, type ContainerBoardConfig } from '../../src/drivers/index.ts'
import type { ContainerPort } from '../../src/drivers/container-board/port-network.ts'
import type { ContainerPower } from '../../src/drivers/container-board/power.ts'
import { serve } from '../../src/index.ts'
import { Container } from '../../src/interfaces/index.ts'
import { untilSucceeds } from '../support/until-succeeds.ts'
import { type Docker, reasonAgainstDocker, startDocker } from './support/docker.ts'
import { SocketRelay } from './support/socket-relay.ts'

const missing = reasonAgainstDocker()
const image = 'busybox:test'
/** A program that greets, and answers each line. Signals end it at once. */
const command = ['sh', '-c', 'echo ready; while read line; do echo "got $line"; done']

describe('without an engine', () => {
  test.each([
    [{}, 'has to have image or dockerfile'],
    [{ image, dockerfile: 'x' }, 'dockerfile is given besides image; leave one out'],
    [
      { image: 3, command: 'sh', env: { A: 1 }, ports: { power: 80 }, files: { relative: 'x' }, tty: 1, port: 1 },
      /^image is 3.*; command is "sh".*; env is .*; ports is .* not power or console; files is .*; tty is 1.*; port is an unknown key/,
    ],
  ])('the configuration %o is refused', (config, message) => {
    expect(() => new ContainerBoard(config as ContainerBoardConfig)).toThrow(message)
  })

  test('a check says what to start', async ({ skip }) => {
    const socket = '/var/run/docker.sock'
    skip(existsSync(socket), `testcontainers finds the engine of this machine at ${socket}`)
    // In a process for itself: testcontainers keeps what it has found.
    const program = `
      import { ContainerBoard } from './src/drivers/index.ts'
      console.log(JSON.stringify(await ContainerBoard.check({})))`
    const env = { DOCKER_HOST: 'unix:///none/docker.sock' }
    const { stdout } = await execa(process.execPath, ['--input-type=module', '--eval', program], { env })
    expect(JSON.parse(stdout)).toEqual([
      { name: 'the package testcontainers', isMet: true },
      {
        name: 'a container engine',
        isMet: false,
        found: expect.stringMatching(/^No container engine answers \(.*\): start Docker, or set DOCKER_HOST/),
        cure: 'install and start Docker, or set DOCKER_HOST',
      },
    ])
  })
})

describe.skipIf(missing !== undefined)('a container board', () => {
  let docker: Docker
  let relay: SocketRelay
  let folder: PrivateFolder
  const before = process.env['DOCKER_HOST']
  beforeAll(async () => {
    folder = await createPrivateFolder()
    docker = await startDocker()
    relay = await SocketRelay.start(join(folder.path, 'relay.sock'), docker.host.replace('unix://', ''))
    process.env['DOCKER_HOST'] = `unix://${relay.path}`
  })
  afterAll(async () => {
    if (before === undefined) delete process.env['DOCKER_HOST']
    else process.env['DOCKER_HOST'] = before
    await relay[Symbol.asyncDispose]()
    await docker[Symbol.asyncDispose]()
    await folder.remove()
  })

  const serveBoard = (config: Partial<ContainerBoardConfig> = {}) =>
    serve(new ContainerBoard({ image, command, ...config }), { client: ContainerClient })
  const containers = async () => (await docker.docker('ps', '--all', '--quiet')).split('\n').filter((id) => id !== '')

  test('starts and stops with its power, and is removed at the end', async () => {
    {
      await using board = await serveBoard()
      expect(await board.status()).toBe('off')
      await board.attach()
      for (let round = 1; round <= 2; round++) {
        await board.power.on()
        await board.power.on()
        expect(await board.status()).toBe('running')
        await board.console.expect('ready\n')
        await board.console.send(`round ${round}\n`)
        await board.console.expect(`got round ${round}\n`)
        await board.power.off()
        await board.power.off()
        expect(await board.status()).toBe('exited')
      }
      expect(board.console.all).toBe('ready\ngot round 1\nready\ngot round 2\n')
      expect(await containers()).toHaveLength(1)
    }
    expect(await containers()).toEqual([])
  })

  test('runs commands, and keeps files until it is destroyed', async () => {
    const file = join(folder.path, 'given')
    await writeFile(file, 'given by the config')
    await using board = await serveBoard({ env: { WORD: 'a b; c' }, files: { '/bin/given': file } })
    await expect(board.exec(['cat', '/bin/given'])).rejects.toMatchObject({ code: 'NOT_READY', origin: 'lab' })
    await board.power.on()
    const literal = '$(echo bad); "x"'
    expect(
      await board.exec(['sh', '-c', 'echo "$WORD"; echo "$1" "$MORE" >&2; exit 3', 'sh', literal], {
        env: { MORE: 'é' },
      }),
    ).toEqual({ stdout: 'a b; c\n', stderr: `${literal} é\n`, exitCode: 3 })
    expect(await board.exec(['cat', 'given'], { cwd: '/bin' })).toMatchObject({ stdout: 'given by the config' })
    // The code depends on the version of the engine.
    expect([126, 127]).toContain((await board.exec(['missing'])).exitCode)
    // The program never ends.
    await expect(board.exec(['sh', '-c', 'while cat /bin/busybox; do :; done'])).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    })
    const bytes = Buffer.from(Array.from({ length: 300_001 }, (_, n) => (n * 7) % 256))
    await board.upload(bytes, '/bin/bytes')
    await board.power.cycle({ offMs: 0 })
    const target = new PassThrough()
    const [read] = await Promise.all([buffer(target), board.download('/bin/bytes', target)])
    expect(read.equals(bytes)).toBe(true)
    await board.download('/bin/given', join(folder.path, 'read'))
    expect(await readFile(join(folder.path, 'read'), 'utf8')).toBe('given by the config')
    await expect(board.download('/bin', new PassThrough())).rejects.toThrow(
      'Cannot read /bin in the container: it is not a file',
    )
    await expect(board.download('/none', new PassThrough())).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'board',
    })
    await expect(board.upload(bytes, 'bytes')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    await board.power.off({ destroy: true })
    await board.power.on()
    expect(await board.exec(['cat', '/bin/bytes'])).toMatchObject({ exitCode: 1 })
    expect(await board.exec(['cat', '/bin/given'])).toMatchObject({ exitCode: 0 })
  })

  test('has its ports as networks, also after a restart', async () => {
    const dockerfile = join(folder.path, 'Dockerfile')
    await writeFile(join(folder.path, 'index.html'), 'a page')
    await writeFile(dockerfile, `FROM ${image}\nCOPY index.html /www/\nCMD ["httpd","-f","-p","8080","-h","/www"]\n`)
    await using board = await serve(new ContainerBoard({ dockerfile, ports: { web: 8080 } }), {
      client: ContainerClient,
    })
    const web = board.children['web']
    expect(web).toBeInstanceOf(NetworkClient)
    if (!(web instanceof NetworkClient)) return
    await expect(web.address()).rejects.toMatchObject({ code: 'NOT_READY' })
    await using port = await web.forwardTcp()
    const page = async () => (await fetch(`http://127.0.0.1:${port.port}/index.html`)).text()
    for (let round = 1; round <= 2; round++) {
      await board.power.cycle({ offMs: 0 })
      await expect.poll(() => page().catch(() => undefined), { timeout: 10_000 }).toBe('a page')
    }
  })

  test('a container that is killed or removed ends calls with the board as the origin, and comes back', async () => {
    await using board = await serveBoard()
    await board.attach()
    await board.power.on()
    for (const end of [['kill'], ['rm', '--force']]) {
      const [id = ''] = await containers()
      const failure = board.exec(['sleep', '60']).catch((error: unknown) => error)
      await expect.poll(() => docker.docker('top', id), { timeout: 10_000 }).toContain('sleep 60')
      await docker.docker(...end, id)
      expect(await failure).toMatchObject({ code: 'DEVICE_IO', origin: 'board' })
      await board.power.on()
      await board.console.expect('ready\n')
      await board.console.send('again\n')
      await board.console.expect('got again\n')
    }
  })

  test('a connection to the engine that is cut leaves the console, with a mark in its log', async () => {
    await using board = await serveBoard()
    await board.attach()
    await board.power.on()
    await board.console.expect('ready\n')
    relay.cut()
    await board.console.expect(/the device is away: .*was cut, and was made again.*the device is back/s)
    await board.console.send('again\n')
    await board.console.expect('got again\n')
    expect(await board.status()).toBe('running')
  })

  test('the containers of killed exporters are removed, and no others', async () => {
    const label = (name: string, value: string) => ['--label', `io.github.vitest-hardware.${name}=${value}`]
    const owner = join(folder.path, 'in-use.sock')
    // A process that listens and is killed leaves its socket.
    const killed = spawn(process.execPath, [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(owner)}, () => console.log(1))`,
    ])
    await once(killed.stdout, 'data')
    const create = (host: string) =>
      docker.docker('create', ...label('host', host), ...label('owner', owner), image, 'sleep', '1')
    await create(hostname())
    const elsewhere = await create('elsewhere')
    await using alive = await serveBoard()
    await alive.power.on()
    expect(await containers()).toHaveLength(3)
    const died = once(killed, 'exit')
    killed.kill('SIGKILL')
    await died
    await using next = await serveBoard()
    expect(await next.status()).toBe('off')
    expect(await alive.status()).toBe('running')
    expect(await containers()).toHaveLength(2)
    await docker.docker('rm', elsewhere)
  })

  test('an image that nobody has is the fault of the lab', async () => {
    await expect(serveBoard({ image: 'localhost/none:1' })).rejects.toThrow(/Cannot pull the image localhost\/none:1: /)
    await expect(serveBoard({ image: undefined, dockerfile: '/none/Dockerfile' })).rejects.toThrow(
      'Cannot read the Dockerfile',
    )
  })

  test('what it needs on a machine is there', async () => {
    expect(await ContainerBoard.check({})).toMatchObject([{ isMet: true }, { name: 'a container engine', isMet: true }])
  })

  const against = 'dockerd, with busybox in a container'
  const interrupt = 'a test of the same file kills and removes the container'

  describePower('ContainerBoard', () => ({ driver: new ContainerBoard({ image, command }) }), {
    path: 'power',
    against,
    lacks: { read: 'a container draws no current', interrupt },
  })

  describeDriver('ContainerBoard', () => ({ driver: new ContainerBoard({ image, command }) }), {
    against,
    kind: 'container',
    interface: Container,
    client: ContainerClient,
    async use(board) {
      await board.power.on()
      assert.deepEqual(await board.exec(['echo', '$(id)']), { stdout: '$(id)\n', stderr: '', exitCode: 0 })
    },
    usesAtOnce: 5,
    badCalls: [
      ['exec', 'echo'],
      ['exec', []],
      ['exec', [1]],
    ],
    lacks: { interrupt },
  })

  describeSerial('ContainerBoard', () => createTested({ command: ['cat'] }), {
    path: 'console',
    against,
    echo: { totalBytes: 1024 * 1024 },
    lacks: { interrupt },
  })

  describeNetwork(
    'ContainerBoard',
    () => createTested({ command: ['busybox', 'nc', '-ll', '-p', '7', '-e', 'cat'], ports: { echo: 7 } }),
    { path: 'echo', against, lacks: { interrupt } },
  )

  /** A board that is on as soon as its session has begun, and whose port `echo` answers, if it has one. */
  function createTested(config: Partial<ContainerBoardConfig>) {
    class RunningBoard extends ContainerBoard {
      override async reset() {
        await super.reset()
        await (this.children['power'] as ContainerPower).on()
        // The engine has started the program, which needs a moment until it listens.
        const port = this.children['echo'] as ContainerPort | undefined
        if (port !== undefined) await untilSucceeds('the echo of the container', () => answers(port))
      }
    }
    return { driver: new RunningBoard({ image, ...config }) }
  }
})

/** @throws Error when the port does not send back what it gets */
async function answers(port: ContainerPort) {
  const stream = await port.connect()
  await echo(stream, Buffer.from('?'), {}, 5_000).finally(() => stream.destroy())
}
