import { Composite } from '../../interfaces/composite.ts'
import { DriverClient } from '../driver-client.ts'

/** The client of a group of drivers: `board.power`, or `board.children.power` where the name is taken. */
export class CompositeClient extends DriverClient<typeof Composite> {
  static readonly interface = Composite
}
