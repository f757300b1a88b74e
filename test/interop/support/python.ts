import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { hasPythonEnvironment, pythonProgram, pythonVariables } from '../../../scripts/python-environment.ts'
import { reasonToSkip } from '../../support/system-part.ts'
import type { Endpoint } from '../../../src/protocol/endpoint.ts'

/** The folder of the Python modules of these tests. */
const pythonModules: string = fileURLToPath(new URL('.', import.meta.url))

/** The reason why there is no Python to test against, if there is none. With CI set, that is an error. */
export function pythonMissing(): string | undefined {
  return hasPythonEnvironment() ? undefined : reasonToSkip("Jumpstarter's Python")
}

/** The variables of a Python program of these tests. */
export const pythonEnvironmentVariables = (): NodeJS.ProcessEnv => pythonVariables(pythonModules)

/** What a Python program needs to reach an exporter, as a shell of it would have it. */
export function clientVariables(endpoint: Endpoint, caFile?: string): NodeJS.ProcessEnv {
  return {
    ...pythonEnvironmentVariables(),
    JUMPSTARTER_HOST: endpoint.address,
    JMP_DRIVERS_ALLOW: 'UNSAFE',
    _JMP_SUPPRESS_DRIVER_WARNINGS: '1',
    ...(endpoint.insecure === true ? { JMP_GRPC_INSECURE: '1' } : {}),
    ...(endpoint.passphrase === undefined ? {} : { JMP_GRPC_PASSPHRASE: endpoint.passphrase }),
    ...(caFile === undefined ? {} : { GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: caFile }),
  }
}

/** An exception that Python code raised. */
export class PythonError extends Error {
  /** The class and those it is derived from. */
  readonly classes: readonly string[]

  constructor(classes: readonly string[], message: string) {
    super(message)
    this.classes = classes
  }
}

interface Answer {
  readonly result?: unknown
  readonly error?: { readonly classes: readonly string[]; readonly message: string }
}

/** A Python process that holds a client of an exporter, as `jumpstarter.common.utils.env()` gives it. */
export class PythonClient implements AsyncDisposable {
  readonly process: ChildProcessWithoutNullStreams
  readonly #answers: AsyncIterator<string>
  #errors = ''

  private constructor(process: ChildProcessWithoutNullStreams) {
    this.process = process
    process.stderr.on('data', (chunk: Buffer) => (this.#errors = `${this.#errors}${String(chunk)}`.slice(-8_000)))
    process.stdin.on('error', () => undefined)
    this.#answers = createInterface(process.stdout)[Symbol.asyncIterator]()
  }

  /** Starts it and waits until it is connected. */
  static async connect(endpoint: Endpoint, caFile?: string): Promise<PythonClient> {
    const program = [join(pythonModules, 'python_client.py')]
    const client = new PythonClient(
      spawn(pythonProgram('python'), program, { env: clientVariables(endpoint, caFile), stdio: 'pipe' }),
    )
    await client.#receive()
    return client
  }

  /**
   * Runs Python code, in which `client` is the exporter's root.
   *
   * @param values the variables that it finds
   * @returns what it leaves in `result`
   * @throws PythonError what it raises
   */
  async run<T = unknown>(code: string, values: Record<string, unknown> = {}): Promise<T> {
    this.process.stdin.write(`${JSON.stringify({ code, values })}\n`)
    return (await this.#receive()) as T
  }

  /** What it has written to standard error lately. */
  get errors(): string {
    return this.#errors
  }

  async #receive(): Promise<unknown> {
    const { value, done } = await this.#answers.next()
    if (done === true) throw new Error(`Python has ended: ${this.#errors}`)
    const { result, error } = JSON.parse(value) as Answer
    if (error !== undefined) throw new PythonError(error.classes, error.message)
    return result
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return
    const exited = once(this.process, 'exit')
    this.process.stdin.end()
    const kill = setTimeout(() => this.process.kill('SIGKILL'), 10_000)
    await exited
    clearTimeout(kill)
  }
}
