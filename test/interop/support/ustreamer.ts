/** A program in the place of µStreamer: `--unix PATH`. It serves a state, a picture, and a stream of pictures with rising numbers. */
import { createServer } from 'node:http'

const picture = (n: number) => Buffer.of(0xff, 0xd8, n, 0xff, 0xd9)
const state = {
  ok: true,
  result: {
    encoder: { type: 'CPU', quality: 80 },
    source: { online: true, desired_fps: 30, captured_fps: 29, resolution: { width: 640, height: 480 } },
  },
}

const server = createServer((request, response) => {
  if (request.url === '/state')
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(state))
  else if (request.url === '/snapshot') response.writeHead(200, { 'Content-Type': 'image/jpeg' }).end(picture(0))
  else if (request.url === '/stream') {
    response.writeHead(200, { 'Content-Type': 'multipart/x-mixed-replace;boundary=boundarydonotcross' })
    let n = 0
    const timer = setInterval(() => {
      response.write('--boundarydonotcross\r\nContent-Type: image/jpeg\r\nContent-Length: 5\r\n\r\n')
      response.write(Buffer.concat([picture(++n), Buffer.from('\r\n')]))
    }, 20)
    response.on('close', () => clearInterval(timer))
  } else response.writeHead(404).end()
})
server.listen(process.argv[process.argv.indexOf('--unix') + 1])
