import { existsSync } from 'node:fs'
import { copyFile, mkdir, rm, symlink } from 'node:fs/promises'
import { get } from 'node:http'
import { join } from 'node:path'
import { execa } from 'execa'

import { pollUntil } from '../../../src/base/poll.ts'
import { createPrivateFolder } from '../../../src/base/private-folder.ts'
import { reasonToSkip } from '../../support/system-part.ts'

/** Two daemons at once would take away each other's network, so that a second one waits for the end of the first. */
const lock = '/tmp/vitest-hardware-dockerd.lock'
const busybox = '/bin/busybox'
/** The longest that the daemon may take to start, in milliseconds. It takes one second. */
const startTimeoutMs = 55_000

/** The reason why tests cannot start Docker on this machine, which is printed; `undefined` if they can. */
export function reasonAgainstDocker(): string | undefined {
  if (process.getuid?.() !== 0) {
    const reason = 'only root can start dockerd'
    console.warn(`skipped, because ${reason}`)
    return reason
  }
  for (const [path, part] of [
    ['/usr/sbin/dockerd', "Debian's package docker.io"],
    [busybox, "Debian's package busybox-static"],
  ] as const) {
    if (!existsSync(path)) return reasonToSkip(part)
  }
  return undefined
}

/** A Docker daemon of the tests. */
export interface Docker extends AsyncDisposable {
  /** The value of DOCKER_HOST. */
  readonly host: string
  /** Runs docker's command line. @returns its standard output */
  docker(...args: string[]): Promise<string>
  /** Makes an image of a program of this machine and the libraries that it needs. */
  importProgram(program: string, image: string): Promise<void>
  /** Ends the daemon and its containers, as `systemctl stop` does. */
  stop(): Promise<void>
  /** Starts it again after {@link Docker.stop}, with the same data. */
  start(): Promise<void>
}

/**
 * Starts a daemon with its data in a folder for itself, and an image `busybox:test` that has busybox and nothing else: no
 * registry is needed.
 */
export async function startDocker(): Promise<Docker> {
  const folder = await createPrivateFolder()
  const [socket, tree] = [join(folder.path, 'docker.sock'), join(folder.path, 'tree')]
  const host = `unix://${socket}`
  const folders = ['data-root', 'exec-root'].flatMap((name) => [`--${name}`, join(folder.path, name)])
  const args = [
    '--no-fork',
    lock,
    'dockerd',
    '--shutdown-timeout',
    '1',
    ...folders,
    '--pidfile',
    join(folder.path, 'pid'),
    '-H',
    host,
  ]
  const docker = async (...command: string[]) => (await execa('docker', ['-H', host, ...command])).stdout
  let daemon: ReturnType<typeof startDaemon> | undefined
  const start = async () => {
    // With the file of one that has ended, the daemon believes that its containerd runs already.
    await rm(join(folder.path, 'exec-root/containerd/containerd.pid'), { force: true })
    daemon = startDaemon(args)
    const looks = { firstMs: 20, maxMs: 100, timeoutMs: startTimeoutMs }
    const answer = await pollUntil(async () => ((await isUp(socket)) ? true : undefined), looks)
    if (answer === undefined) throw new Error('dockerd does not answer; perhaps another one has its lock')
  }
  const stop = async () => {
    daemon?.kill('SIGTERM')
    await daemon
  }
  const importFiles = async (from: string, files: readonly string[], image: string) => {
    // Libraries are links to their versions.
    const archive = execa('tar', ['-C', from, '-c', '--dereference', ...files], { encoding: 'buffer' })
    await archive.pipe('docker', ['-H', host, 'import', '-', image])
  }
  const importProgram = async (program: string, image: string) => {
    const { stdout } = await execa('ldd', [program])
    const libraries = Array.from(stdout.matchAll(/(\/\S+) \(0x/g), ([, path = '']) => path)
    await importFiles(
      '/',
      [program, ...libraries].map((path) => `.${path}`),
      image,
    )
  }
  const dispose = async () => {
    await stop()
    // A daemon that was started twice leaves mounts.
    await execa('umount', ['--recursive', '--lazy', join(folder.path, 'data-root')], { reject: false })
    await folder.remove()
  }
  try {
    await start()
    await mkdir(join(tree, 'bin'), { recursive: true })
    await copyFile(busybox, join(tree, 'bin/busybox'))
    for (const name of ['sh', 'cat', 'echo', 'httpd', 'sleep']) await symlink('busybox', join(tree, 'bin', name))
    await importFiles(tree, ['.'], 'busybox:test')
  } catch (error) {
    await dispose()
    throw error
  }
  return { host, docker, importProgram, stop, start, [Symbol.asyncDispose]: dispose }
}

/** Asks the daemon if it is ready. */
function isUp(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    get({ socketPath, path: '/_ping' }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    }).on('error', () => resolve(false))
  })
}

function startDaemon(args: readonly string[]) {
  return execa('flock', args, { reject: false, stdio: 'ignore' })
}
