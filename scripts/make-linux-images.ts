/**
 * A small Linux for tests and examples: Debian's arm64 kernel for virtual machines, and an initial file system with busybox
 * that gives a login on the serial console (user root, password `hardware`, prompt `# `).
 * `node scripts/make-linux-images.ts` makes it, once, and prints where it is.
 */
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

import { makeCpio } from './cpio.ts'
import { extractDebianKernel } from './debian-packages.ts'

const init = fileURLToPath(new URL('linux-image/init', import.meta.url))
const recipe = [init, fileURLToPath(import.meta.url)].map((file) => readFileSync(file))
const key = createHash('sha256').update(Buffer.concat(recipe)).digest('hex').slice(0, 16)

/** The folder, outside of the project so that checkouts share it; another recipe has another one. */
const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'vitest-hardware', `linux-arm64-${key}`)

/** The files of the small Linux, and who may log in. */
export const linuxImages = {
  folder,
  /** An arm64 `Image`, for QEMU's `-kernel` and U-Boot's `booti`. */
  kernel: join(folder, 'Image'),
  initrd: join(folder, 'initrd.gz'),
  user: 'root',
  password: 'hardware',
} as const

/** True if the images are there. */
export function hasLinuxImages(): boolean {
  return existsSync(linuxImages.kernel) && existsSync(linuxImages.initrd)
}

/**
 * Makes them with Debian's apt, in separate folders: the packages of the system stay as they are.
 *
 * @returns why that cannot be done; undefined when it is done
 */
export function makeLinuxImages(): string | undefined {
  mkdirSync(dirname(folder), { recursive: true })
  const work = mkdtempSync(join(dirname(folder), 'linux-arm64-'))
  try {
    const kernel = extractDebianKernel(work, {
      architecture: 'arm64',
      kernel: 'linux-image-cloud-arm64',
      others: ['busybox-static'],
    })
    const done = join(work, 'done')
    mkdirSync(done)
    copyFileSync(kernel, join(done, 'Image'))
    writeFileSync(join(done, 'initrd.gz'), makeInitrd(readFileSync(join(work, 'root', 'bin', 'busybox'))))
    rmSync(folder, { recursive: true, force: true })
    renameSync(done, folder)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function makeInitrd(busybox: Uint8Array): Uint8Array {
  return gzipSync(
    makeCpio([
      { path: 'bin', mode: 0o040755 },
      { path: 'bin/busybox', mode: 0o100755, content: busybox },
      { path: 'init', mode: 0o100755, content: readFileSync(init) },
    ]),
  )
}

if (import.meta.main) {
  const reason = hasLinuxImages() ? undefined : makeLinuxImages()
  if (reason === undefined) console.log(linuxImages.folder)
  else {
    console.log(`the small Linux cannot be made: ${reason}`)
    if (process.env['CI']) process.exitCode = 1
  }
}
