import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'

import { connect } from '../../../src/index.ts'
import { useLocalBoard } from '../../support/local-board.ts'
import { killHolders } from './kill-holders.ts'

const timeout = 60_000
const board = useLocalBoard()
const { write, read, remove, writeExporter, start, journal, pids, signal } = board
const { killInUse, isFree, hold, reserve, useOnce } = board

describe('an exporter that is killed', () => {
  test('while nobody has it is started when it is wanted', { timeout }, async () => {
    const exporter = await start()
    signal('SIGKILL')
    const isReserved = () =>
      exporter.reserve().then(
        () => true,
        // It is not known yet that it has ended.
        () => false,
      )
    await expect.poll(isReserved, { timeout: 10_000 }).toBe(true)
    await useOnce(exporter)
    expect(journal()).toEqual(['A start', 'A relax', 'A end'])
  })

  test('while it is reserved is not reserved any more, and no lease of it begins', { timeout }, async () => {
    const exporter = await start()
    await exporter.reserve()
    expect(await isFree()).toBe(false)
    signal('SIGKILL')
    await expect.poll(pids, { timeout: 10_000 }).toEqual([])
    await expect(exporter.lease()).rejects.toMatchObject({ code: 'EXPORTER_FAILED', message: /ended: SIGKILL/ })
    await exporter.free()
    await useOnce(exporter)
    // Once because nobody knows what it had done, and once at the end of the lease.
    expect(journal()).toEqual(['A start', 'A relax', 'A end', 'A start', 'A relax', 'A end'])
    expect(await isFree()).toBe(true)
  })

  test.each(['start', 'relax', 'end'])(
    'at %s makes its devices safe, and the next lease works',
    { timeout },
    async (event) => {
      const exporter = await start()
      await exporter.reserve()
      write(`wait-${event}`, '')
      const opened = exporter.lease()
      const used = event === 'start' ? opened : opened.then((lease) => lease.release())
      used.catch(() => undefined)
      await expect.poll(journal, { timeout: 10_000 }).toContain(`A ${event}`)
      // So that it does not go on before it is killed.
      signal('SIGSTOP')
      remove(`wait-${event}`)
      signal('SIGKILL')
      const problem: unknown = await used.then(
        () => undefined,
        (error: unknown) => error,
      )
      const gone = expect.objectContaining({ code: 'EXPORTER_FAILED', message: expect.stringContaining('SIGKILL') })
      expect(problem).toEqual(event === 'start' ? gone : undefined)
      expect(await isFree(), 'it is still reserved').toBe(false)
      const recovery = ['B start', 'B relax', 'B end']
      expect(journal().filter((line) => line.startsWith('B'))).toEqual(recovery)
      await (await exporter.lease()).release()
      expect(journal().filter((line) => line.startsWith('B'))).toEqual([...recovery, ...recovery])
      await exporter.free()
      expect(await isFree()).toBe(true)
    },
  )

  test('in use says so to whoever has the lease, and makes its devices safe once', { timeout }, async () => {
    const { exporter, lease } = await killInUse()
    expect(lease.lost.reason).toMatchObject({ code: 'EXPORTER_FAILED', message: /^Exporter board .* ended: SIGKILL/ })
    await Promise.all([lease.release(), lease.release()])
    expect(journal()).toEqual(['A start', 'B start', 'B relax', 'B end'])
    await exporter.free()
    await useOnce(exporter)
    expect(journal().slice(4)).toEqual(['B start', 'B relax', 'B end'])
  })

  test('and is closed at once makes its devices safe all the same', { timeout }, async () => {
    const { exporter } = await killInUse()
    await Promise.all([exporter.close(), exporter.close()])
    expect(journal()).toEqual(['A start', 'B start', 'B relax', 'B end'])
    expect(pids()).toEqual([])
    expect(await isFree()).toBe(true)
    await expect(exporter.reserve()).rejects.toThrow('Exporter board has been stopped')
    expect(pids()).toEqual([])
  })

  test('while it is closed makes its devices safe', { timeout }, async () => {
    const exporter = await start()
    await exporter.reserve()
    await exporter.lease()
    write('wait-relax', '')
    const closed = exporter.close()
    await expect.poll(journal, { timeout: 10_000 }).toEqual(['A start', 'A relax'])
    signal('SIGSTOP')
    remove('wait-relax')
    signal('SIGKILL')
    await closed
    expect(journal().slice(-3)).toEqual(['B start', 'B relax', 'B end'])
    expect(pids()).toEqual([])
  })

  test('is made safe by the one who gets it first', { timeout }, async () => {
    const [exporter, other] = await Promise.all([start(), start()])
    await exporter.reserve()
    const lease = await exporter.lease()
    const [own] = read('journal').split(' ')
    const waiting = reserve(other)
    await waiting.waits()
    expect(waiting.holders).toMatchObject([{ pid: process.pid }])
    process.kill(Number(own), 'SIGKILL')
    await waiting.reserved
    await lease.release()
    await exporter.free()
    expect(journal()).toEqual(['A start', 'B start', 'B relax', 'B end'])
    const back = reserve(exporter)
    await back.waits()
    await (await other.lease()).release()
    await other.free()
    await back.reserved
    await (await exporter.lease()).release()
    expect(journal().slice(4)).toEqual(['B start', 'B relax', 'B end', 'C start', 'C relax', 'C end'])
  })

  test('with its run is made safe by the next that uses it', { timeout }, async () => {
    const { kill } = await hold()
    for (const pid of pids()) process.kill(pid, 'SIGSTOP')
    for (const pid of pids()) process.kill(pid, 'SIGKILL')
    kill()
    await expect.poll(pids, { timeout: 10_000 }).toEqual([])
    const exporter = await start()
    await useOnce(exporter)
    expect(journal().slice(1)).toEqual(['B start', 'B relax', 'B end', 'B start', 'B relax', 'B end'])
  })

  test('and cannot be made safe is said once, and is free', { timeout }, async () => {
    const exporter = await start()
    await exporter.reserve()
    const lease = await exporter.lease()
    write('fail-relax', '')
    signal('SIGKILL')
    await expect(lease.release()).rejects.toMatchObject({
      code: 'CLEANUP_FAILED',
      message: /^its devices may not be safe: .*relay stuck.* Before that: Exporter board .* ended: SIGKILL/s,
    })
    await exporter.free()
    expect(await isFree()).toBe(true)
    remove('fail-relax')
    await useOnce(exporter)
  })
})

