import { DirectExporter } from '../../src/leases/direct-exporter.ts'

const [address = ''] = process.argv.slice(2)
const exporter = await DirectExporter.connect({
  name: 'lab',
  endpoint: { address, insecure: true, passphrase: 'secret' },
})
await exporter.reserve()
process.send?.('reserved')
setInterval(() => undefined, 1_000)
