import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'

import { createPrivateFolder } from '../../../src/base/private-folder.ts'
import { Daemon } from '../../support/daemon.ts'
import { freePort } from '../../support/free-port.ts'
import { missingCommand } from '../../support/system-part.ts'

const program = '/usr/sbin/sshd'

/** The reason why there is no OpenSSH server to test against, if there is none. With CI set, that is an error. */
export function sshdMissing(): string | undefined {
  return missingCommand(program)
}

/** Makes a pair of keys. @returns the paths of the private and the public key */
function makeKey(folder: string, name: string) {
  const path = join(folder, name)
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path])
  return { privateFile: path, privateKey: readFileSync(path, 'utf8'), publicKey: readFileSync(`${path}.pub`, 'utf8') }
}

/** Sets up an SSH server for the user of the tests, with keys of its own, on a port of this machine. It is not started yet. */
export async function createSshd() {
  const folder = await createPrivateFolder()
  const [host, user, stranger] = ['host', 'user', 'stranger'].map((name) => makeKey(folder.path, name))
  if (host === undefined || user === undefined || stranger === undefined) throw new Error('no keys')
  const [config, authorized] = [join(folder.path, 'sshd_config'), join(folder.path, 'authorized_keys')]
  writeFileSync(authorized, user.publicKey)
  const port = await freePort()
  const lines = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${host.privateFile}`,
    `AuthorizedKeysFile ${authorized}`,
    'PidFile none',
    // The folder of the tests may be below one that others can write to.
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin yes',
    // A shell that sshd starts reads the start-up files of its user, which may do anything.
    `SetEnv HOME=${folder.path}`,
  ]
  writeFileSync(config, `${lines.join('\n')}\n`)
  // As root it wants this folder, which the system's own service makes.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  let daemon: Daemon | undefined
  const kill = async () => {
    for (const pid of freezeTree(daemon?.pid)) signal(pid, 'SIGKILL')
    await daemon?.kill()
    daemon = undefined
  }
  return {
    port,
    /** Where the host is, for a driver of a network. */
    address: { host: '127.0.0.1', port },
    user: { ...user, name: userInfo().username },
    /** Keys that the host does not know. */
    stranger,
    fingerprint: execFileSync('ssh-keygen', ['-lf', host.privateFile], { encoding: 'utf8' }).split(' ')[1] ?? '',
    /** A folder for files. */
    folder: folder.path,
    /** Starts the server, unless it runs. */
    async start() {
      daemon ??= await Daemon.start([program, '-D', '-e', '-f', config], { ready: /Server listening/ })
    },
    /** Kills the server with all connections and their programs. */
    kill,
    async [Symbol.asyncDispose]() {
      await kill()
      await folder.remove()
    },
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended by itself.
  }
}

/** Stops a process and all below it, because the processes of sshd's connections outlive it, and new ones may just be made. */
function freezeTree(root: number | undefined): number[] {
  if (root === undefined) return []
  for (let before = 0; ;) {
    const pids = [root, ...descendantsOf(root)]
    for (const pid of pids) signal(pid, 'SIGSTOP')
    if (pids.length === before) return pids
    before = pids.length
  }
}

function descendantsOf(pid: number): number[] {
  const file = `/proc/${pid}/task/${pid}/children`
  const children = existsSync(file) ? readFileSync(file, 'utf8').split(' ').filter(Boolean).map(Number) : []
  return children.flatMap((child) => [...descendantsOf(child), child])
}
