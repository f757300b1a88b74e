/**
 * A Linux with USB for the tests of `test/guest/`, which runs in QEMU with the files of this machine: Debian's amd64 kernel with the
 * modules of a USB bus in software, and busybox. `scripts/run-in-guest.ts` adds what it runs.
 * `node scripts/make-guest.ts` makes it, once, and prints where it is.
 */
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

import { type CpioEntry, makeCpio } from './cpio.ts'
import { extractDebianKernel } from './debian-packages.ts'

const recipe = readFileSync(fileURLToPath(import.meta.url))
const key = createHash('sha256').update(recipe).digest('hex').slice(0, 16)

/** The folder, outside of the project so that checkouts share it; another recipe has another one. */
const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'vitest-hardware', `guest-amd64-${key}`)

/** The files of the guest. */
export const guestImages = { folder, kernel: join(folder, 'vmlinuz'), initrd: join(folder, 'initrd.gz') } as const

/** The modules that the guest loads, with those that they need: the files of this machine, a bus for USB and what is plugged into it, CAN. */
const modules = [
  ...['virtio_pci', '9pnet_virtio', '9p', 'overlay', 'configfs'],
  ...['dummy_hcd', 'libcomposite', 'usb_f_acm', 'usb_f_hid'],
  ...['cdc_acm', 'usbhid', 'hid_generic'],
  ...['vcan', 'can_raw'],
] as const

/** True if the guest is there. */
export function hasGuest(): boolean {
  return existsSync(guestImages.kernel) && existsSync(guestImages.initrd)
}

/**
 * Makes the guest.
 *
 * @returns why that cannot be done; undefined when it is done
 */
export function makeGuest(): string | undefined {
  mkdirSync(dirname(folder), { recursive: true })
  const work = mkdtempSync(join(dirname(folder), 'guest-'))
  try {
    const kernel = extractDebianKernel(work, {
      architecture: 'amd64',
      kernel: 'linux-image-amd64',
      others: ['busybox-static'],
    })
    const done = join(work, 'done')
    mkdirSync(done)
    copyFileSync(kernel, join(done, 'vmlinuz'))
    writeFileSync(join(done, 'initrd.gz'), makeInitrd(join(work, 'root')))
    rmSync(folder, { recursive: true, force: true })
    renameSync(done, folder)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function makeInitrd(root: string): Uint8Array {
  const files = orderModules(root)
  const entries: readonly CpioEntry[] = [
    { path: 'bin', mode: 0o040755 },
    { path: 'bin/busybox', mode: 0o100755, content: readFileSync(join(root, 'bin', 'busybox')) },
    { path: 'modules', mode: 0o040755 },
    {
      path: 'modules/order',
      mode: 0o100644,
      content: Buffer.from(files.map((file) => `${basename(file)}\n`).join('')),
    },
    ...files.map((file) => ({ path: `modules/${basename(file)}`, mode: 0o100644, content: readFileSync(file) })),
  ]
  return gzipSync(makeCpio(entries))
}

/** Finds the files of the modules and of those that they need, each behind those that it needs. */
function orderModules(root: string): readonly string[] {
  // The names of files have hyphens where those of modules have underscores.
  const nameOf = (file: string) => basename(file, '.ko').replaceAll('-', '_')
  const files = new Map(globSync('lib/modules/*/kernel/**/*.ko', { cwd: root }).map((file) => [nameOf(file), file]))
  const ordered = new Set<string>()
  const add = (name: string) => {
    const file = files.get(name)
    // Some are a part of the kernel.
    if (file === undefined) return
    const path = join(root, file)
    const [, needed = ''] = /\0depends=(?<names>[^\0]*)\0/.exec(readFileSync(path, 'latin1')) ?? []
    for (const other of needed.split(',').filter(Boolean)) add(other.replaceAll('-', '_'))
    ordered.add(path)
  }
  for (const name of modules) add(name)
  return [...ordered]
}

if (import.meta.main) {
  const reason = hasGuest() ? undefined : makeGuest()
  if (reason === undefined) console.log(guestImages.folder)
  else {
    console.log(`the guest cannot be made: ${reason}`)
    process.exitCode = 1
  }
}
