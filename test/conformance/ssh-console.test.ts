import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { SerialClient } from '../../src/clients/index.ts'
import { describeSerial } from '../../src/conformance/index.ts'
import {
  SshConsole,
  type SshConsoleConfig,
  SSHWrapper,
  type SSHWrapperConfig,
  TcpNetwork,
} from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { startSshServer } from '../support/ssh-server.ts'
import { buildExporter } from './support/build-exporter.ts'
import { createSshd, sshdMissing } from './support/sshd.ts'

const missing = sshdMissing()
const noLines = {
  setDtr: 'a terminal on an SSH host has no control lines',
  setRts: 'a terminal on an SSH host has no control lines',
}

describeSerial(
  'SshConsole',
  async () => {
    // A terminal changes bytes, so that no program on it could send back all of them.
    const server = await startSshServer({
      authenticate: (login) => login.accept(),
      serve: (channel) => void channel.pipe(channel),
    })
    const ssh = new SSHWrapper({ default_username: 'root' }, { tcp: new TcpNetwork(server.address) })
    return { driver: new SshConsole({}, { ssh }), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
  },
  {
    against: 'a server of the package ssh2, which has no terminals',
    lacks: { ...noLines, interrupt: 'the part that goes away is sshd' },
    echo: { totalBytes: 1024 * 1024 },
  },
)

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

  describeSerial(
    'SshConsole',
    () => ({
      driver: new SshConsole({}, { ssh: host() }),
      interrupt: () => sshd.kill(),
      restore: () => sshd.start(),
      [Symbol.asyncDispose]: () => sshd.start(),
    }),
    { against: 'sshd of OpenSSH', lacks: { ...noLines, echo: 'a terminal changes bytes' } },
  )

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

  test('is back with its host', async () => {
    await using serial = await open()
    const shell = await serial.shell('linux')
    await shell.runOrThrow('here=yes')
    await sshd.kill()
    await expect(serial.connect()).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'lab',
      message: expect.stringMatching(/Cannot reach the SSH host of .*ECONNREFUSED/),
    })
    await sshd.start()
    const again = await serial.shell('linux')
    expect(await again.runOrThrow('echo "here: $here"')).toBe('here: ')
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
          String.raw`export\.one\.config\.columns \(line 5\) is 0`,
          String.raw`export\.one\.config\.line_end \(line 5\) is "lfcr"; it has to be cr or lf or crlf`,
          String.raw`export\.one\.children \(line 5\) has no ssh, which SshConsole needs`,
          String.raw`export\.two\.config\.ssh_identity_file \(line 6\) is given besides ssh_identity`,
          String.raw`export\.two\.children \(line 6\) has no tcp, which SSHWrapper needs`,
        ].join('[^]*'),
      ),
    )
    const root = await buildExporter(`export:
  console: { ${type}, children: { ssh: { ref: power } } }
  power: { type: jumpstarter_driver_power.driver.MockPower }`)
    await expect(serve(root)).rejects.toThrow('has to be of the type jumpstarter_driver_ssh.driver.SSHWrapper')
  })
})
