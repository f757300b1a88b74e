import { call, defineInterface, Driver, type Implementation, streaming } from '../../../src/index.ts'

/** The interface of {@link Psu}. */
const PsuInterface = defineInterface({
  client: 'test.PsuClient',
  methods: {
    setVolts: call<(volts: number, channel?: number) => number>(),
    all: call<(...values: number[]) => number>(),
    trip: call<() => void>(),
    ramp: streaming<(volts: number) => number>(),
    say: call<(text: string) => void>(),
  },
})

/** A driver as users write them: types alone, errors of its code, and lines in the log. */
export class Psu extends Driver implements Implementation<typeof PsuInterface> {
  static readonly interface = PsuInterface

  setVolts(volts: number, channel = 1) {
    return volts * channel
  }

  all(...values: number[]) {
    return values.length
  }

  trip() {
    measure(undefined)
  }

  async *ramp(volts: number) {
    yield volts
  }

  say(text: string) {
    this.logger.debug(`debug ${text}`)
    this.logger.info(`info ${text}`)
    this.logger.warn(`warn ${text}`)
    this.logger.error(`error ${text}`)
  }
}

function measure(sensor: { readonly volts: number } | undefined): number {
  return (sensor as { readonly volts: number }).volts
}
