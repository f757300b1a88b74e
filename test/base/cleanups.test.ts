import { expect, test } from 'vitest'

import { Cleanups, throwAll } from '../../src/base/cleanups.ts'

const fail = (message: string) => () => {
  throw new Error(message)
}

test('cleans up in the reverse order, each once', async () => {
  const cleanups = new Cleanups()
  const done: string[] = []
  cleanups.add('a', () => done.push('a'))
  cleanups.add('b', async () => {
    await Promise.resolve()
    cleanups.add('added meanwhile', () => done.push('added meanwhile'))
    done.push('b')
  })
  await cleanups.run()
  await cleanups.run()
  await cleanups[Symbol.asyncDispose]()
  expect(done).toEqual(['b', 'added meanwhile', 'a'])
})

test('one error is thrown as it is, several together; none keeps the others from being cleaned up', async () => {
  const cleanups = new Cleanups()
  const done: string[] = []
  cleanups.add('a', () => done.push('a'))
  cleanups.add('b', fail('b broke'))
  cleanups.add('c', () => done.push('c'), 'self-limited')
  await expect(cleanups.run()).rejects.toThrow(/^b broke$/)
  expect(done).toEqual(['c', 'a'])

  for (const limit of [undefined, 'self-limited'] as const) {
    cleanups.add('d', fail('d broke'), limit)
    cleanups.add('e', () => Promise.reject(new Error('e broke')), limit)
  }
  const error = (await cleanups.run().catch((thrown: unknown) => thrown)) as AggregateError
  expect(error).toBeInstanceOf(AggregateError)
  expect(error.errors.map(String)).toEqual(['e', 'd', 'e', 'd'].map((name) => `Error: ${name} broke`))
  expect(error.message).toBe('e broke; d broke; e broke; d broke')
})

test('one that hangs is left after its time', async () => {
  const cleanups = new Cleanups()
  let done = false
  cleanups.add('first', () => (done = true))
  cleanups.add('close of session uno', () => new Promise(() => undefined), 20)
  await expect(cleanups.run()).rejects.toThrow('close of session uno did not end within 20 ms')
  expect(done).toBe(true)
})

test('after a failure, that is the error, or the first of several', async () => {
  const cleanups = new Cleanups()
  const failure = new TypeError('no start')
  cleanups.add('a', () => undefined)
  await expect(cleanups.runAfter(failure)).rejects.toBe(failure)
  cleanups.add('the same again', () => Promise.reject(failure))
  await expect(cleanups.runAfter(failure)).rejects.toBe(failure)
  cleanups.add('b', fail('b broke'))
  await expect(cleanups.runAfter(failure)).rejects.toMatchObject({
    message: 'no start; b broke',
    errors: [failure, new Error('b broke')],
  })
})

test('throwAll throws nothing where there is nothing, and also what is no Error', () => {
  throwAll([])
  expect(() => throwAll(['text'])).toThrow('text')
  expect(() => throwAll(['text', 7])).toThrow('text; 7')
})
