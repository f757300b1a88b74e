import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'

import { UstreamerClient } from '../../src/clients/drivers/ustreamer-client.ts'
import { VideoClient } from '../../src/clients/drivers/video-client.ts'
import { TcpNetwork } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { Ustreamer, Video } from '../../src/interfaces/index.ts'

/** A camera with an HTTP server. */
class Camera extends TcpNetwork {
  static override readonly interface = Video as never
  streamPath() {
    return '/stream'
  }
}
class Streamer extends TcpNetwork {
  static override readonly interface = Ustreamer as never
}

/** Starts a server of pictures. @param answer writes the answer to a request for the stream */
async function startServer(answer: (response: ServerResponse) => void): Promise<{ host: string; port: number }> {
  const server = createServer((request, response) => {
    if (request.url === '/stream') answer(response)
    else response.writeHead(404).end()
  }).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, 'listening')
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

const type = { 'Content-Type': 'multipart/x-mixed-replace;boundary=frame' }
const picture = (n: number, length: number) => Buffer.concat([Buffer.from([0xff, 0xd8]), Buffer.alloc(length, n)])
const part = (image: Buffer, withLength: boolean) => {
  const header = `--frame\r\nContent-Type: image/jpeg\r\n${withLength ? `Content-Length: ${image.length}\r\n` : ''}\r\n`
  return Buffer.concat([Buffer.from(header), image, Buffer.from('\r\n')])
}

test.for([true, false])('pictures come one after another, with their length in the header: %s', async (withLength) => {
  const pictures = [picture(1, 10), picture(2, 300_000), picture(3, 0)]
  const place = await startServer((response) => {
    response.writeHead(200, type)
    for (const each of pictures) response.write(part(each, withLength))
    response.end('--frame--\r\n')
  })
  await using camera = await serve(new Camera(place), { client: VideoClient })
  expect(await Array.fromAsync(camera.frames())).toEqual(pictures)
})

test('leaving the loop closes the connection', async () => {
  let closed: Promise<unknown> | undefined
  const place = await startServer((response) => {
    closed = once(response, 'close')
    response.writeHead(200, type)
    const timer = setInterval(() => response.write(part(picture(7, 100), true)), 5)
    response.on('close', () => clearInterval(timer))
  })
  await using camera = await serve(new Streamer(place), { client: UstreamerClient })
  let count = 0
  for await (const frame of camera.frames()) {
    expect(frame).toEqual(picture(7, 100))
    if (++count === 3) break
  }
  await closed
})

test('a server that stops, refuses, breaks or has no pictures gives an error', async () => {
  const answers: [string, (response: ServerResponse) => void][] = [
    ['CALL_TIMEOUT', (response) => response.writeHead(200, type).write(part(picture(1, 10), true))],
    ['CALL_FAILED', (response) => response.writeHead(503).end()],
    ['CALL_FAILED', (response) => response.writeHead(200, type).write('--frame\r\n', () => response.destroy())],
    ['RESULT_INVALID', (response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<p>')],
  ]
  for (const [code, answer] of answers) {
    await using camera = await serve(new Camera(await startServer(answer)), { client: VideoClient })
    const frames = Array.fromAsync(camera.with({ timeoutMs: 1_000 }).frames())
    await expect(frames, code).rejects.toMatchObject({ code })
  }
})
