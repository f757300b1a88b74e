import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import type { DriverClient, FlasherClient } from '../../../src/clients/index.ts'

/** What goes on while one side is killed. */
export const activities = ['call', 'streaming call', 'byte stream', 'stuffed byte stream', 'flash'] as const

/** One of {@link activities}. */
export type Activity = (typeof activities)[number]

/** How errors name each of them. */
export const labelOf: Readonly<Record<Activity, string>> = {
  call: 'probe.hang',
  'streaming call': 'probe.tick',
  'byte stream': 'probe.connect',
  'stuffed byte stream': 'probe.connect',
  flash: 'hashing.flash',
}

/** What the drivers say is at work while {@link performAll} goes on, and once nothing does any more. */
export const allAtWork = { hang: 1, tick: 1, connect: 2, flashing: 1 }
/** See {@link allAtWork}. */
export const nothingAtWork = { hang: 0, tick: 0, connect: 0, flashing: 0 }

/**
 * Begins everything at once, through our client. None of it ends by itself.
 *
 * @param image a file so large that it takes longer than any test
 */
export function performAll(root: DriverClient, image: string): ReadonlyMap<Activity, Promise<void>> {
  return new Map(activities.map((activity) => [activity, perform(activity, root, image)]))
}

async function perform(activity: Activity, root: DriverClient, image: string): Promise<void> {
  const probe = root.children['probe'] as DriverClient
  if (activity === 'call') await probe.call('hang')
  if (activity === 'streaming call') for await (const tick of probe.streamingCall('tick')) void tick
  if (activity === 'byte stream') {
    const stream = await probe.stream('connect')
    stream.write(Buffer.alloc(1_000))
    for await (const chunk of stream) stream.write(chunk)
  }
  // Nobody reads what comes back, so that the writer is held up before long.
  if (activity === 'stuffed byte stream') {
    await pipeline(Readable.from(endless(), { objectMode: false }), await probe.stream('connect'))
  }
  if (activity === 'flash') await (root.children['hashing'] as FlasherClient).flash(image, { target: 'slow' })
}

function* endless(): Generator<Buffer> {
  const block = Buffer.alloc(64 * 1024)
  for (;;) yield block
}

/** The same through Jumpstarter's client, in threads; `image` is among the values. What each raises is kept for {@link collectInPython}. */
export const performInPython = `
import __main__, threading, time

def echo():
    with client.probe.stream() as stream:
        while True:
            stream.send(bytes(1000))
            stream.receive()

def stuff():
    with client.probe.stream() as stream:
        while True:
            stream.send(bytes(65536))

work = {
    "call": lambda: client.probe.call("hang"),
    "streaming call": lambda: list(client.probe.streamingcall("tick")),
    "byte stream": echo,
    "stuffed byte stream": stuff,
    "flash": lambda: client.hashing.flash(image, target="slow"),
}
outcomes = {}

def perform(activity):
    error = None
    try:
        work[activity]()
    except BaseException as raised:
        error = raised
    outcomes[activity] = {"error": error and type(error).__name__, "message": str(error), "time": time.time() * 1000}

__main__.outcomes = outcomes
__main__.threads = [threading.Thread(target=perform, args=[activity], daemon=True) for activity in work]
for thread in __main__.threads:
    thread.start()
`

/** Waits until everything has ended, and gives what each has raised and when (in milliseconds, as \`Date.now()\`). */
export const collectInPython = `
import __main__
for thread in __main__.threads:
    thread.join(10)
result = __main__.outcomes
`

/** What {@link collectInPython} gives of each. */
export interface PythonOutcome {
  readonly error: string | null
  readonly message: string
  readonly time: number
}
