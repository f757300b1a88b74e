import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { loadProgram } from '../../../src/clients/gdb/load.ts'
import { readElf } from '../../../src/clients/gdb/elf.ts'
import { GdbTarget } from '../../../src/clients/gdb/target.ts'
import { framed, startStub } from '../../support/gdb-stub.ts'
import { makeElf } from '../../support/make-elf.ts'

/** A stub that knows the packets that every stub has to know, and no other. */
function least(content: string): string | undefined {
  if (content === '?') return 'T05'
  if (content === 'g') return '00000000'
  if (content.startsWith('m')) return '2a'.repeat(Number.parseInt(content.split(',')[1] ?? '', 16))
  if (['c', 's', '^C'].includes(content)) return undefined
  return content.startsWith('M') ? 'OK' : ''
}

async function open(answer: Parameters<typeof startStub>[0], probeTimeoutMs = 50) {
  const strays: string[] = []
  const output: string[] = []
  const stub = startStub(answer)
  const options = {
    ...{ name: 'the stub', probeTimeoutMs },
    onStray: (sentence: string) => void strays.push(sentence),
    onOutput: (piece: Buffer) => void output.push(piece.toString()),
  }
  const target = await GdbTarget.open(stub.stream, options, {})
  return { target, stub, strays, output, limits: { timeoutMs: 200 } }
}

