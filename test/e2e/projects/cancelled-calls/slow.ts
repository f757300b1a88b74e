import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { call, defineInterface, Driver, type Implementation, type ResourceHandle, streaming } from 'vitest-hardware'
import { Flasher } from 'vitest-hardware/interfaces'
import { callSignal } from 'vitest-hardware/runtime'

export const Slow = defineInterface({
  client: 'test.SlowClient',
  methods: { work: call<() => void>(), count: streaming<() => number>(), undo: call<() => void>() },
})

/** Writes down when each of its methods begins, and when the method's signal is aborted. */
export class SlowDriver extends Driver implements Implementation<typeof Slow> {
  static readonly interface = Slow

  async work() {
    await never(watch('work'))
  }

  async *count() {
    const signal = watch('count')
    yield 1
    await never(signal)
  }

  undo() {
    note('undo')
  }
}

/** Opens its image, and does not read it. */
export class SlowFlasher extends Driver implements Implementation<typeof Flasher> {
  static readonly interface = Flasher

  async flash(source: ResourceHandle) {
    const signal = watch('flash')
    const file = await this.resource(source)
    await never(signal).finally(() => file.destroy())
  }

  dump() {}
}

function note(event: string): void {
  appendFileSync('journal', `${event}\n`)
}

function watch(name: string): AbortSignal {
  note(`${name} begins`)
  const signal = callSignal()
  signal.addEventListener('abort', () => note(`${name} is cancelled`))
  return signal
}

function never(signal: AbortSignal) {
  return once(new EventTarget(), 'never', { signal })
}
