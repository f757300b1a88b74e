import { Command } from 'commander'

import type { RunArguments } from '../actions/run-exporter.ts'
import { exporterFile, logOption, withExamples } from '../options.ts'
import { withPassphraseOptions } from '../passphrase.ts'

/** `vitest-hardware run`: serves an exporter. */
export function runCommand(): Command {
  const command = new Command('run')
    .description('serve the drivers of an exporter until a signal ends it')
    .requiredOption('--exporter-config <file>', exporterFile)
    .option('--socket <path>', 'the unix socket to listen on (default: one in a new private folder)')
    .option('--listen <[host:]port>', 'listen on a TCP port instead (default host: 127.0.0.1, this machine alone)')
    .option('--tls-cert <file>', 'the certificate of --listen, in PEM')
    .option('--tls-key <file>', 'the private key of --tls-cert, in PEM')
    .option('--insecure', 'let --listen serve without TLS')
    .option('--unauthenticated', 'let --listen serve other machines without a passphrase')
    .option('--restart', 'start the exporter again each time that it has failed; it makes its devices safe first')
    .addOption(logOption())
    .action(async (options: RunArguments) => (await import('../actions/run-exporter.ts')).runExporter(options))
  return withExamples(
    withPassphraseOptions(command, 'the passphrase that clients of --listen have to send'),
    'vitest-hardware run --exporter-config uno.yaml',
    'vitest-hardware run --exporter-config uno.yaml --listen 0.0.0.0:1234 --tls-cert cert.pem --tls-key key.pem --passphrase-file secret',
  )
}
