import { Composite } from '../interfaces/composite.ts'
import { Driver } from './driver.ts'

/** Groups drivers under names: `new CompositeDriver({ power: new MockPower() })`. */
export class CompositeDriver<
  Children extends Readonly<Record<string, Driver>> = Readonly<Record<string, Driver>>,
> extends Driver {
  static readonly interface = Composite
  override readonly children: Children

  constructor(children: Children) {
    super()
    this.children = children
  }
}
