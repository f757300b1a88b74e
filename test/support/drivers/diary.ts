import { call, defineInterface, Driver, type Implementation } from '../../../src/index.ts'

const DiaryInterface = defineInterface({
  client: 'test.DiaryClient',
  methods: { note: call<(text: string) => void>() },
})

/** A driver that writes into the log from the beginning of its session to the end. */
export class Diary extends Driver implements Implementation<typeof DiaryInterface> {
  static readonly interface = DiaryInterface

  override reset() {
    this.logger.warning('begins')
  }

  note(text: string) {
    this.logger.debug(`soft ${text}`)
    this.logger.warning(text)
  }

  override close() {
    this.logger.warning('ends')
  }
}
