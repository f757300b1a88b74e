import { access, constants, stat } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'

import { openSocket } from './open-socket.ts'
import { hostPort } from '../base/host-port.ts'
import { runProgram } from '../base/run-program.ts'
import type { CheckOptions, Requirement } from '../base/requirement.ts'
import { HardwareError, messageOf } from '../errors.ts'

/** The longest that one look may take, in milliseconds. */
const timeoutMs = 5_000

/**
 * Checks that a program is installed.
 *
 * @param options.version the arguments that make it print its version (default `--version`)
 */
export async function requireProgram(
  program: string,
  { install, version = ['--version'], signal }: CheckOptions & { install?: string; version?: readonly string[] } = {},
): Promise<Requirement> {
  const name = `the program ${program}`
  try {
    const { stdout, stderr } = await runProgram([program, ...version], { timeoutMs, signal, exitCodes: anyCode })
    const [line = ''] = `${stdout}${stderr}`.trim().split('\n')
    return { name, isMet: true, found: line.trim() }
  } catch (error) {
    const isMissing = error instanceof HardwareError && error.code === 'PROGRAM_MISSING'
    return { name, isMet: false, found: isMissing ? 'not installed' : messageOf(error), cure: install }
  }
}

/**
 * Checks that a program is there, without running it: for a program of the user, which may do anything.
 *
 * @param program a name, which is looked for in `PATH`, or a path
 * @param options.cwd the folder that a relative path begins at (default: that of this process)
 */
export async function requireExecutable(
  program: string,
  { cwd = '.' }: { readonly cwd?: string | undefined } = {},
): Promise<Requirement> {
  const name = `the program ${program}`
  const isPath = program.includes('/')
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const path of isPath ? [resolve(cwd, program)] : folders.map((folder) => join(folder, program))) {
    const isFile = await stat(path).then(
      (found) => found.isFile(),
      () => false,
    )
    const runs =
      isFile &&
      (await access(path, constants.X_OK).then(
        () => true,
        () => false,
      ))
    if (runs) return { name, isMet: true, found: path }
    if (isFile && isPath) return { name, isMet: false, found: 'may not be run', cure: `chmod +x ${path}` }
  }
  const cure = isPath ? 'correct the path' : 'install it, or add its folder to PATH'
  return { name, isMet: false, found: isPath ? `there is no file ${resolve(cwd, program)}` : 'not installed', cure }
}

/** Programs use any code when they print their version. */
const anyCode = Array.from({ length: 256 }, (_, code) => code)

/** Checks that a device or a file exists and that this user may read and write it. */
export async function requireDevice(path: string): Promise<Requirement> {
  try {
    await access(path, constants.R_OK | constants.W_OK)
    return { name: path, isMet: true }
  } catch {
    const found = await stat(path).catch(() => undefined)
    if (found === undefined) {
      return { name: path, isMet: false, found: 'does not exist', cure: 'connect the device, or correct the path' }
    }
    const cure = `add this user to the group with the number ${found.gid}, or set the rights of the device with a udev rule`
    return { name: path, isMet: false, found: 'permission denied', cure }
  }
}

/** Checks that a TCP port accepts connections. */
export async function requireAddress(host: string, port: number, { signal }: CheckOptions = {}): Promise<Requirement> {
  const name = hostPort(host, port)
  try {
    const socket = await openSocket({ host, port, timeoutMs, signal })
    socket.destroy()
    return { name, isMet: true }
  } catch (error) {
    return {
      name,
      isMet: false,
      found: messageOf(error),
      cure: 'check the address, the network, and that the device is on',
    }
  }
}

/** Checks that an optional package can be loaded. */
export async function requireModule(name: string, load: () => Promise<unknown>): Promise<Requirement> {
  try {
    await load()
    return { name: `the package ${name}`, isMet: true }
  } catch (error) {
    return { name: `the package ${name}`, isMet: false, found: messageOf(error), cure: `npm install ${name}` }
  }
}
