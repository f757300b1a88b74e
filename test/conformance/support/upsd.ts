import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { pollUntil } from '../../../src/base/poll.ts'
import { createPrivateFolder } from '../../../src/base/private-folder.ts'
import { Daemon } from '../../support/daemon.ts'
import { freePort } from '../../support/free-port.ts'

/** The user of `upsd` that may do everything. The name and the password need quotes. */
export const nutUser = { username: 'lab 1', password: String.raw`se"cr\et` } as const

/** A user that may do nothing. */
export const nutGuest = { username: 'guest', password: 'guest' } as const

const files = (port: number) => ({
  // The device tells its values at the start and after each command: the driver sleeps for a second in each poll.
  'ups.conf': '[pdu]\ndriver = dummy-ups\nport = pdu.dev\nmode = dummy-once\npollinterval = 600\n',
  'pdu.dev': `ups.status: OL\n${[1, 2].map((n) => `outlet.${n}.switch: off\noutlet.${n}.voltage: 230.1\n`).join('')}outlet.1.current: 0.50\n`,
  'upsd.conf': `LISTEN 127.0.0.1 ${port}\n`,
  'upsd.users': String.raw`"[lab 1]"
password = "se\"cr\\et"
actions = SET
instcmds = ALL
[guest]
password = guest
`,
})

/** Network UPS Tools with a simulated unit of two outlets. */
export async function startUpsd() {
  const folder = await createPrivateFolder()
  const port = await freePort()
  for (const [name, text] of Object.entries(files(port))) writeFileSync(join(folder.path, name), text, { mode: 0o600 })
  const places = ['NUT_CONFPATH', 'NUT_STATEPATH', 'NUT_ALTPIDPATH', 'NUT_PIDPATH']
  const env = Object.fromEntries(places.map((name) => [name, folder.path]))
  const value = (name: string) =>
    execFileSync('upsc', [`pdu@127.0.0.1:${port}`, name], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  const tells = () => {
    try {
      return value('outlet.2.switch')
    } catch {
      return undefined
    }
  }
  const daemons: Daemon[] = []
  const kill = async () => {
    await Promise.all(daemons.splice(0).map((daemon) => daemon.kill()))
  }
  const start = async (program: string, options: readonly string[], ready: RegExp) => {
    daemons.push(await Daemon.start([`/lib/nut/${program}`, '-D', '-u', 'root', ...options], { env, ready }))
  }
  /** Starts both: the driver of NUT 2.8.0 crashes when `upsd` goes in the middle of a command. */
  const startBoth = async () => {
    try {
      await start('dummy-ups', ['-a', 'pdu'], /upsdrv_updateinfo/)
      await start('upsd', [], /Connected to UPS/)
      await pollUntil(tells, { firstMs: 10, maxMs: 100, timeoutMs: 20_000 })
    } catch (error) {
      await kill()
      throw error
    }
  }
  await startBoth()
  return {
    port,
    /** The value of a variable now, as another client of `upsd` sees it. */
    value,
    /** Kills `upsd`. */
    kill: () => daemons[1]?.kill(),
    killDriver: () => daemons[0]?.kill(),
    signal: (name: NodeJS.Signals) => daemons[1]?.signal(name),
    async restart() {
      await kill()
      await startBoth()
    },
    async [Symbol.asyncDispose]() {
      await kill()
      await folder.remove()
    },
  }
}
