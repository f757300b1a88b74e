import { readFile } from 'node:fs/promises'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { readElf } from '../../../src/clients/gdb/elf.ts'
import { makeElf } from '../../support/make-elf.ts'

const file = fc.record({
  is64: fc.boolean(),
  isLittleEndian: fc.boolean(),
  isArm: fc.boolean(),
  entry: fc.nat(),
  segments: fc.array(fc.record({ address: fc.nat(), data: fc.uint8Array({ minLength: 1, maxLength: 200 }) }), {
    maxLength: 4,
  }),
  symbols: fc.uniqueArray(
    fc.record({
      name: fc.stringMatching(/^[a-z_]\w{0,20}$/),
      value: fc.nat(),
      size: fc.nat(),
      isFunction: fc.boolean(),
      isGlobal: fc.boolean(),
    }),
    { selector: ({ name }) => name, maxLength: 10 },
  ),
})

describe('an ELF file', () => {
  test('has its segments and symbols, in 32 and 64 bits and both byte orders', () => {
    fc.assert(
      fc.property(file, (given) => {
        const { isLittleEndian, entry, segments, symbols } = readElf(makeElf(given))
        expect({ isLittleEndian, entry }).toEqual({ isLittleEndian: given.isLittleEndian, entry: BigInt(given.entry) })
        expect(segments).toEqual(
          given.segments.map(({ address, data }) => ({ address: BigInt(address), data: Buffer.from(data) })),
        )
        expect(Object.fromEntries(symbols)).toEqual(
          Object.fromEntries(
            given.symbols.map(({ name, value, size, isFunction }) => [
              name,
              { name, address: BigInt(given.isArm && isFunction ? value - (value % 2) : value), size, isFunction },
            ]),
          ),
        )
      }),
    )
  })

  test('of a compiler has its symbols', async () => {
    const { symbols, segments } = readElf(await readFile('examples/microbit/firmware/firmware.elf'))
    expect(symbols.get('main')).toEqual({ name: 'main', address: 0x74n, size: expect.any(Number), isFunction: true })
    expect(symbols.get('starts')).toMatchObject({ address: 0x20000000n, size: 8 })
    expect(Array.from(symbols.keys()).filter((name) => name.startsWith('$'))).toEqual([])
    expect(segments.map(({ address }) => address)).toEqual([0n])
  })

  test('of two symbols with one name has the global one', () => {
    const symbol = { name: 'x', size: 4, isFunction: false }
    const symbols = [
      { ...symbol, value: 8, isGlobal: true },
      { ...symbol, value: 4, isGlobal: false },
    ]
    const made = makeElf({ is64: false, isLittleEndian: true, entry: 0, segments: [], symbols })
    expect(readElf(made).symbols.get('x')?.address).toBe(8n)
  })

  test('that is cut or damaged is an error, and nothing else', () => {
    const made = makeElf({
      ...{ is64: false, isLittleEndian: true, entry: 0, segments: [{ address: 0, data: Buffer.alloc(50) }] },
      symbols: [{ name: 'main', value: 1, size: 2, isFunction: true, isGlobal: true }],
    })
    const read = (bytes: Uint8Array) => {
      try {
        readElf(bytes)
        return undefined
      } catch (error) {
        return (error as { code?: string }).code
      }
    }
    // Nobody reads the end of the last section.
    for (let length = 0; length < made.length - 20; length++)
      expect(read(made.subarray(0, length))).toBe('IMAGE_INVALID')
    fc.assert(
      fc.property(fc.nat(made.length - 1), fc.nat(255), (at, byte) => {
        const damaged = Buffer.from(made)
        damaged[at] = byte
        expect(['IMAGE_INVALID', undefined]).toContain(read(damaged))
      }),
    )
    expect(() => readElf(Buffer.from(':10000000'))).toThrow('The file is no ELF file')
  })
})
