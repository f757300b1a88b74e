import { create } from '@bufbuild/protobuf'
import { Client, type ClientDuplexStream, credentials, Metadata, status as Status } from '@grpc/grpc-js'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'

import { MockStorageMux } from '../../../src/drivers/index.ts'
import {
  FrameType,
  type StreamRequest,
  StreamRequestSchema,
  type StreamResponse,
} from '../../../src/protocol/generated/jumpstarter/v1/router_pb.ts'
import { streamMetadata } from '../../../src/protocol/resources.ts'
import { routerService } from '../../../src/protocol/services.ts'
import { openSession } from '../../support/session.ts'

type RawCall = ClientDuplexStream<StreamRequest, StreamResponse>

const image = Buffer.alloc(100_000, 'image')

/** Opens a file for a driver as Python's client does, which ends its side by a frame of its own. */
async function openFile() {
  const driver = new MockStorageMux()
  const opened = await openSession(driver)
  onTestFinished(() => opened[Symbol.asyncDispose]())
  await opened.session.start()
  const raw = new Client(`unix:${opened.server.address}`, credentials.createInsecure())
  onTestFinished(() => raw.close())
  const open = async () => {
    const metadata = new Metadata()
    metadata.set(streamMetadata.request, JSON.stringify({ kind: 'resource', uuid: driver.uuid }))
    const { path, requestSerialize, responseDeserialize } = routerService.stream
    const call: RawCall = raw.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, {})
    call.on('error', () => undefined)
    const [answer] = (await once(call, 'metadata')) as [Metadata]
    const handle: unknown = JSON.parse(String(answer.get(streamMetadata.resource)[0]))
    return { call, handle }
  }
  const run = (method: string, handle: unknown) => opened.channel.call({ uuid: driver.uuid, method }, [handle])
  return { open, run }
}

const goAway = create(StreamRequestSchema, { frameType: FrameType.GOAWAY })

async function sendImage({ open, run }: Awaited<ReturnType<typeof openFile>>) {
  const { call, handle } = await open()
  const kept = run('write', handle)
  call.write(create(StreamRequestSchema, { payload: image }))
  call.write(goAway)
  call.resume()
  await kept
  call.cancel()
}

// Jumpstarter's clients lose what they have not read when the call is over before they have sent their end.
test('the call of a file that was read goes on until its client has ended its side, and then ends at once', async () => {
  const file = await openFile()
  await sendImage(file)
  const { call, handle } = await file.open()
  const frames: StreamResponse[] = []
  call.on('data', (frame: StreamResponse) => frames.push(frame))
  let code: Status | undefined
  call.on('status', (status: { readonly code: Status }) => (code = status.code))
  await file.run('read', handle)
  await expect.poll(() => frames.at(-1)?.frameType).toBe(FrameType.GOAWAY)
  await delay(300)
  expect(code).toBeUndefined()
  const ending = performance.now()
  call.write(goAway)
  await expect.poll(() => code, { timeout: 4_000 }).toBe(Status.OK)
  expect(performance.now() - ending).toBeLessThan(4_000)
  expect(Buffer.concat(frames.map(({ payload }) => payload))).toEqual(image)
})

test('a client that never ends its side does not keep the call', { timeout: 20_000 }, async () => {
  const file = await openFile()
  await sendImage(file)
  const { call, handle } = await file.open()
  call.resume()
  const ended = once(call, 'status')
  await file.run('read', handle)
  expect(await ended).toMatchObject([{ code: Status.OK }])
})
