import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { SerialClient } from '../../src/clients/index.ts'
import {
  SshConsole,
  type SshConsoleConfig,
  SSHWrapper,
  type SSHWrapperConfig,
  TcpNetwork,
} from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { buildExporter } from './support/build-exporter.ts'
import { createSshd, sshdMissing } from './support/sshd.ts'

const missing = sshdMissing()

describe.skipIf(missing !== undefined)('a console over SSH', () => {
  let sshd: Awaited<ReturnType<typeof createSshd>>
  beforeAll(async () => {
    sshd = await createSshd()
    await sshd.start()
  })
  afterAll(() => sshd?.[Symbol.asyncDispose]())

  const host = (config: SSHWrapperConfig = {}) =>
    new SSHWrapper(
      { default_username: sshd.user.name, ssh_identity_file: sshd.user.privateFile, ...config },
      { tcp: new TcpNetwork(sshd.address) },
    )
  const open = (config: SshConsoleConfig = {}, ssh = host()) =>
    serve(new SshConsole(config, { ssh }), { client: SerialClient })

  test('is a Linux shell', async () => {
    await using serial = await open()
    const shell = await serial.shell('linux')
    expect(await shell.runOrThrow('echo "$TERM"; [ -t 0 ] && stty size')).toBe('dumb\n24 80')
    expect(await shell.run('exit_code() { return 7; }; exit_code')).toMatchObject({ exitCode: 7 })
    const long = 'x'.repeat(3_000)
    expect(await shell.runOrThrow(`echo ${long} | wc -c`)).toBe('3001')
  })

  test('can be a command, which starts anew with the next connection', async () => {
    await using serial = await open({ command: 'echo ready; read line; echo "bye $line"' })
    for (const word of ['one', 'two']) {
      const stream = await serial.connect()
      stream.write(`${word}\r`)
      expect(await text(stream)).toMatch(new RegExp(`ready[^]*bye ${word}\r\n$`))
      stream.destroy()
    }
  })

  test('is one for all clients', async () => {
    await using serial = await open({ command: 'cat' })
    const [first, second] = await Promise.all([serial.connect(), serial.connect()])
    first.write('hello\r')
    let seen = ''
    // The terminal echoes what is typed, and cat prints it.
    for await (const chunk of second) if (/hello[^]*hello/.test((seen += String(chunk)))) break
    expect(seen).toBe('hello\r\nhello\r\n')
    first.destroy()
  })

  describe('whose host goes away', () => {
    afterEach(async () => {
      await sshd.kill()
      await sshd.start()
    })

    test('is back with it', async () => {
      await using serial = await open()
      const shell = await serial.shell('linux')
      await shell.runOrThrow('here=yes')
      await sshd.kill()
      await sshd.start()
      const again = await serial.shell('linux')
      expect(await again.runOrThrow('echo "here: $here"')).toBe('here: ')
    })

    test('fails while it is away', async () => {
      await using serial = await open()
      const stream = await serial.connect()
      const broken = new Promise<Error>((resolve) => stream.once('error', resolve))
      stream.resume()
      await sshd.kill()
      expect(await broken).toMatchObject({ code: 'DEVICE_IO', origin: 'board' })
      await expect(serial.connect()).rejects.toMatchObject({ code: 'DEVICE_IO' })
    })
  })

  test('tells a wrong key and a wrong user as faults of the lab', async () => {
    await using wrong = await open({}, host({ ssh_identity_file: sshd.stranger.privateFile }))
    await expect(wrong.connect()).rejects.toMatchObject({ code: 'UNAUTHENTICATED', origin: 'lab' })
    await using nobody = await open({}, host({ default_username: undefined }))
    await expect(nobody.connect()).rejects.toMatchObject({ code: 'EXPORTER_CONFIG_INVALID', origin: 'lab' })
  })

  test('is written as YAML, with all mistakes at once', async () => {
    const type = 'type: vitest-hardware/drivers#SshConsole'
    await expect(
      buildExporter(`export:
  one: { ${type}, config: { columns: 0, line_end: lfcr } }
  two: { type: jumpstarter_driver_ssh.driver.SSHWrapper, config: { ssh_identity: x, ssh_identity_file: y } }`),
    ).rejects.toThrow(
      new RegExp(
        [
          String.raw`export\.one\.config columns is 0.*; line_end is "lfcr"; it has to be cr or lf or crlf`,
          String.raw`export\.one\.children has no ssh, which SshConsole needs`,
          String.raw`export\.two\.config ssh_identity and ssh_identity_file are both given`,
          String.raw`export\.two\.children has no tcp, which SSHWrapper needs`,
        ].join('[^]*'),
      ),
    )
    const root = await buildExporter(`export:
  console: { ${type}, children: { ssh: { ref: power } } }
  power: { type: jumpstarter_driver_power.driver.MockPower }`)
    await expect(serve(root)).rejects.toThrow('has to be of the type jumpstarter_driver_ssh.driver.SSHWrapper')
  })
})
