import { PassThrough, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { HardwareError } from '../../errors.ts'
import type { ContainerCommandOptions, ContainerCommandResult } from '../../interfaces/container.ts'
import type { Engine, EngineContainer } from './engine.ts'
import { stateAfterEnd } from './state-after-end.ts'

/** The most output of a command that a result has, in bytes. */
const maxOutput = 16 * 1024 * 1024
/** The longest that a command may take, in milliseconds. */
const commandTimeoutMs = 3_600_000
/** The exit code of a program that SIGKILL has ended, as at the end of its container. */
const killedExitCode = 137

/** The place where a command runs. */
interface CommandPlace {
  readonly engine: Engine
  readonly container: EngineContainer
  /** Reads the engine's word for the state of the container; `undefined` if it is gone. */
  readonly state: () => Promise<string | undefined>
  readonly signal: AbortSignal | undefined
}

/**
 * Runs a program in a running container.
 *
 * @throws HardwareError DEVICE_IO when the container stops meanwhile, LIMIT_EXCEEDED for more than 16 MiB of output
 */
export async function runCommand(
  command: readonly string[],
  options: ContainerCommandOptions,
  { engine, container, state, signal }: CommandPlace,
): Promise<ContainerCommandResult> {
  const request = {
    Cmd: [...command],
    Env: Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`),
    WorkingDir: options.cwd ?? '',
    User: options.user ?? '',
    AttachStdout: true,
    AttachStderr: true,
  }
  const run = async () => {
    const execution = await container.exec(request)
    const stream = await execution.start({ hijack: true, stdin: false })
    // The program goes on, but nobody waits for it.
    const exceeded = () => stream.destroy()
    const outputs = [collect(exceeded), collect(exceeded)] as const
    container.modem.demuxStream(stream, outputs[0].sink, outputs[1].sink)
    // The end of the container can break the stream off, which is told below.
    await pipeline(stream, new PassThrough().resume(), signal === undefined ? {} : { signal }).catch(() => undefined)
    signal?.throwIfAborted()
    if (outputs.some(({ isFull }) => isFull())) {
      throw new HardwareError('LIMIT_EXCEEDED', `${command[0]} has printed more than ${maxOutput} bytes`)
    }
    // A container that is gone takes the result of the command with it.
    const exitCode = await execution.inspect().then(
      (result) => result.ExitCode ?? killedExitCode,
      () => killedExitCode,
    )
    const now = exitCode === killedExitCode ? await stateAfterEnd(state) : await state()
    if (now !== 'running') {
      const message = `The container has stopped (${now ?? 'it is gone'}) while ${command[0]} ran in it`
      throw new HardwareError('DEVICE_IO', message)
    }
    return { stdout: outputs[0].text(), stderr: outputs[1].text(), exit_code: exitCode }
  }
  return engine.request(`run ${command[0]} in the container`, run, { signal, timeoutMs: commandTimeoutMs })
}

/** Collects output up to a limit. @param exceeded is called when there is more */
function collect(exceeded: () => void) {
  const pieces: Buffer[] = []
  let length = 0
  const isFull = () => length > maxOutput
  const sink = new Writable({
    write(bytes: Buffer, _encoding, done) {
      length += bytes.length
      if (isFull()) exceeded()
      else pieces.push(bytes)
      done()
    },
  })
  return { sink, isFull, text: () => Buffer.concat(pieces).toString() }
}
