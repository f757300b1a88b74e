/** A process whose client is at work in every way until it is killed: ADDRESS IMAGE. */
import { connect } from '../../../src/clients/index.ts'
import { performAll } from './activities.ts'

const [address = '', image = ''] = process.argv.slice(2)
const connection = await connect(address)
await Promise.all(performAll(connection.root, image).values())
