/**
 * Loaded into an exporter before anything else: notes the most listeners that any one stream has had at a time for each
 * event, which shows those that are added again and again and never removed. SIGUSR2 prints them.
 */
import { EventEmitter } from 'node:events'
import { Stream } from 'node:stream'

const peaks: Record<string, number> = {}

// oxlint-disable-next-line typescript/unbound-method -- it gets its emitter from call()
const add = EventEmitter.prototype.on
function addAndCount(this: EventEmitter, event: string | symbol, listener: (...args: unknown[]) => void): EventEmitter {
  add.call(this, event, listener)
  if (this instanceof Stream && typeof event === 'string') {
    const key = `${this.constructor.name} ${event}`
    peaks[key] = Math.max(peaks[key] ?? 0, this.listenerCount(event))
  }
  return this
}
EventEmitter.prototype.on = addAndCount
EventEmitter.prototype.addListener = addAndCount

process.on('SIGUSR2', () => console.log(`LISTENERS=${JSON.stringify(peaks)}`))
