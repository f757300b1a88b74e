/**
 * Serves exporter files for upstream_tests.py, one session for each. Reads a JSON line for each request, and answers with one:
 * `{"open": FILE}` with `{"address": SOCKET}`, `{"close": SOCKET}` with `{}`; `{"error": MESSAGE}` if that has failed.
 */
import { createInterface } from 'node:readline'

import { driverTypes } from '../../../src/drivers/types.ts'
import { messageOf } from '../../../src/errors.ts'
import { loadExporter } from '../../../src/runtime/exporter.ts'
import { type OpenSession, openSession } from '../../../src/runtime/open-session.ts'

const sessions = new Map<string, OpenSession>()

async function open(file: string) {
  const session = await openSession(await loadExporter(file, driverTypes))
  sessions.set(session.address, session)
  return { address: session.address }
}

async function close(address: string) {
  await sessions.get(address)?.close()
  sessions.delete(address)
  return {}
}

for await (const line of createInterface(process.stdin)) {
  const request = JSON.parse(line) as { open: string } | { close: string }
  const answer = 'open' in request ? open(request.open) : close(request.close)
  console.log(JSON.stringify(await answer.catch((error: unknown) => ({ error: messageOf(error) }))))
}