describe('an exporter that hangs', () => {
  test.each(['its event loop is blocked', 'it is stopped'])(
    'because %s is killed, and its devices are made safe',
    { timeout },
    async (how) => {
      const exporter = await start()
      await exporter.reserve()
      const lease = await exporter.lease()
      if (how === 'it is stopped') signal('SIGSTOP')
      else {
        const connection = await connect(lease.endpoint.address)
        connection.root.children['board']?.call('block').catch(() => undefined)
        onTestFinished(() => connection.close())
        await delay(200)
      }
      const begin = performance.now()
      const lost = once(lease.lost, 'abort')
      const released = lease.release()
      await lost
      expect(lease.lost.reason).toMatchObject({ message: /ended: it hangs: within 4000 ms it did not begin with/ })
      await released
      expect(performance.now() - begin).toBeLessThan(20_000)
      expect(journal()).toEqual(['A start', 'B start', 'B relax', 'B end'])
      await exporter.free()
      await useOnce(exporter)
    },
  )
})

describe('a wait', () => {
  test('ends with its signal, also when it is just over', { timeout }, async () => {
    const [exporter, other] = await Promise.all([start(), start()])
    await exporter.reserve()
    const end = new AbortController()
    const waiting = reserve(other, { signal: end.signal })
    await waiting.waits()
    end.abort(new Error('enough'))
    await expect(waiting.reserved).rejects.toThrow('nobody waits for the exporter any more')
    await expect(other.lease()).rejects.toThrow('is not reserved')
    for (let round = 0; round < 20; round++) {
      const limit = new AbortController()
      const next = reserve(other, { signal: limit.signal })
      await next.waits()
      const freed = exporter.free()
      await delay(round / 2)
      limit.abort(new Error('enough'))
      await freed
      await next.reserved.then(
        () => other.free(),
        () => undefined,
      )
      await exporter.reserve()
    }
    await exporter.free()
    expect(await isFree()).toBe(true)
  })

  test('has the session when the run of the holder is killed', { timeout }, async () => {
    await killHolders(board, 3)
  })
})

test('exporters with one lock are not used at once, wherever their files are', { timeout }, async () => {
  const [one, other] = [writeExporter({ lock: 'rack' }), writeExporter({ lock: 'rack' })]
  const exporters = await Promise.all([start(one), start(other)])
  expect(exporters.map(({ order }) => order)).toEqual(['lock rack', 'lock rack'])
  await exporters[0].reserve()
  const waiting = reserve(exporters[1])
  await waiting.waits()
  await exporters[0].free()
  await waiting.reserved
})
