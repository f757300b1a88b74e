import { readFile } from 'node:fs/promises'

import type { Command } from 'commander'

import { messageOf } from '../errors.ts'
import { environmentVariables } from '../protocol/environment-variables.ts'
import { checkPassphrase } from '../protocol/grpc/grpc-security.ts'

/** The values of {@link withPassphraseOptions}. */
export interface PassphraseArguments {
  readonly passphrase?: string
  readonly passphraseFile?: string
}

/** Adds the options for a passphrase. Other users of the machine can read `--passphrase` in the list of processes. */
export function withPassphraseOptions(command: Command, description: string): Command {
  return command
    .option('--passphrase <text>', `${description} (default: ${environmentVariables.passphrase})`)
    .option(
      '--passphrase-file <file>',
      'a file with the passphrase in its only line; other users cannot read it with ps',
    )
}

/**
 * Finds the passphrase that the options give, else the one of the environment. Jumpstarter ignores an empty one there, too.
 *
 * @param mistakes receives the mistakes, without the passphrase
 */
export async function readPassphrase(
  { passphrase, passphraseFile }: PassphraseArguments,
  mistakes: string[],
): Promise<string | undefined> {
  if (passphrase !== undefined && passphraseFile !== undefined) {
    mistakes.push('--passphrase and --passphrase-file exclude each other')
  }
  const [source, text] =
    passphraseFile === undefined
      ? passphrase === undefined
        ? [environmentVariables.passphrase, process.env[environmentVariables.passphrase] || undefined]
        : ['--passphrase', passphrase]
      : ['--passphrase-file', await readLine(passphraseFile, mistakes)]
  if (text === undefined) return undefined
  try {
    return checkPassphrase(text)
  } catch (error) {
    mistakes.push(`${source}: ${messageOf(error)}`)
    return undefined
  }
}

async function readLine(file: string, mistakes: string[]): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).replace(/\r?\n$/, '')
  } catch (error) {
    mistakes.push(`--passphrase-file cannot be read: ${messageOf(error)}`)
    return undefined
  }
}
