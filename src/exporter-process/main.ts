/**
 * The process that a run starts for an exporter. It gets the path of the exporter's file, and the folder of the run's sockets,
 * and talks to the run over Node's IPC channel. When the channel closes the run is dead, and the drivers are closed.
 */
import { surviveClosedOutput } from '../base/closed-output.ts'
import { preloadServer } from '../runtime/open-session.ts'
import { ExporterProcess } from './exporter-process.ts'

// The run reads the output, and may be killed.
surviveClosedOutput()
preloadServer()

const [file = '', runFolder] = process.argv.slice(2)
await new ExporterProcess(file, runFolder).start()
