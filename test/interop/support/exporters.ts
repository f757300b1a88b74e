import { execa } from 'execa'

import { connect } from '../../../src/clients/connect.ts'
import { HardwareError } from '../../../src/errors.ts'
import type { Endpoint } from '../../../src/protocol/endpoint.ts'
import { builtFile } from '../../support/built.ts'
import type { Certificates } from '../../support/certificates.ts'
import { freePort } from '../../support/free-port.ts'
import { endServer, ProcessOutput } from '../../support/process-output.ts'
import { pythonProgram } from '../../../scripts/python-environment.ts'
import { pythonEnvironmentVariables } from './python.ts'

/** How client and exporter talk. */
export const transports = ['unix socket', 'TCP', 'TCP with TLS', 'TCP with TLS and passphrase'] as const

/** One of {@link transports}. */
export type Transport = (typeof transports)[number]

/** An exporter's process, and where it is. */
export interface RunningExporter extends AsyncDisposable {
  readonly endpoint: Endpoint
  readonly process: { readonly pid?: number | undefined; kill(signal: NodeJS.Signals): boolean }
  /** All that it has printed. */
  output(): string
}

const passphrase = 'correct horse battery staple'
const main = builtFile('cli/main.js')

/** Starts our exporter: `vitest-hardware run`. @param variables more variables of its environment */
export async function startOurs(
  file: string,
  transport: Transport,
  tls: Certificates,
  variables: NodeJS.ProcessEnv = {},
): Promise<RunningExporter> {
  const options: Readonly<Record<Transport, readonly string[]>> = {
    'unix socket': [],
    TCP: ['--listen', '0', '--insecure'],
    'TCP with TLS': ['--listen', '0', '--tls-cert', tls.certFile, '--tls-key', tls.keyFile],
    'TCP with TLS and passphrase': [
      ...['--listen', '0', '--tls-cert', tls.certFile, '--tls-key', tls.keyFile],
      ...['--passphrase', passphrase],
    ],
  }
  const args = [main, 'run', '--exporter-config', file, ...options[transport]]
  const exporter = start(process.execPath, args, { ...process.env, ...variables })
  const address = await exporter.waitFor(/^JUMPSTARTER_HOST=(.+)\n/m)
  return { ...exporter, endpoint: endpointOf(transport, address, tls) }
}

/**
 * Starts Jumpstarter's exporter: `jmp run`, or for a unix socket `jmp shell` with a command that waits.
 *
 * @param more more variables of its environment
 */
export async function startTheirs(
  file: string,
  transport: Transport,
  tls: Certificates,
  more: NodeJS.ProcessEnv = {},
): Promise<RunningExporter> {
  const variables = { ...pythonEnvironmentVariables(), ...more }
  if (transport === 'unix socket') {
    const wait = 'echo "HOST=$JUMPSTARTER_HOST"; exec cat'
    const exporter = start(
      pythonProgram('jmp'),
      ['shell', '--exporter-config', file, '--', 'sh', '-c', wait],
      variables,
    )
    const address = await exporter.waitFor(/^HOST=(.+)\n/m)
    return { ...exporter, endpoint: endpointOf(transport, address, tls) }
  }
  const port = await freePort()
  const address = `127.0.0.1:${port}`
  const withTls = ['--tls-cert', tls.certFile, '--tls-key', tls.keyFile]
  const options = {
    TCP: ['--tls-grpc-insecure'],
    'TCP with TLS': withTls,
    'TCP with TLS and passphrase': [...withTls, '--passphrase', passphrase],
  }[transport]
  const args = ['run', '--exporter-config', file, '--tls-grpc-listener', address, ...options]
  const exporter = start(pythonProgram('jmp'), args, variables)
  const endpoint = endpointOf(transport, address, tls)
  await untilItAnswers(endpoint, exporter)
  return { ...exporter, endpoint }
}

function endpointOf(transport: Transport, address: string, tls: Certificates): Endpoint {
  return {
    address,
    ...(transport === 'TCP' ? { insecure: true } : {}),
    ...(transport.startsWith('TCP with TLS') ? { ca: tls.ca } : {}),
    ...(transport === 'TCP with TLS and passphrase' ? { passphrase } : {}),
  }
}

function start(program: string, args: readonly string[], env: NodeJS.ProcessEnv) {
  const child = execa(program, args, { env, extendEnv: false, reject: false, stdin: 'pipe', buffer: false })
  const output = new ProcessOutput(child)
  return {
    process: child,
    output: () => output.all,
    waitFor: (pattern: RegExp) => output.prints(pattern, 60_000),
    [Symbol.asyncDispose]: () => endServer(child),
  }
}

async function untilItAnswers(endpoint: Endpoint, exporter: { output(): string }): Promise<void> {
  const deadline = Date.now() + 60_000
  for (;;) {
    try {
      const { address, ...security } = endpoint
      const connection = await connect(address, security)
      connection.close()
      return
    } catch (error) {
      const refused = error instanceof HardwareError && error.code === 'CONNECTION_FAILED'
      if (!refused || Date.now() > deadline) throw new Error(exporter.output(), { cause: error })
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}
