import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { createPrivateFolder } from '../../src/base/private-folder.ts'
import { connect, HardwareError } from '../../src/index.ts'
import type { GrpcChannel } from '../../src/protocol/grpc/grpc-channel.ts'
import { errorsOfAllCalls } from '../support/all-calls.ts'
import { createTalkerExporter } from '../support/talker-exporter.ts'
import { attackExporter, startHostileExporter } from './support/hostile.ts'
import { scaled } from './support/scaled.ts'

/** `STRESS_FACTOR=30` for ten minutes each. */
const seconds = scaled(20)
const seed = Number(process.env['FAULTS_SEED'] ?? Date.now() % 1_000_000)
/** The number of attacks at the same time. */
const width = 8
/** The limit of a call, and the time until it has to have ended with room for a busy machine, in milliseconds. */
const limitMs = 2_000
const hangMs = 20_000
/** The growth of memory that counts as none, in MiB: the heap of Node.js grows by tens until it is collected. */
const noiseMiB = 150

test(`an exporter stands a hostile client for ${seconds} s, and leaves its board safe (seed ${seed})`, async () => {
  const echo = { type: 'jumpstarter_driver_network.driver.EchoNetwork' }
  const { cli, file, calls } = await createTalkerExporter({ echo })
  await using exporter = cli.start(['run', '--exporter-config', file])
  const address = await exporter.prints(/^JUMPSTARTER_HOST=(.+)\n/m)
  const connection = await connect(address)
  const uuids = connection.report.drivers.map(({ uuid }) => uuid)
  const console = await connection.channel.openStream({ uuid: uuids.at(-1) ?? '', method: 'connect' })
  let echoed = ''
  console.on('data', (chunk: Buffer) => (echoed += chunk.toString()))
  let sent = ''
  let warm: number | undefined
  const start = performance.now()
  for (let round = 0; performance.now() - start < seconds * 1_000; round++) {
    const attacks = Array.from({ length: width }, (_, number) =>
      attackExporter(address, uuids, seed + round * width + number),
    )
    await within(`attack ${round}`, Promise.all(attacks))
    sent += `${round}\n`
    console.write(`${round}\n`)
    await connection.root.children['power']?.with({ timeoutMs: hangMs }).call('on')
    if (warm === undefined && performance.now() - start > seconds * 300) warm = residentMiB(exporter.pid)
  }
  await expect.poll(() => echoed, { timeout: hangMs }).toBe(sent)
  expect(residentMiB(exporter.pid) - (warm ?? 0)).toBeLessThan(noiseMiB)
  connection.close()
  exporter.child.kill('SIGTERM')
  expect((await exporter.child).exitCode).toBe(143)
  expect(calls().at(-1)).toBe('off')
  expect(exporter.output.stderr).not.toMatch(/unhandled|uncaught|^ +at /im)
})

test(`a client stands a hostile exporter for ${seconds} s (seed ${seed})`, async () => {
  const folder = await createPrivateFolder()
  onTestFinished(() => folder.remove())
  const path = join(folder.path, 's.sock')
  const stop = await startHostileExporter(path, seed)
  onTestFinished(stop)
  const stream = async (channel: GrpcChannel) => {
    const opened = await channel.openStream({ uuid: 'x', method: 'y' }, { timeoutMs: limitMs })
    opened.on('error', () => undefined).end('x')
    opened.resume()
  }
  let warm: number | undefined
  const start = performance.now()
  for (let round = 0; performance.now() - start < seconds * 1_000; round++) {
    const limits = { timeoutMs: limitMs, connectMs: limitMs, more: stream }
    const rounds = Array.from({ length: width }, () => errorsOfAllCalls(path, limits))
    const errors = (await within(`round ${round}`, Promise.all(rounds))).flat()
    expect(errors.filter((error) => !(error instanceof HardwareError))).toEqual([])
    if (warm === undefined && performance.now() - start > seconds * 300) warm = residentMiB(process.pid)
  }
  expect(residentMiB(process.pid) - (warm ?? 0)).toBeLessThan(noiseMiB)
})

/** Fails if something takes longer than anything may. */
async function within<T>(name: string, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`${name} has not ended in ${hangMs} ms`)), hangMs)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

/** The memory of a process, in MiB. */
function residentMiB(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kibibytes) / 1024
}