describe('a session with a stub', () => {
  test('that is silent about what it does not know works, and a late answer is no other answer', async () => {
    const { target, stub, strays } = await open((content) => (least(content) === '' ? undefined : least(content)))
    expect(target.features).toMatchObject({ packetSize: 400, hasVCont: false })
    expect(strays).toEqual(expect.arrayContaining(['no answer to "vCont?" within 50 ms']))
    stub.send('PacketSize=1000')
    expect(await target.readMemory(0n, 3, {})).toEqual(Buffer.from('***'))
    expect(strays.at(-1)).toMatch('"PacketSize=1000"')
    await target.resume('c')
    expect(stub.got.at(-1)).toBe('c')
    target.session.close()
  })

  test('that answers late loses the connection, and nothing is shifted', async () => {
    const { target, stub } = await open((content) => (content.startsWith('m') ? undefined : least(content)))
    await expect(target.session.ask('m0,1', { accepts: () => true, timeoutMs: 30 })).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
      message: 'the stub: the answer to "m0,1" did not end within 30 ms',
    })
    stub.send('2a')
    await expect(target.readMemory(0n, 1, {})).rejects.toMatchObject({ code: 'DEVICE_IO', origin: 'board' })
    expect(stub.stream.destroyed).toBe(true)
  })

  test('that answers Ctrl-C twice is understood', async () => {
    const { target, strays, limits } = await open((content) => (content === '^C' ? ['T02', 'T02'] : least(content)))
    for (let round = 0; round < 3; round++) {
      await target.resume('c')
      expect(await target.session.interrupt(limits)).toEqual({ reason: 'signal', signal: 2 })
    }
    expect(target.session.isRunning).toBe(false)
    expect(strays.filter((sentence) => sentence.includes('"T02"'))).toHaveLength(3)
  })

  test('that does not answer the first Ctrl-C, or none', async () => {
    let pressed = 0
    const { target, limits } = await open((content) => {
      if (content !== '^C') return least(content)
      return ++pressed === 2 ? 'T02' : undefined
    })
    await target.resume('c')
    expect(await target.session.interrupt(limits)).toMatchObject({ signal: 2 })
    await target.resume('c')
    await expect(target.session.interrupt(limits)).rejects.toMatchObject({ code: 'CALL_TIMEOUT' })
    await expect(target.readMemory(0n, 1, {})).rejects.toMatchObject({ code: 'DEVICE_IO' })
  })

  test('over a line that damages packets gets them in the end, or ends', async () => {
    let asked = 0
    const wrong = { raw: '$2a#00' }
    const { target, stub } = await open((content) => (content === 'm0,1' && asked++ === 0 ? wrong : least(content)))
    // The stub sends the packet again when it is told that it was damaged.
    const read = target.readMemory(0n, 1, {})
    await expect.poll(() => stub.naks()).toBe(1)
    stub.send('2b')
    expect(await read).toEqual(Buffer.from('+'))
    // It did not get the packet, so that it is sent again.
    const other = target.readMemory(0n, 2, {})
    stub.send({ raw: '-' })
    expect(await other).toEqual(Buffer.from('**'))
    for (let n = 0; n < 10; n++) stub.send(wrong)
    await expect(target.readMemory(0n, 1, {})).rejects.toThrow('has the checksum "00", not 93, 6 times in a row')
  })

  test('gives output to its reader, and refuses system calls', async () => {
    const { target, stub, output } = await open((content) => {
      if (content === 'c') return ['O48692e0a', 'Fwrite,1,0,4']
      return content === 'F-1,270f' ? 'W03' : least(content)
    })
    await target.resume('c')
    expect(await target.session.waitForStop({ timeoutMs: 1_000 })).toEqual({ reason: 'exited', exitCode: 3 })
    expect(output).toEqual(['Hi.\n'])
    await expect(target.readMemory(0n, 1, {})).rejects.toThrow('the program ended with exit code 3')
    stub.end()
  })

  test('that cannot let the program run says so', async () => {
    const { target } = await open((content) => (content === 'c' ? '' : content === 's' ? 'E01' : least(content)))
    await target.resume('c')
    await expect(target.session.waitForStop({ timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
    await target.resume('s')
    await expect(target.session.waitForStop({ timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'DEVICE_IO' })
    expect(await target.readMemory(0n, 1, {})).toEqual(Buffer.from('*'))
  })

  test('that sends garbage never hangs it, and is never believed', async () => {
    const content = fc.oneof(
      fc.constantFrom('', 'OK', 'E01', 'T05', 'O4', 'l', 'm', 'W', 'F', '2a2a', '2A2a2a2a2a'),
      fc.string({ unit: 'binary-ascii', maxLength: 20 }),
    )
    const answer = fc.oneof(
      content.map((text) => ({ raw: framed(text) })),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => ({ raw: Buffer.from(bytes) })),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(answer, { maxLength: 6 }), async (answers) => {
        const { target, stub } = await open(least)
        for (const one of answers) stub.send(one)
        const ended = await target.session
          .ask('m0,2', { accepts: (bytes) => /^(?:[\da-f]{2}){2}$/i.test(bytes.toString('latin1')), timeoutMs: 100 })
          .catch((error: unknown) => error)
        expect(ended instanceof Error ? ended.name : 'bytes').toMatch(/^(?:HardwareError|bytes)$/)
        target.session.close()
      }),
      { numRuns: 60 },
    )
  })

  test('writes flash where its memory has flash', async () => {
    const map =
      '<memory-map><memory type="rom" start="0" length="4"/><memory type="flash" start="0x8000000" length="0x10000"><property name="blocksize">0x400</property></memory>' +
      '<memory type="ram" start="0x20000000" length="0x1000"/></memory-map>'
    const memory = new Map<number, string>()
    const { target, stub } = await open((content) => {
      if (content.startsWith('qSupported')) return 'PacketSize=200;qXfer:memory-map:read+;qXfer:features:read-'
      if (content.startsWith('qXfer:memory-map:read::')) {
        const [from = 0, length = 0] = (content.split(':').pop() ?? '')
          .split(',')
          .map((digits) => Number.parseInt(digits, 16))
        return `${from + length < map.length ? 'm' : 'l'}${map.slice(from, from + length)}`
      }
      if (content.startsWith('vFlashErase') || content === 'vFlashDone') return 'OK'
      const written = /^vFlashWrite:(?<at>[\da-f]+):(?<data>[^]*)$/.exec(content)?.groups
      if (written !== undefined) {
        memory.set(
          Number.parseInt(written['at'] ?? '', 16),
          Buffer.from(written['data'] ?? '', 'latin1').toString('hex'),
        )
        return 'OK'
      }
      if (content.startsWith('m8000'))
        return Array.from(memory.values())
          .join('')
          .slice(...place(content))
      return least(content)
    })
    const data = Buffer.from(Array.from({ length: 3_000 }, (_, index) => index % 251))
    const elf = readElf(
      makeElf({
        ...{ is64: false, isLittleEndian: true, entry: 0 },
        segments: [
          { address: 0x0800_0000, data },
          { address: 0x2000_0000, data: Buffer.alloc(8, 42) },
        ],
      }),
    )
    await loadProgram(target, elf, {})
    const erased = stub.got.filter((content) => content.startsWith('vFlashErase'))
    expect(erased).toEqual(['vFlashErase:8000000,400', 'vFlashErase:8000400,400', 'vFlashErase:8000800,400'])
    expect(Array.from(memory.values()).join('')).toBe(data.toString('hex'))
    expect(stub.got.filter((content) => content.startsWith('M'))).toEqual([`M20000000,8:${'2a'.repeat(8)}`])
    expect(stub.got.filter((content) => content === 'vFlashDone')).toHaveLength(1)
  })
})

/** The digits of a memory from 0x8000000 on that a packet wants. */
function place(content: string): [number, number] {
  const [address = 0, length = 0] = content
    .slice(1)
    .split(',')
    .map((digits) => Number.parseInt(digits, 16))
  return [2 * (address - 0x0800_0000), 2 * (address - 0x0800_0000 + length)]
}
