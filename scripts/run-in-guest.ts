/**
 * Runs a command in the guest of `scripts/make-guest.ts`: `node scripts/run-in-guest.ts vitest run --project guest`. The guest sees the
 * files of this machine; what the command writes is lost at its end.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { makeCpio } from './cpio.ts'
import { guestImages, hasGuest, makeGuest } from './make-guest.ts'

/** The longest that a command may take, in milliseconds. The processor is simulated, so that Node takes ten times as long as usual. */
const timeoutMs = 15 * 60_000
/** The second serial port is a 16550A; QEMU says that its other side is ready. */
const port = ['-chardev', 'null,id=port', '-device', 'isa-serial,chardev=port,index=1'] as const
const machine = ['-cpu', 'max', '-m', '2048', '-smp', '2', '-nic', 'none', '-no-reboot', '-display', 'none'] as const
const files = 'local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap'

/** Runs a command in the folder of this process. @returns its exit code; undefined if the guest has not told it */
async function runInGuest(command: readonly string[]): Promise<number | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'guest-'))
  const environment = {
    PATH: `${join(process.cwd(), 'node_modules/.bin')}:${process.env['PATH']}`,
    HOME: '/root',
    NO_COLOR: '1',
    IN_GUEST: '1',
    CI: process.env['CI'] ?? '',
  }
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  const words = [process.cwd(), 'env', ...variables, ...command]
  const initrd = join(folder, 'initrd.gz')
  const request = makeCpio([
    { path: 'init', mode: 0o100755, content: readFileSync(new URL('guest/init', import.meta.url)) },
    { path: 'command', mode: 0o100644, content: Buffer.from(`${words.join('\n')}\n`) },
  ])
  // The kernel takes several archives, one behind the other.
  writeFileSync(initrd, Buffer.concat([readFileSync(guestImages.initrd), gzipSync(request)]))
  const args = [
    ...machine,
    ...['-kernel', guestImages.kernel, '-initrd', initrd, '-append', 'console=ttyS0 quiet panic=-1'],
    ...['-virtfs', files, '-monitor', 'none', '-serial', 'stdio', ...port],
  ]
  const qemu = spawn('qemu-system-x86_64', args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: timeoutMs })
  let end = ''
  qemu.stdout.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk)
    end = `${end}${chunk.toString('latin1')}`.slice(-1_000)
  })
  try {
    await once(qemu, 'close')
  } finally {
    qemu.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  const [, code] = /guest: exit code (\d+)/.exec(end) ?? []
  return code === undefined ? undefined : Number(code)
}

const reason = hasGuest() ? undefined : makeGuest()
if (reason === undefined) {
  const code = await runInGuest(process.argv.slice(2))
  if (code === undefined) console.log('the guest has ended, or was ended, before the command')
  process.exitCode = code ?? 1
} else {
  console.log(`skipped, because the guest cannot be made: ${reason}`)
  if (process.env['CI']) process.exitCode = 1
}
