/**
 * A small Linux for tests and examples: Debian's arm64 kernel for virtual machines, and an initial file system with busybox
 * that gives a login on the serial console (user root, password `hardware`, prompt `# `).
 * `node scripts/make-linux-images.ts` makes it, once, and prints where it is.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

import { makeCpio } from './cpio.ts'

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
    const run = inFolder(work)
    writeAptConfig(work)
    run('apt-get', '--quiet', 'update')
    const depends = run('apt-cache', 'depends', 'linux-image-cloud-arm64')
    const kernel = /Depends: (linux-image-\S+)/.exec(depends)?.[1]
    if (kernel === undefined) throw new Error('apt knows no kernel linux-image-cloud-arm64')
    run('apt-get', '--quiet', 'download', kernel, 'busybox-static')
    for (const name of readdirSync(work)) {
      if (name.endsWith('.deb')) run('dpkg-deb', '--extract', name, 'root')
    }
    const boot = join(work, 'root', 'boot')
    const image = readdirSync(boot).find((name) => name.startsWith('vmlinuz-'))
    if (image === undefined) throw new Error(`${kernel} has no vmlinuz`)
    const done = join(work, 'done')
    mkdirSync(done)
    copyFileSync(join(boot, image), join(done, 'Image'))
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

/** A state of apt for another architecture, beside that of the system. */
function writeAptConfig(work: string): void {
  for (const name of ['lists/partial', 'archives/partial']) mkdirSync(join(work, 'apt', name), { recursive: true })
  writeFileSync(join(work, 'apt', 'status'), '')
  const settings = {
    'APT::Architecture': 'arm64',
    'APT::Architectures': 'arm64',
    // Its user could not write here.
    'APT::Sandbox::User': 'root',
    'Dir::State': join(work, 'apt'),
    'Dir::State::status': join(work, 'apt', 'status'),
    'Dir::Cache': join(work, 'apt'),
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`)
  writeFileSync(join(work, 'apt.conf'), lines.join(''))
}

function inFolder(work: string) {
  const env = { ...process.env, APT_CONFIG: join(work, 'apt.conf'), LC_ALL: 'C' }
  return (command: string, ...args: string[]): string => {
    const { error, status, stdout, stderr } = spawnSync(command, args, { cwd: work, env, encoding: 'utf8' })
    if (error !== undefined) throw new Error(`${command} cannot be run: ${error.message}`)
    if (status === 0) return stdout
    throw new Error(`${command} ${args.join(' ')} failed: ${stderr.trim().split('\n').slice(-3).join(' ')}`)
  }
}

if (import.meta.main) {
  const reason = hasLinuxImages() ? undefined : makeLinuxImages()
  if (reason === undefined) console.log(linuxImages.folder)
  else {
    console.log(`the small Linux cannot be made: ${reason}`)
    if (process.env['CI']) process.exitCode = 1
  }
}
