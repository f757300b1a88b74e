import { create } from '@bufbuild/protobuf'

import type { ExporterReport } from './channel.ts'
import { type DriverInstanceReport, DriverInstanceReportSchema } from './generated/jumpstarter/v1/jumpstarter_pb.ts'

/** What is told of the drivers of an exporter, as messages. */
export function toReports(drivers: ExporterReport['drivers']): DriverInstanceReport[] {
  return drivers.map(({ uuid, parentUuid, labels, description, methodsDescription }) =>
    create(DriverInstanceReportSchema, {
      uuid,
      labels: { ...labels },
      methodsDescription: { ...methodsDescription },
      ...(parentUuid === undefined ? {} : { parentUuid }),
      ...(description === undefined ? {} : { description }),
    }),
  )
}
