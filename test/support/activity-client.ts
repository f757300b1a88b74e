/** A client in a separate process, which calls, and reads a console, until it is killed. It prints `ready` then. */
import { connect } from '../../src/index.ts'

const { root } = await connect(process.argv[2] ?? '')
const uno = root.children['board']?.children['uno']
if (uno === undefined) throw new Error('no driver')
await uno.call('answer')
const stream = await uno.stream('connect')
const greeted = new Promise((resolve) => stream.once('data', resolve))
uno.call('hang').catch(() => undefined)
const readings = uno.streamingCall('readings')
await readings.next()
await greeted
console.log('ready')
await readings.next()
