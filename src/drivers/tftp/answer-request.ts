import type { Refusal } from '../served-folder/open-inside.ts'
import type { ServedFolder } from '../served-folder/served-folder.ts'
import { readBlocks, toNetascii } from './blocks.ts'
import { negotiate } from './options.ts'
import { tftpErrors, type TftpPacket } from './packets.ts'
import { type Endpoint, Peer } from './peer.ts'
import { sendFile } from './send-file.ts'
import { Refused, TransferEnded } from './transfer-ended.ts'

/** The surroundings of a request. */
export interface RequestContext {
  /** The address that the server listens on. */
  readonly local: string
  readonly client: Endpoint
  readonly folder: ServedFolder
  /** Ends the transfer. The client gets the signal's reason. */
  readonly signal: AbortSignal
  /** Is called whenever the client acknowledges something. */
  readonly onHeard: () => void
}

const unreadable = { code: tftpErrors.undefined, message: 'The file cannot be read' }

const refusals: Readonly<Record<Refusal, readonly [code: number, message: string]>> = {
  missing: [tftpErrors.notFound, 'There is no such file'],
  forbidden: [tftpErrors.accessViolation, 'Only plain files of this folder can be read'],
}

/**
 * Sends the file that a client asks for, or an error.
 *
 * @param request the request; `undefined` for a datagram that cannot be decoded
 * @returns the number of bytes that the client has received
 * @throws TransferEnded when the client does not get the file, or the error of the system for the file
 */
export async function answerRequest(request: TftpPacket | undefined, context: RequestContext): Promise<number> {
  const peer = await Peer.open(context.local, context.client, context.signal)
  try {
    return await answer(peer, request, context)
  } catch (error) {
    const { code, message } = error instanceof Refused ? error : unreadable
    if (error instanceof Refused || !(error instanceof TransferEnded)) peer.send({ kind: 'error', code, message })
    throw error
  } finally {
    await peer.close()
  }
}

async function answer(peer: Peer, request: TftpPacket | undefined, { folder, onHeard }: RequestContext) {
  if (request?.kind === 'write') throw new Refused(tftpErrors.accessViolation, 'Files cannot be written here')
  if (request?.kind !== 'read') throw new Refused(tftpErrors.illegal, 'This is no request')
  const { path, mode, options } = request
  if (mode !== 'octet' && mode !== 'netascii') throw new Refused(tftpErrors.illegal, 'There is no such mode')
  const file = await folder.open(path)
  if (typeof file === 'string') throw new Refused(...refusals[file])
  try {
    // The length of a text in netascii is not known before it has been read.
    const settings = negotiate(options, mode === 'octet' ? file.size : undefined)
    const blocks = readBlocks(file.handle, settings.blockSize, mode === 'octet' ? undefined : toNetascii)
    return await sendFile(peer, blocks, settings, onHeard)
  } finally {
    await file.handle.close()
  }
}
