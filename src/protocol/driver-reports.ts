import { create } from '@bufbuild/protobuf'

import { withoutUndefined } from '../base/without-undefined.ts'
import type { ExporterReport } from './exporter.ts'
import { type DriverInstanceReport, DriverInstanceReportSchema } from './generated/jumpstarter/v1/jumpstarter_pb.ts'

/** Makes the messages with the reports of an exporter's drivers. */
export function toReports(drivers: ExporterReport['drivers']): DriverInstanceReport[] {
  return drivers.map(({ uuid, parentUuid, labels, description, methodsDescription }) =>
    create(DriverInstanceReportSchema, {
      uuid,
      labels: { ...labels },
      methodsDescription: { ...methodsDescription },
      ...withoutUndefined({ parentUuid, description }),
    }),
  )
}
